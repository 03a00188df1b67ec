package import CloudEvents
import Core
package import KeptnKit
package import KeptnModel
import Ports

/// The tasks in the form of their events (K §2.9): what is read from `data`, and what goes into the answer.
extension ProcessService {
    package static let name = "process-service"
    private static let tasks = ["deployment", "release", "rollback"]
    /// The service is gone from the configuration: what runs of it is stopped in all stages (K §2.9).
    private static let serviceDeleted = "sh.keptn.event.service.delete.finished"
    /// A gate's verdict belongs to the version that the same run delivered: it decides what can be gone back to.
    private static let gateJudged = EventType.task(name: "evaluation", kind: .finished).text

    /// The component as an integration of Keptn. `run()` has to run beside it.
    package func integration(version: String) -> Integration {
        Self.tasks.reduce(Integration(name: Self.name, version: version)) { integration, task in
            integration.on(
                task: task,
                when: { try await self.isResponsible(for: $0.scope, commit: $0.gitCommitID) },
                perform: {
                    try await self.perform(
                        task, in: $0.scope, data: $0.data, commit: $0.gitCommitID, context: $0.contextID)
                })
        }
        .on(task: "action", when: { try await self.isOurs(action: $0) }, perform: { try await self.act($0) })
        .on(eventType: Self.gateJudged) { event in
            guard let data = event.keptnData, let scope = data.scope, let context = event.keptnContext,
                let result = data.result.flatMap(KeptnResult.init)
            else { return [] }
            let start = event.json?["evaluation", "timeStart"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
            try await self.note(gate: result, ofRun: context, measuringFrom: start, in: scope)
            return []
        }
        .on(eventType: Self.serviceDeleted) { event in
            guard let data = event.keptnData, data.status != "errored", let project = data.project,
                let service = data.service
            else { return [] }
            for release in try await self.releases()
            where release.scope.project == project && release.scope.service == service {
                try await self.remove(release.scope)
            }
            return []
        }
    }

    /// Carries out a task. Done again after a crash it comes to the same, with another process.
    ///
    /// - Parameters:
    ///   - task: `deployment`, `release` or `rollback`.
    ///   - data: The `data` of its `triggered` event.
    ///   - commit: The commit that the sequence is pinned to.
    ///   - context: The run that the task belongs to.
    package func perform(
        _ task: String, in scope: Scope, data: JSON, commit: String?, context: String? = nil
    ) async throws -> TaskOutcome {
        switch task {
        case "deployment":
            let report = try await deploy(
                DeploymentRequest(
                    scope: scope, strategy: data["deployment"]?["deploymentstrategy"]?.stringValue,
                    image: data["configurationChange", "values", "image"]?.stringValue, commit: commit,
                    context: context))
            return .pass("Successfully deployed", data: ["deployment": report.json])
        case "release":
            let result = data["result"]?.stringValue.flatMap(KeptnResult.init) ?? .pass
            let report = try await release(scope, result: result)
            return TaskOutcome(
                result: result, message: "Finished release",
                data: report.map { ["deployment": $0.json] } ?? .emptyObject)
        case "rollback":
            let wasThere = try await rollBack(scope)
            return .pass(wasThere ? "Finished rollback" : "Finished rollback: there was no canary")
        default:
            throw KeptnError(.invalidInput, "process-service has no task '\(task)'")
        }
    }
}

// MARK: - Actions

extension ProcessService {
    private func isOurs(action task: TaskContext) async throws -> Bool {
        switch BuiltInAction.Name(rawValue: task.remediationAction.action) {
        case .scaling?, .rollback?, .restart?:
            try await isResponsible(for: task.scope, commit: task.gitCommitID)
        default: false
        }
    }

    /// Carries out an `action` task (K §2.9: `scaling`; the others are ours).
    private func act(_ task: TaskContext) async throws -> TaskOutcome {
        let given = task.remediationAction
        guard let name = BuiltInAction.Name(rawValue: given.action) else {
            return .errored("process-service has no action '\(given.action)'")
        }
        do {
            let action: ProcessAction =
                switch try BuiltInAction(name, value: given.value) {
                case .scaling(let step): .scale(by: step)
                case .restart: .restart
                default: .goBack
                }
            return .pass(try await act(action, in: task.scope, id: task.event.id))
        } catch let error as ActionMistake {
            return .errored("\(error)")
        } catch let error as ActionObstacle {
            return .fail("\(error)")
        }
    }
}

extension DeploymentReport {
    /// The `deployment` member of an answer's `data`.
    fileprivate var json: JSON {
        [
            "deploymentstrategy": .string(deployment.strategy.rawValue),
            "deploymentURIsLocal": [.string(address.local)],
            "deploymentURIsPublic": [.string(address.public)],
            "deploymentNames": [.string(name)],
            "gitCommit": .string(deployment.gitCommit),
        ]
    }
}
