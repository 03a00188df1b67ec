import ArgumentParser
import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import RemoteClients
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The executors of the measured tasks in a process of their own, over HTTP. Prints what it saw when it ends.
struct ExecutorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "executor", abstract: "Do the tasks of a measurement until SIGTERM.", shouldDisplay: false)

    @Option var endpoint: String
    @Option var token: String

    func run() async throws {
        let handovers = Handovers()
        let plane = MeasuredControlPlane(base: Workload.plane(endpoint, token), handovers: handovers)
        let service = Workload.executor(plane) { _ in .pass() }
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: Workload.quiet)
        try await group.run()
        Output.line(handovers.samples.json([("p50", 0.5), ("p99", 0.99)]).text)
    }
}

/// Notes when Keptn has accepted the end of a task, and when the next task of the same run has come.
private struct MeasuredControlPlane: ControlPlane {
    let base: HTTPControlPlane
    let handovers: Handovers

    func subscribe(_ interest: Interest) async throws -> any EventSubscription {
        MeasuredSubscription(base: try await base.subscribe(interest), handovers: handovers)
    }

    func send(_ events: [CloudEvent]) async throws { try await base.send(events) }

    func answer(to triggeredID: String, type: String, context: String) async throws -> CloudEvent? {
        try await base.answer(to: triggeredID, type: type, context: context)
    }

    func file(_ path: String, of scope: Scope, commit: String?) async throws -> [UInt8]? {
        try await base.file(path, of: scope, commit: commit)
    }

    func secret(_ name: String) async throws -> [String: String]? { try await base.secret(name) }
}

private struct MeasuredSubscription: EventSubscription {
    let base: any EventSubscription
    let handovers: Handovers

    func receive(upTo count: Int) async throws -> [ReceivedEvent] {
        let events = try await base.receive(upTo: count)
        for event in events { handovers.begin(event.event) }
        return events
    }

    func settle(_ positions: [Int64], sending events: [CloudEvent]) async throws {
        try await base.settle(positions, sending: events)
        for event in events where event.eventType?.kind == .finished { handovers.end(event) }
    }
}

/// How long it takes from the answer that a `.finished` is accepted until the next `.triggered` of the same run is
/// here: the decision, a commit and the way back. Where the next task is faster than that answer it counts as zero.
/// Only runs of the open loop count.
private final class Handovers: Sendable {
    private enum Waiting {
        case forTask(since: ContinuousClock.Instant)
        case forAnswer
    }

    private let state = Mutex((runs: [String: Waiting](), samples: Samples()))

    func begin(_ task: CloudEvent) {
        let now = ContinuousClock.now
        guard let context = Workload.measuredContext(task), Self.name(task) != Workload.tasks.first else { return }
        state.withLock { state in
            if case .forTask(let since) = state.runs.removeValue(forKey: context) {
                state.samples.add(now - since)
            } else {
                state.runs[context] = .forAnswer
            }
        }
    }

    func end(_ task: CloudEvent) {
        let now = ContinuousClock.now
        guard let context = Workload.measuredContext(task), Self.name(task) != Workload.tasks.last else { return }
        state.withLock { state in
            if case .forAnswer = state.runs.removeValue(forKey: context) {
                state.samples.add(.zero)
            } else {
                state.runs[context] = .forTask(since: now)
            }
        }
    }

    private static func name(_ event: CloudEvent) -> String? {
        if case .task(let name, _)? = event.eventType { name } else { nil }
    }

    var samples: Samples { state.withLock { $0.samples } }
}
