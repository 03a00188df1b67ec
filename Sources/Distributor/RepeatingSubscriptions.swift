import CloudEvents
import Core
package import Ports
import Synchronization

/// Subscriptions of which what was done for chosen runs is handed out a second time, as happens when a connection
/// breaks before Keptn hears that something is done: for whoever checks an integration.
package final class RepeatingSubscriptions: Subscriptions {
    fileprivate struct State {
        /// Runs, by their context, of which nothing was handed out again yet.
        var chosen: Set<String> = []
        /// What was handed out of them and is not done.
        var underWay: [Position: Delivery] = [:]
        /// What is to be handed out again, by the subscription's name.
        var again: [String: [Delivery]] = [:]
        /// Runs of which something was handed out again.
        var repeated: Set<String> = []
        /// What was subscribed to so far.
        var heard: [SubscriptionFilter] = []
    }

    private let base: any Subscriptions
    fileprivate let state = Mutex(State())
    private let openings = PositionSignal()

    package init(_ base: any Subscriptions) { self.base = base }

    package func open(_ request: SubscriptionRequest) async throws -> any Subscription {
        let subscription = try await base.open(request)
        let count = state.withLock { state in
            state.heard.append(SubscriptionFilter(patterns: request.patterns))
            return state.heard.count
        }
        openings.advance(to: Position(Int64(count)))
        return RepeatingSubscription(name: request.name, base: subscription, owner: self)
    }

    package func begin(_ name: String) async throws { try await base.begin(name) }

    package func openDeliveries() async -> [String: Int] { await base.openDeliveries() }

    /// Returns when somebody has subscribed to events of this type, whatever their projects, stages and services.
    package func waitForSubscriber(of type: String) async throws {
        while true {
            let (isThere, count) = state.withLock { state in
                (
                    state.heard.contains { $0.matches(type: type, project: nil, stage: nil, service: nil) },
                    state.heard.count
                )
            }
            if isThere { return }
            try await openings.wait(for: Position(Int64(count + 1)))
        }
    }

    /// What is done of this run from now on is handed out once more, when its subscriber asks the next time.
    package func handOutAgain(_ context: String) { state.withLock { _ = $0.chosen.insert(context) } }

    package func wasHandedOutAgain(_ context: String) -> Bool { state.withLock { $0.repeated.contains(context) } }
}

private struct RepeatingSubscription: Subscription {
    let name: String
    let base: any Subscription
    let owner: RepeatingSubscriptions

    func next(upTo count: Int) async throws -> [Delivery] {
        let again = owner.state.withLock { state in
            let again = (state.again[name] ?? []).prefix(max(1, count))
            state.again[name]?.removeFirst(again.count)
            state.repeated.formUnion(again.compactMap(\.recorded.facts.context))
            return Array(again)
        }
        if !again.isEmpty { return again }
        let deliveries = try await base.next(upTo: count)
        owner.state.withLock { state in
            for delivery in deliveries {
                guard let context = delivery.recorded.facts.context, state.chosen.remove(context) != nil else {
                    continue
                }
                state.underWay[delivery.position] = delivery
            }
        }
        return deliveries
    }

    func settle(_ positions: [Position], sending events: [CloudEvent]) async throws {
        try await base.settle(positions, sending: events)
        noteDone(positions)
    }

    func pass(over positions: [Position]) async throws {
        try await base.pass(over: positions)
        noteDone(positions)
    }

    private func noteDone(_ positions: [Position]) {
        owner.state.withLock { state in
            for position in positions {
                guard let delivery = state.underWay.removeValue(forKey: position) else { continue }
                state.again[name, default: []].append(Delivery(delivery.recorded, isRepeated: true))
            }
        }
    }

    func leave() async throws { try await base.leave() }
}
