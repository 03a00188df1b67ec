import CloudEvents
import FoundationEssentials
import GRDB
import Logging
import Ports
import SQLiteStore
import TestSupport
import Testing

private typealias Contract = StoreContract

/// What the store in SQLite promises beyond the contract: that the disk keeps it.
@Suite("SQLiteStore", .timeLimit(.minutes(5)))
struct SQLiteStoreTests {
    private let logger = Logger(label: "test")

    @Test("Everything is still there when the store is opened again")
    func reopening() async throws {
        try await withTemporaryFolder { folder in
            let progress = SubscriptionProgress(subscription: "s", position: Position(2), open: [Position(1)])
            let execution = try Contract.execution("x", task: "test", deadline: Contract.time + .seconds(9))
            let before = try await SQLiteStore.open(folder: folder, logger: logger)
            try await before.commit(
                Transaction(
                    events: [Contract.event("a"), Contract.event("b", result: "pass")],
                    executions: [ExecutionChange(execution: execution, expectedVersion: 0)],
                    pauses: [PauseChange(project: "p", context: "c", stage: nil, isPaused: true)], progress: [progress])
            )
            let events = try await before.events(after: .start, limit: 10)
            try await before.close()

            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            #expect(try await store.head() == Position(2))
            #expect(try await store.events(after: .start, limit: 10) == events)
            #expect(try await store.events(after: Position(1), limit: 10) == Array(events[1...]))
            #expect(
                try await store.openExecutions(in: Contract.place) == [
                    StoredExecution(execution: execution, version: 1)
                ])
            #expect(try await store.nextWake() == Contract.time + .seconds(9))
            #expect(try await store.isPaused(project: "p", context: "c", stage: "dev"))
            #expect(try await store.progress(of: "s") == progress)
            let receipts = try await store.append([Contract.event("b"), Contract.event("c")])
            #expect(
                receipts == [
                    AppendReceipt(position: Position(2), isNew: false),
                    AppendReceipt(position: Position(3), isNew: true),
                ])
            try await store.close()
        }
    }

    @Test("A history that is filled in at once is the one that grew event by event")
    func filling() async throws {
        let runs = (0..<5).map { run in
            ["sh.keptn.event.dev.delivery.triggered", "sh.keptn.event.evaluation.finished"].enumerated().map {
                index, type in
                Contract.event(
                    "\(run)-\(index)", type: type, context: "c\(run)", stage: run % 2 == 0 ? "dev" : "prod",
                    result: run == 4 ? "fail" : nil)
            }
        }
        try await withTemporaryFolder { folder in
            let grown = try await SQLiteStore.open(folder: "\(folder)/grown", logger: logger)
            for run in runs { try await grown.append(run) }
            try await grown.close()
            try await SQLiteStore.fill(folder: "\(folder)/filled", logger: logger) { $0 < 5 ? runs[$0] : nil }
            let queries =
                ["events", "event_counts", "latest_events", "summaries"].map { "SELECT * FROM \($0)" }
                + ["SELECT name, sql FROM sqlite_schema ORDER BY name"]
            var content: [[Row]] = []
            for name in ["grown", "filled"] {
                let database = try DatabaseQueue(path: "\(folder)/\(name)/keptn.db")
                content += try database.read { db in
                    try queries.map { try Row.fetchAll(db, sql: $0) }
                }
            }
            #expect(content[0].count == 10 && content[..<5].elementsEqual(content[5...]))
        }
    }

    @Test("Every commit with an event is synced: synchronous is FULL, also after commits without one")
    func durability() async throws {
        try await withSQLiteStore { store, _ in
            #expect(try await store.synchronousLevel() == 2)
            try await store.append([Contract.event("a")])
            let progress = SubscriptionProgress(subscription: "s", position: Position(1), open: [])
            try await store.commit(Transaction(progress: [progress]))
            #expect(try await store.synchronousLevel() == 2)
            try await store.commit(Transaction(events: [Contract.event("b")], progress: [progress]))
            // No position is negative.
            let wrong = SubscriptionProgress(subscription: "s", position: Position(-1), open: [])
            await #expect(throws: KeptnError.self) { try await store.commit(Transaction(progress: [wrong])) }
            #expect(try await store.synchronousLevel() == 2)
            try await store.deleteProject("p")
            let statistics = store.statistics
            #expect((statistics.commits, statistics.syncs) == (4, 3))
            #expect((statistics.events, statistics.queued) == (2, 0))
        }
    }

    @Test("Events older than those in memory come from the disk, without a seam")
    func olderEvents() async throws {
        try await withSQLiteStore { store, _ in
            let count = 5000
            for start in stride(from: 0, to: count, by: 500) {
                try await store.append((start..<start + 500).map { Contract.event("\($0)") })
            }
            var seen: [String] = []
            var position = Position.start
            while seen.count < count {
                let events = try await store.events(after: position, limit: 300)
                position = try #require(events.last).position
                seen += events.map(\.event.id)
            }
            #expect(seen == (0..<count).map(String.init))
        }
    }

    @Test("A change that cannot be stored fails alone")
    func guilty() async throws {
        try await withSQLiteStore { store, _ in
            let failures = await withTaskGroup(of: KeptnError?.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        // No position is negative.
                        let position = Position(number == 20 ? -1 : 1)
                        let transaction = Transaction(
                            events: [Contract.event("\(number)")],
                            progress: [SubscriptionProgress(subscription: "s", position: position, open: [])])
                        do {
                            try await store.commit(transaction)
                            return nil
                        } catch {
                            return error as? KeptnError
                        }
                    }
                }
                return await group.reduce(into: [KeptnError]()) { failures, failure in
                    if let failure { failures.append(failure) }
                }
            }
            #expect(failures.map(\.code) == [.internalFailure])
            #expect(failures.first?.message.contains("CHECK constraint failed") == true)
            let stored = Set(try await store.events(after: .start, limit: 100).map(\.event.id))
            #expect(stored == Set((0..<40).filter { $0 != 20 }.map(String.init)))
        }
    }

    @Test("Summaries follow the log at a bounded distance, and a store that was killed has all of it when it is opened")
    func summaries() async throws {
        try await withSQLiteStore { store, folder in
            let types = ["sh.keptn.event.evaluation.finished", "sh.keptn.event.test.finished"]
            for number in 0..<700 {
                try await store.append([
                    Contract.event(
                        "\(number)", type: types[number % 2], context: "c\(number / 5)", stage: "s\(number % 3)",
                        result: number < 698 ? "pass" : "fail")
                ])
            }
            try await withTemporaryFolder { copy in
                for name in ["keptn.db", "keptn.db-wal"] {
                    try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(copy)/\(name)")
                }
                let database = try DatabaseQueue(path: "\(copy)/keptn.db")
                let position = try await database.read { try Int.fetchOne($0, sql: "SELECT position FROM summaries") }
                #expect((1..<700).contains(try #require(position)), "they are behind, and not without a bound")
                try database.close()
                let killed = try await SQLiteStore.open(folder: copy, logger: logger)
                for type in types {
                    var query = EventQuery()
                    (query.type, query.limit) = (type, 1)
                    for project in ["sockshop", nil] {
                        query.project = project
                        #expect(try await killed.page(query).total == 350)
                        #expect(try await killed.page(query) == store.page(query))
                    }
                }
                let latest = try await store.latestEvents(in: "sockshop")
                #expect(latest.map(\.id) == ["699", "698", "697", "696", "695", "694"])
                #expect(latest.map(\.unfailedContext) == ["c138", "c138", "c139", "c139", "c139", "c138"])
                #expect(try await killed.latestEvents(in: "sockshop") == latest)
                try await killed.close()
            }
        }
    }

    @Test("A folder has one store at a time")
    func oneAtATime() async throws {
        try await withSQLiteStore { _, folder in
            let error = await #expect(throws: KeptnError.self) {
                _ = try await SQLiteStore.open(folder: folder, logger: logger)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("in use by another keptn server") == true)
            #expect(error?.message.contains(folder) == true)
        }
    }

    @Test("Only the owner may read the files, whoever made the folder")
    func modes() async throws {
        try await withSQLiteStore { store, folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
            try await store.append([Contract.event("a")])
            for name in ["keptn.db", "keptn.db-wal", "keptn.db-shm", "keptn.db.lock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test("Files that everybody may read, from a copy or an older version, are the owner's alone once they are opened")
    func modesOfOldFiles() async throws {
        try await withTemporaryFolder { folder in
            let names = ["keptn.db", "keptn.db-wal", "keptn.db-shm"].map { "\(folder)/\($0)" }
            try await SQLiteStore.open(folder: folder, logger: logger).close()
            for name in names {
                if !FileManager.default.fileExists(atPath: name) {
                    #expect(FileManager.default.createFile(atPath: name, contents: nil))
                }
                try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: name)
            }
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            try await store.append([Contract.event("a")])
            for name in names {
                let mode = try FileManager.default.attributesOfItem(atPath: name)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
            try await store.close()
        }
    }

    @Test("A database of a newer version is refused, and stays as it is")
    func newerVersion() async throws {
        try await withTemporaryFolder { folder in
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            try await store.append([Contract.event("a")])
            try await store.close()
            try await change(folder, "INSERT INTO grdb_migrations (identifier) VALUES ('2099')")
            let error = await #expect(throws: KeptnError.self) {
                _ = try await SQLiteStore.open(folder: folder, logger: logger)
            }
            #expect(error?.message.contains("newer version of keptn") == true)
            #expect(error?.message.contains("2099") == true)
            try await change(folder, "DELETE FROM grdb_migrations WHERE identifier = '2099'")
            let again = try await SQLiteStore.open(folder: folder, logger: logger)
            #expect(try await again.head() == Position(1))
            try await again.close()
        }
    }

    @Test("A file that is no database is refused")
    func noDatabase() async throws {
        try await withTemporaryFolder { folder in
            try Data("this is not a database, whatever its name says".utf8)
                .write(to: URL(filePath: folder + "/keptn.db"))
            let error = await #expect(throws: KeptnError.self) {
                _ = try await SQLiteStore.open(folder: folder, logger: logger)
            }
            #expect(error?.code == .internalFailure)
            #expect(error?.message.contains("keptn.db") == true)
        }
    }

    @Test("A row that cannot be read is reported by its name, and the others are read")
    func corruption() async throws {
        try await withTemporaryFolder { folder in
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            try await store.append([Contract.event("a"), Contract.event("b"), Contract.event("c")])
            try await Contract.save(Contract.execution("x"), in: store)
            try await store.close()
            try await change(
                folder, "UPDATE events SET body = x'7B00' WHERE id = 'b'; UPDATE executions SET body = x'7B7D'")

            let again = try await SQLiteStore.open(folder: folder, logger: logger)
            let event = await #expect(throws: KeptnError.self) {
                _ = try await again.events(after: .start, limit: 10)
            }
            #expect(event?.code == .internalFailure)
            #expect(event?.message.contains("position 2") == true)
            let execution = await #expect(throws: KeptnError.self) {
                _ = try await again.openExecutions(in: Contract.place)
            }
            #expect(execution?.message.contains("sequence execution x") == true)
            #expect(try await again.events(after: Position(2), limit: 10).map(\.event.id) == ["c"])
            try await again.close()
        }
    }

    @Test("The write-ahead log moves into the database while the store works")
    func checkpoints() async throws {
        try await withSQLiteStore { store, folder in
            func size() throws -> Int {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/keptn.db")
                return attributes[.size] as? Int ?? 0
            }
            // Each commit touches several pages of 4 KiB.
            let count = 500
            for number in 0..<count { try await store.append([Contract.event("\(number)")]) }
            let before = try size()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.runCheckpoints(every: 512) }
                try await eventually("the database holds what the log held") { try size() >= before + count * 256 }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(try await store.events(at: [Position(1), Position(500)]).map(\.event.id) == ["0", "499"])
        }
    }

    private func change(_ folder: String, _ sql: String) async throws {
        let database = try DatabaseQueue(path: folder + "/keptn.db")
        try await database.write { try $0.execute(sql: sql) }
        try database.close()
    }
}
