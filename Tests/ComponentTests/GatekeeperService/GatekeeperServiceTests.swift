import CloudEvents
import Distributor
import GatekeeperService
import KeptnKit
import KeptnModel
import Logging
import Ports
import Testing

@Suite(.timeLimit(.minutes(5))) struct GatekeeperServiceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let data: String
        let started: String
        /// Nil where a person has to decide.
        let result: String?
        var testDescription: String { data }
    }

    static let cases: [Case] = [
        Case(
            data: #"{"result":"pass","approval":{"pass":"automatic","warning":"manual"}}"#,
            started: "Approval strategy for result 'pass': automatic", result: "pass"),
        Case(
            data: #"{"result":"warning","approval":{"pass":"automatic","warning":"automatic"}}"#,
            started: "Approval strategy for result 'warning': automatic", result: "pass"),
        Case(
            data: #"{"result":"fail","approval":{"pass":"automatic","warning":"manual"}}"#,
            started: "Approval strategy for result 'fail': automatic", result: "fail"),
        Case(
            data: #"{"result":"warning","approval":{"pass":"automatic","warning":"manual"}}"#,
            started: "Approval strategy for result 'warning': manual", result: nil),
    ]

    @Test("It approves, declines, or leaves the decision to a person", arguments: cases)
    func decisions(_ test: Case) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = InMemoryStore()
        let plane = InProcessControlPlane(
            subscriptions: Distributor(store: store, logger: logger), log: store, queries: store,
            configuration: FilesOfAStage(), secrets: InMemorySecretStore())
        _ = try await plane.subscribe(
            Interest(name: GatekeeperService.name, patterns: ["sh.keptn.event.approval.triggered"]))
        let common: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
        // The second one is decided at once, so that the first one's silence can be told from slowness.
        let second = JSON.object([("result", "fail")])
        for (id, data) in [("t1", try JSON(parsing: test.data)), ("t2", second)] {
            let event = CloudEvent(
                keptn: .task(name: "approval", kind: .triggered), id: id, source: "shipyard-controller",
                time: Timestamp(seconds: 1), context: "c", data: common.merging(data))
            try await store.append([event])
        }
        var integration = GatekeeperService(
            queries: store, sequences: store, log: store, time: ManualTime(), logger: logger
        ).integration(version: "1.0.0")
        integration.concurrency = 1
        let service = IntegrationService(integration, on: plane, time: ManualTime(), logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            var answers: [CloudEvent] = []
            var position = Position(2)
            while !answers.contains(where: { $0.triggeredID == "t2" && $0.type.hasSuffix("finished") }) {
                try await store.waitForEvents(after: position)
                for event in try await store.events(after: position, limit: 100) {
                    answers.append(event.event)
                    position = event.position
                }
            }
            group.cancelAll()
            let first = answers.filter { $0.triggeredID == "t1" }
            #expect(first.map(\.source).allSatisfy { $0 == "approval-service" })
            #expect(first.first?.keptnData?.message == test.started)
            #expect(first.dropFirst().map { $0.keptnData?.result } == (test.result.map { [$0] } ?? []))
            #expect(first.dropFirst().allSatisfy { $0.keptnData?.status == "succeeded" })
        }
    }
}
