package import CloudEvents
import Core
package import KeptnKit
package import KeptnModel
import Ports

/// The three tasks in the form of their events (K §2.9): what is read from `data`, and what goes into the answer.
extension ProcessService {
    package static let name = "process-service"
    private static let tasks = ["deployment", "release", "rollback"]
    /// The service is gone from the configuration: what runs of it is stopped in all stages (K §2.9).
    private static let serviceDeleted = "sh.keptn.event.service.delete.finished"

    /// The component as an integration of Keptn. `run()` has to run beside it.
    package func integration(version: String) -> Integration {
        Self.tasks.reduce(Integration(name: Self.name, version: version)) { integration, task in
            integration.on(
                task: task,
                when: { try await self.isResponsible(for: $0.scope, commit: $0.gitCommitID) },
                perform: { try await self.perform(task, in: $0.scope, data: $0.data, commit: $0.gitCommitID) })
        }.on(eventType: Self.serviceDeleted) { event in
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
    package func perform(_ task: String, in scope: Scope, data: JSON, commit: String?) async throws -> TaskOutcome {
        switch task {
        case "deployment":
            let report = try await deploy(
                DeploymentRequest(
                    scope: scope, strategy: data["deployment"]?["deploymentstrategy"]?.stringValue,
                    image: data["configurationChange", "values", "image"]?.stringValue, commit: commit))
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
