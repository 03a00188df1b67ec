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
        let lanes = Lanes()
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                for delivery in try await next(upTo: window) {
                    let lane = delivery.recorded.facts.context ?? delivery.event.id
                    guard lanes.begin(delivery, in: lane) else { continue }
                    group.addTask {
                        var next: Delivery? = delivery
                        while let current = next {
                            try await settle([current.position], sending: try await handler(current))
                            next = lanes.next(in: lane)
                        }
                    }
                }
            }
        }
    }
}

/// What waits behind the event of its run that is under way. As large as the subscription's window at most.
private final class Lanes: Sendable {
    private let waiting = Mutex<[String: [Delivery]]>([:])

    /// True when nothing of this lane is under way; else the delivery waits.
    func begin(_ delivery: Delivery, in lane: String) -> Bool {
        waiting.withLock { waiting in
            guard waiting[lane] == nil else {
                waiting[lane]?.append(delivery)
                return false
            }
            waiting[lane] = []
            return true
        }
    }

    /// What comes behind the delivery that is done; nil ends the lane.
    func next(in lane: String) -> Delivery? {
        waiting.withLock { waiting in
            guard waiting[lane]?.isEmpty == false else {
                waiting[lane] = nil
                return nil
            }
            return waiting[lane]?.removeFirst()
        }
    }
}
