package import CloudEvents
package import Core

/// Posting events to endpoints, and what could not be delivered to them (implemented by distributor).
package protocol PushControl: Sendable {
    /// All, by name.
    func statuses() async throws -> [PushStatus]
    /// Keeps the subscription instead of the one of its name, which goes on where it was; a new one begins behind the
    /// newest event.
    func keep(_ subscription: PushSubscription) async throws
    /// Forgets the subscription and what it failed to deliver. False when there is none of this name.
    func remove(_ name: String) async throws -> Bool
    /// What could not be delivered, oldest first; nil for that of all subscriptions.
    func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage
    /// Delivers again what could not be delivered, in the background.
    ///
    /// - Parameter positions: nil for everything.
    /// - Returns: How many there are.
    func replay(_ name: String, _ positions: [Position]?) async throws -> Int
}

/// A subscription and how it fares.
package struct PushStatus: Sendable, Hashable {
    package var subscription: PushSubscription
    /// Events that could not be delivered and were not replayed since.
    package var failures: Int
    /// Since the start of the server.
    package var delivered: Int
    package var lastDeliveredAt: Timestamp?
    /// Why the last attempt failed; nil when it did not.
    package var trouble: String?

    package init(
        _ subscription: PushSubscription, failures: Int, delivered: Int = 0, lastDeliveredAt: Timestamp? = nil,
        trouble: String? = nil
    ) {
        self.subscription = subscription
        self.failures = failures
        self.delivered = delivered
        self.lastDeliveredAt = lastDeliveredAt
        self.trouble = trouble
    }
}

/// An event that was given up for a subscription.
package struct FailedDelivery: Sendable, Hashable {
    /// The subscription's name.
    package var subscription: String
    package var recorded: RecordedEvent
    /// Attempts of the last try.
    package var attempts: Int
    package var reason: String
    package var failedAt: Timestamp

    package init(
        subscription: String, recorded: RecordedEvent, attempts: Int, reason: String, failedAt: Timestamp
    ) {
        self.subscription = subscription
        self.recorded = recorded
        self.attempts = attempts
        self.reason = reason
        self.failedAt = failedAt
    }
}

package struct FailurePage: Sendable, Hashable {
    package var failures: [FailedDelivery]
    /// On all pages.
    package var total: Int

    package init(failures: [FailedDelivery], total: Int) {
        self.failures = failures
        self.total = total
    }
}

/// Where push subscriptions and failed deliveries are kept. Durable when a function returns.
package protocol PushStore: Sendable {
    /// All, by name.
    func pushSubscriptions() async throws -> [PushSubscription]
    /// Keeps it instead of the one of its name.
    func save(_ subscription: PushSubscription) async throws
    /// Removes it together with its failures and its progress; false when there was none.
    func deletePushSubscription(_ name: String) async throws -> Bool

    /// Keeps the failure instead of an earlier one of this event; nothing for a subscription that is no more. It does
    /// not wait for a replay.
    func save(_ failure: FailedDelivery) async throws
    /// False when there was none.
    func deleteFailure(of name: String, at position: Position) async throws -> Bool
    /// In the order of the log; nil for all subscriptions.
    func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage
    /// How many each subscription has, by its name.
    func failureCounts() async throws -> [String: Int]
    /// Lets failures wait for a replay, all for nil; the number of those that wait by this.
    func requestReplay(of name: String, _ positions: [Position]?) async throws -> Int
    /// Those that wait for a replay, in the order of the log.
    func failuresToReplay(of name: String, limit: Int) async throws -> [FailedDelivery]
}
