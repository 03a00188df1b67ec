import CloudEvents
package import Core
package import Ports

/// What the API knows about integrations: those of the store, and those that are part of this server.
package struct Uniform: Sendable {
    let store: any UniformStore
    let log: any IntegrationLog
    let reports: any EventReports
    /// They neither come nor go, and say themselves what they hear.
    private let embedded: [UniformIntegration]
    private let webhooks: any WebhookSubscriber

    package init(
        store: any UniformStore, log: any IntegrationLog, reports: any EventReports, embedded: [UniformIntegration],
        webhooks: any WebhookSubscriber
    ) {
        self.store = store
        self.log = log
        self.reports = reports
        self.embedded = embedded
        self.webhooks = webhooks
    }

    /// All that are there now.
    func integrations(at now: Timestamp) async throws -> [UniformIntegration] {
        var registry = try await store.registry()
        registry.forgetSilent(at: now)
        let stored = registry.sorted.map { integration in
            var integration = integration
            if integration.name == UniformRegistry.webhookService { integration.metadata.lastSeen = now }
            return integration
        }
        return UniformRegistry(stored + embedded.compactMap { isEmbedded($0.id, at: now) }).sorted
    }

    /// The ids of integrations by their names; the most recently seen of a name wins.
    func ids(at now: Timestamp) async throws -> [String: String] {
        let known = try await integrations(at: now).sorted { $0.metadata.lastSeen < $1.metadata.lastSeen }
        return Dictionary(known.map { ($0.name, $0.id) }) { $1 }
    }

    /// The integration of this id if it is part of this server, seen now.
    func isEmbedded(_ id: String, at now: Timestamp) -> UniformIntegration? {
        guard var integration = embedded.first(where: { $0.id == id }) else { return nil }
        integration.metadata.lastSeen = now
        return integration
    }

    /// Changes the registry, in which nobody is left who was silent for too long.
    func change<Value: Sendable>(
        at now: Timestamp, _ body: @escaping @Sendable (inout UniformRegistry) throws -> Value
    ) async throws -> Value {
        let (value, isForWebhooks) = try await store.change { registry in
            registry.forgetSilent(at: now)
            let before = registry.webhookSubscriptions
            let value = try body(&registry)
            return (value, registry.webhookSubscriptions != before)
        }
        if isForWebhooks { try await webhooks.subscriptionsChanged() }
        return value
    }
}
