package import Core
import KeptnKit
package import Logging
package import Ports
package import ServiceLifecycle

/// Calls the HTTP services that `webhook/webhook.yaml` files name (K §2.11).
///
/// It hears: the events of the subscriptions that users have made for it, each through a durable cursor of its own.
/// `WebhookRun` and `TargetPolicy` decide. It answers: with `.started` before the first request, and with `.finished`
/// in one transaction with the note that the event is done.
///
/// A request is made again when the process ended before its event was done, then with the header `Keptn-Repeated`.
package final class WebhookService: Service, WebhookSubscriber {
    package static let name = UniformRegistry.webhookService

    /// What it works with.
    package struct Parts: Sendable {
        package var uniform: any UniformStore
        package var subscriptions: any Subscriptions
        package var events: any EventLog
        package var configuration: any Configuration
        package var secrets: any SecretStore
        package var requester: any WebhookRequester
        package var failures: any IntegrationLog
        package var time: any TimeSource
        package var logger: Logger

        package init(
            uniform: any UniformStore, subscriptions: any Subscriptions, events: any EventLog,
            configuration: any Configuration, secrets: any SecretStore, requester: any WebhookRequester,
            failures: any IntegrationLog, time: any TimeSource, logger: Logger
        ) {
            self.uniform = uniform
            self.subscriptions = subscriptions
            self.events = events
            self.configuration = configuration
            self.secrets = secrets
            self.requester = requester
            self.failures = failures
            self.time = time
            self.logger = logger
        }
    }

    private let parts: Parts
    private let runners: SubscriptionRunners<UniformSubscription>

    package init(_ parts: Parts) {
        self.parts = parts
        runners = SubscriptionRunners("webhook subscription", time: parts.time, logger: parts.logger) {
            try await parts.uniform.registry().webhookSubscriptions
        }
    }

    /// Makes itself known, so that users can subscribe it to events.
    package func register(_ integration: UniformIntegration) async throws {
        try await parts.uniform.change { _ = $0.register(integration) }
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                try await runners.run { try await self.hear($0) }
            }
        } catch is CancellationError {}
    }

    package func subscriptionsChanged() async throws {
        for subscription in try await parts.uniform.registry().webhookSubscriptions.values {
            try await parts.subscriptions.begin(subscription.request.name)
        }
        runners.noteChange()
    }

    private func hear(_ subscription: UniformSubscription) async throws {
        let worker = WebhookWorker(parts: parts, subscriptionID: subscription.id)
        let request = subscription.request
        let open = try await parts.subscriptions.open(request)
        try await open.deliverInOrder(window: request.window) { try await worker.answers(to: $0) }
    }
}

extension UniformSubscription {
    /// The most events of a subscription that are being worked on at a time.
    private static let window = 16

    fileprivate var request: SubscriptionRequest {
        SubscriptionRequest(
            name: webhookName, patterns: [event], projects: projects, stages: stages, services: services,
            window: Self.window)
    }
}
