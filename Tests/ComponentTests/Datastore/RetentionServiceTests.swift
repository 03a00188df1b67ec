import CloudEvents
import Datastore
import Logging
import Ports
import Synchronization
import Testing

@Suite("RetentionService", .timeLimit(.minutes(5)))
struct RetentionServiceTests {
    /// Removes ten events in each of three steps, and says what it was asked.
    private final class ScriptedStore: RetentionStore {
        let asked = Mutex<[(instant: Timestamp, position: Position)]>([])

        func removeRuns(
            olderThan instant: Timestamp, after position: Position, lookingAt count: Int
        ) async throws -> (removed: Int, next: Position?) {
            asked.withLock { $0.append((instant, position)) }
            return position.value < 20 ? (10, Position(position.value + 10)) : (10, nil)
        }
    }

    private let start = Timestamp(seconds: 1_700_000_000)

    @Test("A sweep goes through the log step by step, and again every hour")
    func sweeps() async throws {
        let store = ScriptedStore()
        let time = ManualTime(start - .seconds(86_400))
        let (reports, outputs) = (InMemoryTestReports(time: time), InMemoryTestReports(time: time))
        try await reports.save([1], id: "old")
        try await outputs.save([1], id: "old")
        time.advance(by: .seconds(86_400))
        try await reports.save([2], id: "new")
        try await outputs.save([2], id: "new")
        let service = RetentionService(
            store: store, reports: reports, outputs: outputs, age: .seconds(86_400), time: time,
            logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            for _ in 0..<2 {
                try await time.waitForSleepers()
                time.advance(by: .seconds(1))
            }
            try await time.waitForSleepers()
            for files in [reports, outputs] {
                #expect(try await files.report(id: "old") == nil)
                #expect(try await files.report(id: "new") == [2])
            }
            #expect(store.asked.withLock { $0.map(\.position.value) } == [0, 10, 20])
            #expect(store.asked.withLock { $0.first?.instant } == start - .seconds(86_400))
            time.advance(by: .seconds(3600))
            try await time.waitForSleepers()
            #expect(store.asked.withLock { $0.map(\.position.value) } == [0, 10, 20, 0])
            group.cancelAll()
        }
    }
}
