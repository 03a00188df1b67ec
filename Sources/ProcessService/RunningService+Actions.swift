import CloudEvents
import Core
import KeptnModel
import Ports

/// What remediations do to what serves. The order is always the same: start and wait until it is healthy, store, move
/// the traffic, let the last requests end, stop.
extension RunningService {
    func act(_ action: ProcessAction, id: String) async throws -> String {
        try await tasks.pass {
            if release.primary?.wasChanged(by: id) == true { return "that was done before the server was restarted" }
            return switch action {
            case .scale(let step): try await scale(by: step, id)
            case .restart: try await restart(id)
            case .goBack: try await goBack(id)
            }
        }
    }

    /// What a gate said is stored before the event counts as heard.
    func note(gate result: KeptnResult, ofRun context: String, measuringFrom start: Timestamp?) async throws {
        try await change { .note(gate: result, ofRun: context, measuringFrom: start, in: $0) }
    }

    private func scale(by step: Int, _ id: String) async throws -> String {
        let numbers = try DeploymentPlan.replicas(of: release, changedBy: step)
        guard let primary = release.primary else { throw vanished }
        if step > 0 {
            let added = try await starter.start(Array(numbers.lowerBound..<numbers.upperBound), of: primary)
            try await change(starting: added, of: primary) {
                .add(added, to: primary.id, of: $0, by: id)
            }
        } else {
            guard try await change({ .keep(numbers.lowerBound, of: primary.id, in: $0, by: id) }) else {
                throw vanished
            }
        }
        return "\(place) has \(primary.replicas.count + step) processes, \(primary.replicas.count) before"
    }

    private func restart(_ id: String) async throws -> String {
        guard let primary = release.primary else { throw ActionObstacle.nothingServes(release.scope) }
        let fresh = try await starter.start(Array(primary.replicas.indices), of: primary)
        try await change(starting: fresh, of: primary) {
            .replace(with: fresh, of: primary.id, in: $0, by: id)
        }
        return "\(place) runs in \(fresh.count == 1 ? "a new process" : "\(fresh.count) new processes")"
    }

    private func goBack(_ id: String) async throws -> String {
        let good = try DeploymentPlan.lastGood(of: release)
        guard let current = release.primary else { throw vanished }
        var target = good
        (target.id, target.startedAt) = (environment.ids.newID(), environment.time.now)
        let started = try await starter.start(target)
        try await change(starting: started.replicas, of: started) {
            .goBack(to: started, from: current.id, in: $0, by: id)
        }
        return "\(place) serves \(good.artifact) again, which passed its gate, in the place of \(current.artifact)"
    }

    /// Stops what was started when it is not wanted any more.
    private func change(
        starting replicas: [Replica], of deployment: Deployment, _ plan: (Release) -> DeploymentPlan?
    ) async throws {
        do {
            guard try await change(plan) else { throw vanished }
        } catch {
            await starter.stop(replicas, grace: deployment.spec.gracefulStop)
            throw error
        }
    }

    private var place: String { "\(release.scope.service) in stage \(release.scope.stage)" }

    private var vanished: KeptnError { KeptnError(.conflict, "\(release.scope) was changed meanwhile") }
}
