import CloudEvents
import ConfigurationService
import Core
import Distributor
import KeptnKit
import KeptnModel
import Ports
import RemediationService
import Testing

@Suite("RemediationService: with the real configuration", .timeLimit(.minutes(5)))
struct PinnedRemediationTests {
    private static func file(_ action: String) -> [UInt8] {
        let text = RemediationServiceTests.file.replacing("action: slowdown", with: "action: \(action)")
        return Array(text.utf8)
    }

    /// The project's own file has commits of the stage where stages are folders only.
    @Test(
        "remediation.yaml counts as it was at the commit of the run, whatever was committed since",
        arguments: [(Layout.branches, devCarts), (.folders, devCarts), (.folders, sockshop)])
    func pinned(_ layout: Layout, _ place: ConfigurationPlace) async throws {
        let configuration = ConfigurationBench(newLayout: layout).service
        try await configuration.createProject("sockshop", shipyard: shipyard(["dev"]))
        try await configuration.createService("carts", in: "sockshop")
        let before = try await configuration.head(of: devCarts)
        let first = try await configuration.write([("remediation.yaml", Self.file("restart"))], at: place)
        let second = try await configuration.write([("remediation.yaml", Self.file("escalate"))], at: place)
        _ = try await configuration.delete("remediation.yaml", at: place)

        let bench = IntegrationBench()
        let plane = InProcessControlPlane(
            subscriptions: Distributor(store: bench.store, logger: IntegrationBench.silent), log: bench.store,
            queries: bench.store, configuration: configuration, secrets: InMemorySecretStore())
        let world = RemediationWorld(bench: bench)
        let integration = world.service(over: configuration, InMemoryProcesses()).integration(version: "1")
        _ = try await plane.subscribe(integration.interest)
        try await bench.running(integration, on: plane) {
            for (commit, action) in [(first, "restart"), (second, "escalate"), (before, nil)] {
                let data: JSON = ["problem": ["problemTitle": "slow"]]
                try await bench.store.append([
                    bench.triggered("get-action", id: commit, context: commit, commit: commit, data: data)
                ])
                let answer = try await bench.event("get-action.finished", answering: commit).json
                #expect(answer?["action", "action"]?.stringValue == action, "\(answer?.text ?? "")")
                #expect(answer?["result"]?.stringValue == (action == nil ? "fail" : "pass"))
            }
        }
    }
}
