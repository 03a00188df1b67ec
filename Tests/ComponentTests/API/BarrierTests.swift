import CloudEvents
import Logging
import Ports
import ShipyardService
import TestSupport
import Testing

/// Lists wait for what has changed them.
@Suite("The state of sequences follows the log", .timeLimit(.minutes(5)))
struct BarrierTests {
    @Test("Events that concern sequences are waited for, others are not")
    func waits() async throws {
        let store = InMemoryStore()
        let configuration = try await ConfigurationBench.withSockshop().service
        let service = ShipyardService(
            store: store, configuration: configuration, time: ManualTime(), ids: SequentialIDs(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func append(_ id: String, _ type: String) async throws -> Position {
            try await store.append([StoreContract.event(id, type: type, context: id)])
            return try await store.head()
        }
        while try await service.turn() {}
        let note = try await append("1", "sh.keptn.event.test.status.changed")
        try await service.handled(note)
        let trigger = try await append("2", "sh.keptn.event.dev.delivery.triggered")
        let waiting = Task { try await service.handled(trigger) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        while try await service.turn() {}
        try await service.handled(trigger)
    }
}
