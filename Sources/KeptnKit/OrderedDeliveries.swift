package import CloudEvents
package import Ports
import Synchronization

extension Subscription {
    /// Hands deliveries to the handler until cancelled: those of one run one after the other, those of different runs
    /// side by side. What the handler returns is sent together with the note that the delivery is done.
    ///
    /// - Parameter window: of the subscription's request; so many are under way at a time.
    package func deliverInOrder(
        window: Int, to handler: @escaping @Sendable (Delivery) async throws -> [CloudEvent]
    ) async throws {
        try await inOrder {
            try await next(upTo: window)
        } lane: {
            $0.recorded.facts.context ?? $0.event.id
        } handle: { delivery in
            try await settle([delivery.position], sending: try await handler(delivery))
        }
    }
}

/// Handles what comes until cancelled: items of one lane one after the other, those of different lanes side by side.
///
/// - Parameter next: Waits until there is something; gives out no more while too much is under way.
package func inOrder<Item: Sendable>(
    next: () async throws -> [Item], lane: (Item) -> String,
    handle: @escaping @Sendable (Item) async throws -> Void
) async throws {
    let lanes = Lanes<Item>()
    try await withThrowingDiscardingTaskGroup { group in
        while true {
            for item in try await next() {
                let lane = lane(item)
                guard lanes.begin(item, in: lane) else { continue }
                group.addTask {
                    var next: Item? = item
                    while let current = next {
                        try await handle(current)
                        next = lanes.next(in: lane)
                    }
                }
            }
        }
    }
}

/// What waits behind the item of its lane that is under way. As large as what may be under way at most.
private final class Lanes<Item: Sendable>: Sendable {
    private let waiting = Mutex<[String: [Item]]>([:])

    /// True when nothing of this lane is under way; else the item waits.
    func begin(_ item: Item, in lane: String) -> Bool {
        waiting.withLock { waiting in
            guard waiting[lane] == nil else {
                waiting[lane]?.append(item)
                return false
            }
            waiting[lane] = []
            return true
        }
    }

    /// What comes behind the item that is done; nil ends the lane.
    func next(in lane: String) -> Item? {
        waiting.withLock { waiting in
            guard waiting[lane]?.isEmpty == false else {
                waiting[lane] = nil
                return nil
            }
            return waiting[lane]?.removeFirst()
        }
    }
}
