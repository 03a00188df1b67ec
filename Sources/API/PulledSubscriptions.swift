import Ports
import Synchronization

/// The subscriptions that are read over HTTP, open between one pull and the next.
final class PulledSubscriptions: Sendable {
    private let open = Mutex<[String: (request: SubscriptionRequest, subscription: any Subscription)]>([:])

    func known(_ name: String) -> (any Subscription)? { open.withLock { $0[name]?.subscription } }

    /// The open subscription, or a new one: for a client that has just started, or that wants to hear something else.
    func subscription(
        _ request: SubscriptionRequest, isNew: Bool, _ subscriptions: any Subscriptions
    ) async throws -> any Subscription {
        let known = open.withLock { $0[request.name] }
        if let known, !isNew, known.request == request { return known.subscription }
        let subscription = try await subscriptions.open(request)
        open.withLock { $0[request.name] = (request, subscription) }
        return subscription
    }
}
