import ArgumentParser
import CloudEvents
import FoundationEssentials
import GRDB
import KeptnModel
import Ports
import RemoteClients
import Subprocess

/// Durable appends through HTTP, beside what SQLite does with the same rows in the same run.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Measure durable appends through HTTP, one by one and batched, beside a raw SQLite loop.")

    @Option(help: "Events of each kind.") var count = 20_000
    @Option(help: "Requests at a time.") var concurrency = 32
    @Option(help: "Events in a batch.") var batch = 32
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let report = try await withTemporaryFolder { home in
            let raw = try rawLoop(home)
            let (single, batched) = try await ServerUnderTest.run(
                program: ServerUnderTest.program(keptn), home: home
            ) { server in
                let plane = Workload.plane(server.endpoint, server.token)
                let single = try await rate(eventsPerRequest: 1, plane.send)
                return ((single, try await rate(eventsPerRequest: batch, plane.send)), .terminate)
            }
            return JSON.object([
                ("singleEventsPerSecond", .number(single.rounded())),
                ("batchedEventsPerSecond", .number(batched.rounded())),
                ("rawSQLiteRowsPerSecond", .number(raw.rounded())),
                ("singleToRaw", .number((single / raw * 1000).rounded() / 1000)),
                ("batchedToRaw", .number((batched / raw * 1000).rounded() / 1000)),
                ("batch", .integer(batch)), ("concurrency", .integer(concurrency)), ("count", .integer(count)),
                ("conditions", Conditions.json),
            ])
        }
        Output.report(report, asJSON: json)
    }

    private func rate(
        eventsPerRequest: Int, _ send: @escaping @Sendable ([CloudEvent]) async throws -> Void
    ) async throws -> Double {
        let requests = count / eventsPerRequest / concurrency
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    for _ in 0..<requests { try await send((0..<eventsPerRequest).map { _ in Self.event() }) }
                }
            }
            try await group.waitForAll()
        }
        return Double(requests * eventsPerRequest * concurrency) / (ContinuousClock.now - start).seconds
    }

    /// About 1.2 kB, of a kind that nobody waits for.
    private static func event() -> CloudEvent {
        let ids = SystemIDs()
        return CloudEvent(
            keptn: .task(name: "bench", kind: .statusChanged), id: ids.newID(), source: "keptn-bench",
            time: SystemTime().now, context: ids.newID(), triggeredID: ids.newID(),
            data: [
                "project": "bench", "stage": "dev", "service": "service-0",
                "message": .string(String(repeating: "x", count: 800)),
            ])
    }

    /// The same rows in the same number a commit, WAL and FULL, with two secondary indexes: what the disk and SQLite
    /// give without us.
    private func rawLoop(_ folder: String) throws -> Double {
        let queue = try DatabaseQueue(path: "\(folder)/raw.db")
        try queue.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                    CREATE TABLE rows (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, context TEXT,
                    body BLOB);
                    CREATE INDEX rows_context ON rows (context); CREATE INDEX rows_type ON rows (type, seq);
                    """)
        }
        let start = ContinuousClock.now
        for _ in 0..<(count / batch) {
            try queue.writeWithoutTransaction { db in
                try db.inTransaction {
                    let insert = try db.cachedStatement(
                        sql: "INSERT INTO rows (id, type, context, body) VALUES (?, ?, ?, ?)")
                    for _ in 0..<batch {
                        let event = Self.event()
                        try insert.execute(
                            arguments: [event.id, event.type, event.keptnContext, Data(event.structured.bytes)])
                    }
                    return .commit
                }
            }
        }
        return Double(count / batch * batch) / (ContinuousClock.now - start).seconds
    }
}
