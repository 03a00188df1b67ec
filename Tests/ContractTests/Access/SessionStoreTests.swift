import Ports
import SQLiteStore
import TestSupport
import Testing

@Suite("SessionStore", .timeLimit(.minutes(5)))
struct SessionStoreTests {
    @Test("Sessions come back as they went in, oldest first, until they are deleted: in memory")
    func inMemory() async throws {
        try await SessionStoreContract.sessionsComeAndGo(InMemorySessionStore())
    }

    @Test("Sessions come back as they went in, oldest first, until they are deleted: on SQLite")
    func sqlite() async throws {
        try await withSQLiteStore { store, _ in try await SessionStoreContract.sessionsComeAndGo(store) }
    }
}
