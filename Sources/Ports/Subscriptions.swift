package import CloudEvents

/// Durable subscriptions to the event log (implemented by distributor).
package protocol Subscriptions: Sendable {
    /// Opens a subscription. One that is new begins behind the newest event; one that is known goes on where it was:
    /// first the deliveries that were never settled, then what came since. Opening a name that is open takes over what
    /// the same client had: what it has not settled is handed out again, and `next` of its earlier subscription throws
    /// `KeptnError.conflict`. What other clients hold stays with them.
    func open(_ request: SubscriptionRequest) async throws -> any Subscription

    /// Lets a subscription that is new begin behind the newest event, for who opens it later; one that is known stays
    /// as it is.
    func begin(_ name: String) async throws

    /// How many deliveries of each subscription that was opened by this process are not settled; by its name.
    func openDeliveries() async -> [String: Int]
}

/// What a subscriber wants to hear.
package struct SubscriptionRequest: Sendable, Hashable {
    package var name: String
    /// Who of those that share the subscription.
    package var client: String
    /// Event types; `*` stands for one word between dots, `>` at the end for one or more.
    package var patterns: [String]
    /// Only events of these; empty for all.
    package var projects: [String]
    package var stages: [String]
    package var services: [String]
    /// The most deliveries that are handed out and not settled.
    package var window: Int

    package static let windowDefault = 256

    package init(
        name: String, client: String = "", patterns: [String], projects: [String] = [], stages: [String] = [],
        services: [String] = [], window: Int = windowDefault
    ) {
        self.name = name
        self.client = client
        self.patterns = patterns
        self.projects = projects
        self.stages = stages
        self.services = services
        self.window = window
    }
}

/// An event on its way to a subscriber.
package struct Delivery: Sendable, Hashable {
    package let recorded: RecordedEvent
    /// It may have been handed out before, to somebody who was not heard of again.
    package let isRepeated: Bool

    package init(_ recorded: RecordedEvent, isRepeated: Bool) {
        self.recorded = recorded
        self.isRepeated = isRepeated
    }

    package var position: Position { recorded.position }
    package var event: CloudEvent { recorded.event }
}

/// An open subscription. Deliveries come in the order of the log, each at least once.
package protocol Subscription: Sendable {
    /// The next deliveries, at most `count`: waits until there is one and the window has room. For one caller at a
    /// time. Throws `CancellationError` when cancelled.
    func next(upTo count: Int) async throws -> [Delivery]

    /// Marks deliveries as done and appends events, both in one transaction (`EventLog.commit`). Positions that are not
    /// open (any more) and events that the log has already change nothing.
    func settle(_ positions: [Position], sending events: [CloudEvent]) async throws

    /// Marks deliveries as left alone: nothing was done about them. That is stored later, with what is settled next or
    /// when there are many; after a crash they may be delivered again.
    func pass(over positions: [Position]) async throws

    /// Ends this subscription: what its client has not settled is handed out again, to others. `next` throws
    /// `KeptnError.conflict` from now on.
    func leave() async throws
}
