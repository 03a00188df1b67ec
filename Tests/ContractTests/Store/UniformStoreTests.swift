import CloudEvents
import Core
import GRDB
import Logging
import Ports
import SQLiteStore
import TestSupport
import Testing

/// The contracts of integrations, their lines and the log's reports, on both implementations.
@Suite("Uniform", .timeLimit(.minutes(5)))
struct UniformStoreTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private func withUniform(
        _ implementation: Implementation, _ body: (any UniformStore & IntegrationLog) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryUniform())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store) }
        }
    }

    private func withReports(
        _ implementation: Implementation, _ body: (any Store & EventReports) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryStore())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store) }
        }
    }

    @Test("Changes are kept", arguments: Implementation.allCases)
    func changes(_ implementation: Implementation) async throws {
        try await withUniform(implementation) { try await UniformContract.changesAreKept($0) }
    }

    @Test("A failed change leaves nothing", arguments: Implementation.allCases)
    func failures(_ implementation: Implementation) async throws {
        try await withUniform(implementation) { try await UniformContract.aFailedChangeLeavesNothing($0) }
    }

    @Test("Changes come one after the other", arguments: Implementation.allCases)
    func races(_ implementation: Implementation) async throws {
        try await withUniform(implementation) { try await UniformContract.changesComeOneAfterTheOther($0) }
    }

    @Test("Lines are found, newest first", arguments: Implementation.allCases)
    func lines(_ implementation: Implementation) async throws {
        try await withUniform(implementation) { try await UniformContract.linesAreFound($0) }
    }

    @Test("Lines are written once, and old ones go", arguments: Implementation.allCases)
    func ageing(_ implementation: Implementation) async throws {
        try await withUniform(implementation) { try await UniformContract.linesAreWrittenOnceAndAge($0) }
    }

    @Test("Events are counted", arguments: Implementation.allCases)
    func counts(_ implementation: Implementation) async throws {
        try await withReports(implementation) { try await ReportsContract.eventsAreCounted($0) }
    }

    @Test("Requests are open until they are finished", arguments: Implementation.allCases)
    func requests(_ implementation: Implementation) async throws {
        try await withReports(implementation) { try await ReportsContract.requestsAreOpenUntilTheyAreFinished($0) }
    }

    @Test("The newest event of each type and place is found", arguments: Implementation.allCases)
    func newest(_ implementation: Implementation) async throws {
        try await withReports(implementation) { try await ReportsContract.newestOfEachPlaceIsFound($0) }
    }

    @Test("What happened last in each stage of runs is told in one answer", arguments: Implementation.allCases)
    func stagesOfRuns(_ implementation: Implementation) async throws {
        try await withReports(implementation) { try await ReportsContract.stagesOfRunsAreToldInOneAnswer($0) }
    }

    @Test("Integrations and lines are still there when the store is opened again")
    func reopening() async throws {
        try await withTemporaryFolder { folder in
            let logger = Logger(label: "test")
            let before = try await SQLiteStore.open(folder: folder, logger: logger)
            _ = try await before.change { $0.register(UniformContract.integration("a", hears: ["x"])) }
            try await UniformContract.linesAreFound(before)
            let (registry, lines) = (try await before.registry(), try await before.entries(LogQuery()))
            try await before.close()
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            #expect(try await store.registry() == registry)
            #expect(try await store.entries(LogQuery()) == lines)
            try await store.close()
        }
    }

    @Test("A database of the version before integrations gets their tables and reports on its events")
    func migration() async throws {
        try await withTemporaryFolder { folder in
            let logger = Logger(label: "test")
            let before = try await SQLiteStore.open(folder: folder, logger: logger)
            try await before.append([StoreContract.event("a", type: "sh.keptn.event.get-sli.triggered")])
            try await before.close()
            let database = try DatabaseQueue(path: folder + "/keptn.db")
            try await database.write { db in
                try db.execute(
                    sql: """
                        DROP INDEX events_requesting;
                        DROP TABLE integrations; DROP TABLE integration_logs; DROP TABLE integration_log_position;
                        DELETE FROM grdb_migrations WHERE identifier = 'uniform'
                        """)
            }
            try database.close()
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            #expect(try await store.registry().sorted.isEmpty)
            #expect(try await store.entries(LogQuery()).total == 0)
            let since = StoreContract.time - .seconds(1)
            let open = try await store.openRequests(OpenRequestQuery(task: "get-sli", since: since))
            #expect(open.map(\.id) == ["a"])
            try await store.close()
        }
    }

    @Test("A database of the version before the newest events were noted gets them from its log")
    func migrationOfLatestEvents() async throws {
        try await withTemporaryFolder { folder in
            let logger = Logger(label: "test")
            let before = try await SQLiteStore.open(folder: folder, logger: logger)
            try await before.append([
                StoreContract.event("a", context: "one"), StoreContract.event("b", context: "two", result: "fail"),
                StoreContract.event("c", stage: nil), StoreContract.event("d", project: nil),
            ])
            let noted = try await before.latestEvents(in: "sockshop")
            try await before.close()
            let database = try DatabaseQueue(path: folder + "/keptn.db")
            try await database.write { db in
                try db.execute(
                    sql: "DROP TABLE latest_events; DELETE FROM grdb_migrations WHERE identifier = 'latest events'")
            }
            try database.close()
            let store = try await SQLiteStore.open(folder: folder, logger: logger)
            #expect(try await store.latestEvents(in: "sockshop") == noted)
            #expect(noted.map(\.id) == ["c", "b"] && noted.last?.unfailedContext == "one")
            try await store.close()
        }
    }
}
