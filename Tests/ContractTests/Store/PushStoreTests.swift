import CloudEvents
import Core
import Ports
import SQLiteStore
import TestSupport
import Testing

@Suite("PushStore", .timeLimit(.minutes(5)))
struct PushStoreTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private func with(
        _ implementation: Implementation, _ body: (any PushStore, any EventLog) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemoryPushStore(), InMemoryStore())
        case .sqlite: try await withSQLiteStore { store, _ in try await body(store, store) }
        }
    }

    @Test("Subscriptions come back as they went in, sorted, and can be deleted", arguments: Implementation.allCases)
    func subscriptions(_ implementation: Implementation) async throws {
        try await with(implementation) { store, _ in try await PushStoreContract.subscriptionsComeBack(store) }
    }

    @Test("Failures are kept until they are delivered or their subscription goes", arguments: Implementation.allCases)
    func failures(_ implementation: Implementation) async throws {
        try await with(implementation) { try await PushStoreContract.failuresAreKept($0, $1) }
    }

    @Test("With a subscription goes its progress, and with an old event its failure")
    func cleanUp() async throws {
        try await withSQLiteStore { store, _ in
            let subscription = PushSubscription(name: "a", id: "i", url: "http://h/", events: [">"])
            try await store.save(subscription)
            try await store.append([StoreContract.event("1"), StoreContract.event("2", context: "other")])
            let events = try await store.events(after: .start, limit: 9)
            let progress = SubscriptionProgress(
                subscription: subscription.cursorName, position: events[0].position, open: [])
            try await store.commit(Transaction(progress: [progress]))
            try await store.save(
                FailedDelivery(
                    subscription: "a", recorded: events[0], attempts: 1, reason: "r", failedAt: Timestamp(seconds: 1)))
            let old = (events[0].event.time ?? Timestamp(seconds: 0)) + .seconds(1)
            _ = try await store.removeRuns(olderThan: old, after: .start, lookingAt: 100)
            let isThere = try await store.events(at: [events[0].position]).isEmpty == false
            #expect(try await store.failureCounts() == (isThere ? ["a": 1] : [:]))
            #expect(try await store.deletePushSubscription("a"))
            #expect(try await store.progress(of: subscription.cursorName) == nil)
        }
    }
}
