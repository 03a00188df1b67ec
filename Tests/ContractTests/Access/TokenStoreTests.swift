import CloudEvents
import GRDB
import Logging
import Ports
import SQLiteStore
import TestSupport
import Testing

private typealias Contract = TokenStoreContract

@Suite("TokenStore", .timeLimit(.minutes(5)))
struct TokenStoreTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private func with(
        _ implementation: Implementation, _ body: (any TokenStore) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryTokenStore())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store) }
        }
    }

    @Test("Tokens come back as they went in, sorted", arguments: Implementation.allCases)
    func unchanged(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.tokensComeBack($0) }
    }

    @Test("Names are unique", arguments: Implementation.allCases)
    func names(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.namesAreUnique($0) }
    }

    @Test("Tokens are replaced and deleted by their hash", arguments: Implementation.allCases)
    func changes(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.tokensAreReplacedAndDeleted($0) }
    }

    @Test("Uses are noted", arguments: Implementation.allCases)
    func uses(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.usesAreNoted($0) }
    }

    @Test("A database of the version before tokens and secrets gets their tables and keeps its events")
    func migration() async throws {
        try await withTemporaryFolder { folder in
            let store = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            try await store.append([StoreContract.event("a")])
            try await store.close()
            let database = try DatabaseQueue(path: folder + "/keptn.db")
            try await database.write { db in
                try db.execute(
                    sql: "DROP TABLE tokens; DROP TABLE secrets; DELETE FROM grdb_migrations WHERE identifier = '2'")
            }
            try database.close()
            let again = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            #expect(try await again.events(after: .start, limit: 9).map(\.event.id) == ["a"])
            #expect(try await again.tokens().isEmpty)
            let secrets = try SQLiteSecretStore(store: again, key: Array(repeating: 0, count: 32))
            #expect(try await secrets.secrets().isEmpty)
            try await again.close()
        }
    }
}
