package import CloudEvents
import Core
package import KeptnModel
import Ports

/// The three tasks in the form of their events (K §2.9): what is read from `data`, and what goes into the answer.
extension ProcessService {
    /// What a task's `finished` event says. A task that throws instead is answered with `errored` and the message.
    package struct Answer: Sendable, Hashable {
        package var result: KeptnResult
        package var message: String
        /// Members of `data` beyond the common ones; an object.
        package var data: JSON

        package init(result: KeptnResult, message: String, data: JSON) {
            self.result = result
            self.message = message
            self.data = data
        }
    }

    package static let taskNames = ["deployment", "release", "rollback"]

    /// Carries out a task of `taskNames`.
    ///
    /// - Parameters:
    ///   - data: The `data` of its `triggered` event.
    ///   - commit: The commit that the sequence is pinned to.
    package func perform(_ task: String, in scope: Scope, data: JSON, commit: String?) async throws -> Answer {
        switch task {
        case "deployment":
            let report = try await deploy(
                DeploymentRequest(
                    scope: scope, strategy: data["deployment"]?["deploymentstrategy"]?.stringValue,
                    image: data["configurationChange", "values", "image"]?.stringValue, commit: commit))
            return Answer(result: .pass, message: "Successfully deployed", data: ["deployment": report.json])
        case "release":
            let result = data["result"]?.stringValue.flatMap(KeptnResult.init) ?? .pass
            let report = try await release(scope, result: result)
            return Answer(
                result: result, message: "Finished release",
                data: report.map { ["deployment": $0.json] } ?? .emptyObject)
        default:
            let wasThere = try await rollBack(scope)
            return Answer(
                result: .pass, message: wasThere ? "Finished rollback" : "Finished rollback: there was no canary",
                data: .emptyObject)
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
