import Ports
import SQLiteStore
import TestSupport
import Testing

private typealias Contract = OverviewsContract

@Suite("Overviews", .timeLimit(.minutes(5)))
struct OverviewsTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private func with(_ implementation: Implementation, _ body: (any Store) async throws -> Void) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryStore())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store) }
        }
    }

    @Test("What is open is counted and listed", arguments: Implementation.allCases)
    func open(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.openOnesAreCountedAndListed($0) }
    }

    @Test("Ended remediations of several projects are listed, newest first", arguments: Implementation.allCases)
    func remediations(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.endedRemediationsAreListed($0) }
    }

    @Test("Runs are found by the beginning of their contexts", arguments: Implementation.allCases)
    func contexts(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.runsAreFoundByTheirContexts($0) }
    }

    @Test("The newest events are found by type and service", arguments: Implementation.allCases)
    func latest(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.newestEventsAreFoundByTypeAndService($0) }
    }

    @Test("Runs are found by the worst of their results", arguments: Implementation.allCases)
    func results(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.runsAreFoundByTheirResults($0) }
    }
}
