import CloudEvents
import Core
import KeptnModel
package import Ports
import Testing

/// What every implementation of `RetentionStore` promises.
package enum RetentionContract {
    private static let old = StoreContract.time
    private static let limit = old + .seconds(10)
    private static let young = old + .seconds(20)
    private static let elsewhere = Scope(project: "sockshop", stage: "production", service: "orders")

    private static func event(
        _ id: String, _ context: String?, at time: Timestamp = old, type: String = "sh.keptn.event.test.finished",
        service: String = "carts"
    ) -> CloudEvent {
        StoreContract.event(id, type: type, context: context, service: service, time: time)
    }

    /// The ids of all events that are left.
    private static func left(_ store: any Store) async throws -> [String] {
        StoreContract.ids(try await store.events(after: .start, limit: 1000))
    }

    package static func oldRunsGo(_ store: any Store & RetentionStore) async throws {
        try await store.append([
            event("a1", "a"), event("a2", "a"), event("b1", "b"), event("b2", "b", at: young), event("alone", nil),
            event("c1", "c", at: young),
        ])
        let gone = try StoreContract.execution("gone", context: "a", state: .finished)
        try await StoreContract.save(gone, in: store)
        try await store.commit(
            Transaction(pauses: [.init(project: "sockshop", context: "a", stage: nil, isPaused: true)]))
        let step = try await store.removeRuns(olderThan: limit, after: .start, lookingAt: 100)
        #expect(step.removed == 3)
        // The context b is young as long as any of its events is.
        var query = EventQuery()
        query.project = "sockshop"
        #expect(try await StoreContract.ids(store.events(query)) == ["c1", "b2", "b1"])
        #expect(try await store.page(query).total == 3)
        query.rootOnly = true
        #expect(try await StoreContract.ids(store.events(query)) == ["c1", "b1"])
        #expect(try await store.page(query).total == 2)
        #expect(try await store.runs(RunQuery(project: "sockshop")).total == 0)
        #expect(try await store.pausedContexts().isEmpty)
    }

    package static func whatIsNeededStays(_ store: any Store & RetentionStore) async throws {
        try await store.append([
            event("open", "open"), event("superseded", "s"),
            event("newest of orders", "n", service: "orders"), event("part of the same run", "n"),
            event("newer", "newer", at: young), event("head", "h", type: "sh.keptn.event.other.finished"),
        ])
        try await StoreContract.save(StoreContract.execution("x", context: "open", state: .paused), in: store)
        let step = try await store.removeRuns(olderThan: limit, after: .start, lookingAt: 100)
        #expect(step.removed == 1)
        var query = EventQuery()
        query.project = "sockshop"
        #expect(
            try await StoreContract.ids(store.events(query))
                == ["head", "newer", "part of the same run", "newest of orders", "open"])
    }

    package static func stepsReachTheEnd(_ store: any Store & RetentionStore) async throws {
        try await store.append((0..<20).map { event("\($0)", "context-\($0 / 2)") })
        try await store.append((20..<40).map { event("\($0)", "young", at: young) })
        var position = Position.start
        var removed = 0
        while true {
            let step = try await store.removeRuns(olderThan: limit, after: position, lookingAt: 7)
            removed += step.removed
            guard let next = step.next else { break }
            #expect(next > position)
            position = next
        }
        #expect(removed == 20)
        let head = try await store.head()
        #expect(head == Position(40))
        #expect(try await store.append([event("new", "n")]).map(\.position) == [Position(41)])
    }
}
