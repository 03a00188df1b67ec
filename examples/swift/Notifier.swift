import CloudEvents
import KeptnKit
import KeptnModel
import Logging
import RemoteClients

/// A Keptn integration that carries out the task `notify`:
/// `KEPTN_ENDPOINT=http://127.0.0.1:8080/api KEPTN_API_TOKEN=... swift run notifier`.
@main
struct Notifier: TaskHandler {
    static let task = "notify"

    func handle(_ task: TaskContext) async throws -> TaskOutcome {
        print("\(task.scope.service) has come to \(task.scope.stage)")
        return .pass("told", data: ["notify": ["told": "everybody"]])
    }

    static func main() async throws {
        let logger = Logger(label: "swift-notifier")
        let keptn = try HTTPControlPlane.fromEnvironment(logger: logger)
        let integration = Integration(name: "swift-notifier", version: "1.0.0").on(Notifier()).cancelledOnAbort()
        try await integration.runUntilSignal(on: keptn, logger: logger)
    }
}
