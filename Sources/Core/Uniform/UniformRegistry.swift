package import CloudEvents

/// The integrations that Keptn knows, and the rules by which they come, merge and go (K §2.3.8).
package struct UniformRegistry: Sendable, Hashable {
    /// An integration that was silent for so long is gone.
    package static let silenceMax = Duration.seconds(48 * 3600)
    /// The integration whose subscriptions users make, each for one project.
    package static let webhookService = "webhook-service"

    /// By id.
    package private(set) var integrations: [String: UniformIntegration]

    package init(_ integrations: [UniformIntegration] = []) {
        self.integrations = Dictionary(integrations.map { ($0.id, $0) }) { first, _ in first }
    }

    package subscript(id: String) -> UniformIntegration? { integrations[id] }

    /// Sorted by name and id.
    package var sorted: [UniformIntegration] {
        integrations.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    /// What users have subscribed the webhook-service to, by id.
    package var webhookSubscriptions: [String: UniformSubscription] {
        let all = integrations.values.filter { $0.name == Self.webhookService }.flatMap(\.subscriptions)
        return Dictionary(all.map { ($0.id, $0) }) { $1 }
    }

    /// Forgets those that were silent for too long; the webhook-service is part of every server.
    package mutating func forgetSilent(at now: Timestamp) {
        integrations = integrations.filter {
            $0.value.name == Self.webhookService || now - $0.value.metadata.lastSeen <= Self.silenceMax
        }
    }

    /// Takes an integration in. Those of the same name and namespace are one: the most recently seen keeps its id and
    /// gets the subscriptions of the others; what the newcomer brings counts only where none were stored.
    package mutating func register(_ newcomer: UniformIntegration) -> (id: String, isNew: Bool) {
        let twins = integrations.values
            .filter { $0.name == newcomer.name && $0.metadata.namespace == newcomer.metadata.namespace }
            .sorted { ($0.metadata.lastSeen, $0.id) > ($1.metadata.lastSeen, $1.id) }
        guard let kept = twins.first else {
            integrations[newcomer.id] = newcomer
            return (newcomer.id, true)
        }
        var merged = newcomer
        merged.id = kept.id
        let stored = twins.flatMap(\.subscriptions)
        if !stored.isEmpty {
            merged.subscriptions = stored.reduce(into: []) { all, one in
                if !all.contains(where: { $0.isTwin(of: one) }) { all.append(one) }
            }
        }
        for twin in twins { integrations[twin.id] = nil }
        integrations[merged.id] = merged
        return (merged.id, false)
    }

    /// Notes that an integration is there; nil when nobody knows it.
    package mutating func ping(_ id: String, at now: Timestamp) -> UniformIntegration? {
        integrations[id]?.metadata.lastSeen = now
        return integrations[id]
    }

    package mutating func remove(_ id: String) { integrations[id] = nil }

    /// Adds a subscription, or replaces the one of its id; false when nobody knows the integration.
    package mutating func subscribe(_ id: String, to subscription: UniformSubscription) -> Bool {
        guard var integration = integrations[id] else { return false }
        if let index = integration.subscriptions.firstIndex(where: { $0.id == subscription.id }) {
            integration.subscriptions[index] = subscription
        } else {
            integration.subscriptions.append(subscription)
        }
        integrations[id] = integration
        return true
    }

    package mutating func unsubscribe(_ id: String, from subscription: String) {
        integrations[id]?.subscriptions.removeAll { $0.id == subscription }
    }
}

/// Which integrations; nil means any.
package struct UniformFilter: Sendable, Hashable {
    package var id: String?
    package var name: String?
    /// Named by one of the integration's subscriptions, as in Keptn 1.4.5; one that hears all projects names none.
    package var project: String?
    package var stage: String?
    package var service: String?

    package init(
        id: String? = nil, name: String? = nil, project: String? = nil, stage: String? = nil, service: String? = nil
    ) {
        self.id = id
        self.name = name
        self.project = project
        self.stage = stage
        self.service = service
    }

    package func matches(_ integration: UniformIntegration) -> Bool {
        func isNamed(_ name: String?, _ names: (UniformSubscription) -> [String]) -> Bool {
            guard let name else { return true }
            return integration.subscriptions.contains { names($0).contains(name) }
        }
        return (id ?? integration.id) == integration.id && (name ?? integration.name) == integration.name
            && isNamed(project, \.projects) && isNamed(stage, \.stages) && isNamed(service, \.services)
    }
}
