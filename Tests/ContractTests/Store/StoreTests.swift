import Logging
import Ports
import SQLiteStore
import TestSupport
import Testing

private typealias Contract = StoreContract

/// The contract of `Store` on both implementations.
@Suite("Store", .timeLimit(.minutes(5)))
struct StoreTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private func with(
        _ implementation: Implementation, _ body: (any Store) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryStore())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store) }
        }
    }

    @Test("Events keep their order", arguments: Implementation.allCases)
    func order(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.eventsKeepTheirOrder($0) }
    }

    @Test("An event is stored once", arguments: Implementation.allCases)
    func once(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.anEventIsStoredOnce($0) }
    }

    @Test("An event comes back as it went in", arguments: Implementation.allCases)
    func unchanged(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.anEventComesBackAsItWent($0) }
    }

    @Test("An event that could not be read back is refused", arguments: Implementation.allCases)
    func refused(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.whatCannotBeReadIsRefused($0) }
    }

    @Test("A transaction is stored whole or not at all", arguments: Implementation.allCases)
    func transactions(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.aTransactionIsAllOrNothing($0) }
    }

    @Test("Versions guard executions against two writers", arguments: Implementation.allCases)
    func versions(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.versionsGuardExecutions($0) }
    }

    @Test("A conflict hurts nobody else", arguments: Implementation.allCases)
    func conflicts(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.aConflictHurtsNobodyElse($0) }
    }

    @Test("Nothing is lost between 64 writers, and each one's order stays", arguments: Implementation.allCases)
    func writers(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.nothingIsLostBetweenManyWriters($0) }
    }

    @Test("An append wakes everybody who waits", arguments: Implementation.allCases)
    func waking(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.waitersWake($0) }
    }

    @Test("No wake-up is lost", arguments: Implementation.allCases)
    func following(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.noWakeUpIsLost($0) }
    }

    @Test("Waiters sleep through what they do not want", arguments: Implementation.allCases)
    func choosyWaiters(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.waitersSleepThroughWhatTheyDoNotWant($0) }
    }

    @Test("Waiters do not fall too far behind", arguments: Implementation.allCases)
    func waitersBehind(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.waitersDoNotFallTooFarBehind($0) }
    }

    @Test("Waiting can be cancelled", arguments: Implementation.allCases)
    func cancelling(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.waitingCanBeCancelled($0) }
    }

    @Test("The progress of subscriptions is kept", arguments: Implementation.allCases)
    func progress(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.progressIsKept($0) }
    }

    @Test("Every filter finds its events, in pages too", arguments: Implementation.allCases)
    func queries(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.queriesFind(Contract.queryCases, in: $0) }
    }

    @Test("Roots and invalidations hold within one transaction", arguments: Implementation.allCases)
    func facts(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.factsAboutOthersHoldWithinATransaction($0) }
    }

    @Test("One event is found by its id", arguments: Implementation.allCases)
    func one(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.oneIsFoundByItsID($0) }
    }

    @Test("Queries give the newest twenty", arguments: Implementation.allCases)
    func newest(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.newestFirst($0) }
    }

    @Test("Open executions are found by their place", arguments: Implementation.allCases)
    func openExecutions(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.openExecutionsAreFound($0) }
    }

    @Test("Executions of one instant keep their order", arguments: Implementation.allCases)
    func instant(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.executionsOfOneInstantKeepTheirOrder($0) }
    }

    @Test("It is known who wakes when", arguments: Implementation.allCases)
    func wakeTimes(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.wakingIsKnown($0) }
    }

    @Test("Pauses count for a context or one of its stages", arguments: Implementation.allCases)
    func pauses(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.pausesAreMarked($0) }
    }

    @Test("Open tasks are found with every filter", arguments: Implementation.allCases)
    func openTasks(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.openTasksAreFound($0) }
    }

    @Test("A project can be forgotten; its events stay", arguments: Implementation.allCases)
    func forgetting(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.aProjectCanBeForgotten($0) }
    }

    @Test("Every filter finds its runs, in pages too", arguments: Implementation.allCases)
    func runs(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.runsAreFound(Contract.runCases, in: $0) }
    }
}

/// Calls the body with a store in an empty folder, both gone afterwards.
func withSQLiteStore<Value>(_ body: (SQLiteStore, String) async throws -> Value) async throws -> Value {
    try await withTemporaryFolder { folder in
        let store = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
        let value = try await body(store, folder)
        try await store.close()
        return value
    }
}
