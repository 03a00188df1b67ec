package import Core

/// Makes the requests of webhooks.
package protocol WebhookRequester: Sendable {
    /// What became of the request, with its redirects. Throws only `CancellationError`.
    func make(_ request: WebhookRequest) async throws -> WebhookRun.Outcome
}

/// Hears the events of the subscriptions that users make for it in the uniform (implemented by webhook-service).
package protocol WebhookSubscriber: Sendable {
    /// The subscriptions have changed: from its return on no event of a new one is missed.
    func subscriptionsChanged() async throws
}
