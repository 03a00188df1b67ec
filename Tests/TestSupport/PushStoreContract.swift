import CloudEvents
import Core
package import Ports
import Testing

/// What every implementation of `PushStore` promises; each function wants an empty store and its log.
package enum PushStoreContract {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private static func subscription(_ name: String, url: String = "http://h/") -> PushSubscription {
        PushSubscription(name: name, id: "id-\(name)", url: url, events: ["a.>"], projects: ["p"])
    }

    package static func subscriptionsComeBack(_ store: any PushStore) async throws {
        #expect(try await store.pushSubscriptions().isEmpty)
        for name in ["b", "a"] { try await store.save(subscription(name)) }
        try await store.save(subscription("b", url: "http://other/"))
        #expect(try await store.pushSubscriptions() == [subscription("a"), subscription("b", url: "http://other/")])
        #expect(try await store.deletePushSubscription("a"))
        #expect(try await !store.deletePushSubscription("a"))
        #expect(try await store.pushSubscriptions().map(\.name) == ["b"])
    }

    package static func failuresAreKept(_ store: any PushStore, _ log: any EventLog) async throws {
        try await log.append((1...3).map { StoreContract.event("\($0)") })
        let events = try await log.events(after: .start, limit: 9)
        func failure(_ name: String, _ number: Int, attempts: Int = 1) -> FailedDelivery {
            FailedDelivery(
                subscription: name, recorded: events[number - 1], attempts: attempts, reason: "r\(number)",
                failedAt: now + .seconds(number))
        }
        for name in ["a", "b"] { try await store.save(subscription(name)) }
        let all = [failure("a", 1), failure("b", 1), failure("a", 2), failure("a", 3)]
        for one in all.reversed() { try await store.save(one) }
        try await store.save(failure("none", 1))
        #expect(try await store.failures(of: nil, offset: 0, limit: 9) == FailurePage(failures: all, total: 4))
        #expect(try await store.failures(of: "a", offset: 1, limit: 1) == FailurePage(failures: [all[2]], total: 3))
        #expect(try await store.failureCounts() == ["a": 3, "b": 1])

        #expect(try await store.failuresToReplay(of: "a", limit: 9).isEmpty)
        #expect(try await store.requestReplay(of: "a", [events[2].position, Position(99)]) == 1)
        #expect(try await store.failuresToReplay(of: "a", limit: 9) == [all[3]])
        #expect(try await store.requestReplay(of: "a", nil) == 3)
        #expect(try await store.failuresToReplay(of: "a", limit: 2) == [all[0], all[2]])
        #expect(try await store.failuresToReplay(of: "b", limit: 9).isEmpty)
        // Failed again: it waits no longer.
        try await store.save(failure("a", 1, attempts: 5))
        #expect(try await store.failuresToReplay(of: "a", limit: 9) == [all[2], all[3]])
        #expect(try await store.failures(of: "a", offset: 0, limit: 1).failures.map(\.attempts) == [5])

        #expect(try await store.deleteFailure(of: "a", at: events[1].position))
        #expect(try await !store.deleteFailure(of: "a", at: events[1].position))
        #expect(try await store.deletePushSubscription("a"))
        #expect(try await store.failures(of: nil, offset: 0, limit: 9) == FailurePage(failures: [all[1]], total: 1))
    }
}
