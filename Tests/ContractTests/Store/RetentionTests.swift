import Ports
import SQLiteStore
import TestSupport
import Testing

/// The contract of `RetentionStore`. The store in memory forgets everything anyway.
@Suite("Retention in SQLite", .timeLimit(.minutes(5)))
struct RetentionTests {
    @Test("Old runs go, with all that belongs to them")
    func oldRuns() async throws {
        try await withSQLiteStore { store, _ in try await RetentionContract.oldRunsGo(store) }
    }

    @Test("What is open, deployed or newest stays")
    func needed() async throws {
        try await withSQLiteStore { store, _ in try await RetentionContract.whatIsNeededStays(store) }
    }

    @Test("Small steps reach the end, and positions are not given out again")
    func steps() async throws {
        try await withSQLiteStore { store, _ in try await RetentionContract.stepsReachTheEnd(store) }
    }
}
