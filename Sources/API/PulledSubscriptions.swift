import CloudEvents
import Ports
import Synchronization

/// The subscriptions that are read over HTTP, open between one pull and the next. Several clients may share one: each
/// is handed what no other holds, and what one holds that is not heard of any more goes to the others.
final class PulledSubscriptions: Sendable {
    /// So long after its last pull or settling a client is not heard of any more.
    static let silenceMax = Duration.seconds(30)

    private struct Open {
        let request: SubscriptionRequest
        let subscription: any Subscription
        /// Pulls that wait for something.
        var pulls = 0
        var lastSeen: Timestamp
    }

    /// By the subscription's name, and by client.
    private let open = Mutex<[String: [String: Open]]>([:])
    private let subscriptions: any Subscriptions

    init(_ subscriptions: any Subscriptions) { self.subscriptions = subscriptions }

    /// The open subscription, by which whatever is held can be settled; notes that the client is there.
    func known(_ name: String, client: String, at now: Timestamp) -> (any Subscription)? {
        open.withLock { open in
            open[name]?[client]?.lastSeen = now
            return (open[name]?[client] ?? open[name]?.values.first)?.subscription
        }
    }

    func isOpen(_ request: SubscriptionRequest) -> Bool {
        open.withLock { $0[request.name]?[request.client] != nil }
    }

    /// Pulls from the open subscription, or from a new one: for a client that has just started, or that wants to hear
    /// something else.
    func pull<Result>(
        _ request: SubscriptionRequest, isNew: Bool, now: () -> Timestamp,
        _ body: (any Subscription) async throws -> Result
    ) async throws -> Result {
        try await letSilentOnesLeave(besides: request, at: now())
        let subscription = try await subscription(request, isNew: isNew, at: now())
        note(request, at: now(), pulls: 1)
        defer { note(request, at: now(), pulls: -1) }
        return try await body(subscription)
    }

    /// A new subscription, whose reader says by `note` every now and then that it is still there.
    func open(_ request: SubscriptionRequest, now: Timestamp) async throws -> any Subscription {
        try await letSilentOnesLeave(besides: request, at: now)
        return try await subscription(request, isNew: true, at: now)
    }

    private func subscription(
        _ request: SubscriptionRequest, isNew: Bool, at now: Timestamp
    ) async throws -> any Subscription {
        let known = open.withLock { $0[request.name]?[request.client] }
        if let known, !isNew, known.request == request { return known.subscription }
        let subscription = try await subscriptions.open(request)
        open.withLock {
            $0[request.name, default: [:]][request.client] = Open(
                request: request, subscription: subscription, pulls: known?.pulls ?? 0, lastSeen: now)
        }
        return subscription
    }

    /// The client is there.
    ///
    /// - Parameter pulls: By how many more it waits for something.
    func note(_ request: SubscriptionRequest, at now: Timestamp, pulls: Int = 0) {
        open.withLock { open in
            open[request.name]?[request.client]?.lastSeen = now
            open[request.name]?[request.client]?.pulls += pulls
        }
    }

    private func letSilentOnesLeave(besides request: SubscriptionRequest, at now: Timestamp) async throws {
        let silent = open.withLock { open in
            let silent = (open[request.name] ?? [:]).filter { client, its in
                client != request.client && its.pulls <= 0 && now - its.lastSeen > Self.silenceMax
            }
            for client in silent.keys { open[request.name]?[client] = nil }
            return silent
        }
        for (client, its) in silent {
            do {
                try await its.subscription.leave()
            } catch {
                open.withLock { open in
                    if open[request.name]?[client] == nil { open[request.name]?[client] = its }
                }
                throw error
            }
        }
    }
}
