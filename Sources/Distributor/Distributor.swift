import CloudEvents
package import Logging
package import Ports

/// Hands the events of the log out to subscribers, in order, each at least once.
///
/// It hears: everything in the log. It decides: what each subscription is interested in, and how far it has come
/// (`SubscriptionFilter`, `DeliveryWindow` in Core). It answers: with deliveries; what is done is stored in one
/// transaction with the events that the subscriber sends.
package actor Distributor: Subscriptions {
    private let store: any EventLog & SubscriptionStore
    private let logger: Logger
    private var cursors: [String: DurableCursor] = [:]

    package init(store: any EventLog & SubscriptionStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    package func open(_ request: SubscriptionRequest) async throws -> any Subscription {
        let cursor = cursor(of: request.name)
        let session = try await cursor.open(request)
        logger.debug("a subscription was opened", metadata: ["keptn.subscription": "\(request.name)"])
        return OpenSubscription(cursor: cursor, client: request.client, session: session)
    }

    package func begin(_ name: String) async throws { try await cursor(of: name).begin() }

    package func openDeliveries() async -> [String: Int] {
        var counts: [String: Int] = [:]
        for (name, cursor) in cursors { counts[name] = await cursor.openCount }
        return counts
    }

    private func cursor(of name: String) -> DurableCursor {
        if let cursor = cursors[name] { return cursor }
        let cursor = DurableCursor(name: name, store: store)
        cursors[name] = cursor
        return cursor
    }
}

/// One subscriber's hold on a cursor; worthless for `next` as soon as its client opens the same one again.
struct OpenSubscription: Subscription {
    let cursor: DurableCursor
    let client: String
    let session: Int

    func next(upTo count: Int) async throws -> [Delivery] {
        try await cursor.next(upTo: count, client: client, session: session)
    }

    func settle(_ positions: [Position], sending events: [CloudEvent]) async throws {
        try await cursor.settle(positions, sending: events)
    }

    func pass(over positions: [Position]) async throws { try await cursor.pass(over: positions) }

    func leave() async throws { try await cursor.leave(client) }
}
