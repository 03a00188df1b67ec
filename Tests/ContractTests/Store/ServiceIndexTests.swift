import Ports
import TestSupport
import Testing

@Suite("ServiceIndex", .timeLimit(.minutes(5)))
struct ServiceIndexTests {
    @Test("What was found in folders comes back, until it changes, goes or is forgotten: in memory")
    func inMemory() async throws {
        try await ServiceIndexContract.foldersComeAndGo(InMemoryServiceIndex())
    }

    @Test("What was found in folders comes back, until it changes, goes or is forgotten: on SQLite")
    func sqlite() async throws {
        try await withSQLiteStore { store, _ in try await ServiceIndexContract.foldersComeAndGo(store) }
    }
}
