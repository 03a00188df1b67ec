package import CloudEvents
package import KeptnModel
package import Ports

/// Keptn in the same process: the ports themselves.
package struct InProcessControlPlane: ControlPlane {
    private let subscriptions: any Subscriptions
    private let log: any EventLog
    private let queries: any EventQueries
    private let configuration: any Configuration
    private let secrets: any SecretStore

    /// Keptn's scope for everybody (K §2.12).
    private static let secretScope = "keptn-default"

    package init(
        subscriptions: any Subscriptions, log: any EventLog, queries: any EventQueries,
        configuration: any Configuration, secrets: any SecretStore
    ) {
        self.subscriptions = subscriptions
        self.log = log
        self.queries = queries
        self.configuration = configuration
        self.secrets = secrets
    }

    package func subscribe(_ interest: Interest) async throws -> any EventSubscription {
        let request = SubscriptionRequest(
            name: interest.name, patterns: interest.patterns, projects: interest.projects, stages: interest.stages,
            services: interest.services, window: interest.window)
        return InProcessSubscription(subscription: try await translated { try await subscriptions.open(request) })
    }

    package func send(_ events: [CloudEvent]) async throws {
        try await translated { _ = try await log.append(events) }
    }

    package func answer(to triggeredID: String, type: String, context: String) async throws -> CloudEvent? {
        var query = EventQuery()
        query.triggeredID = triggeredID
        query.type = type
        query.context = context
        return try await translated { try await queries.events(query).last?.event }
    }

    package func file(_ path: String, of scope: Scope, commit: String?) async throws -> [UInt8]? {
        try await translated {
            for place in ConfigurationPlace(scope).fallbacks {
                if let file = try await configuration.file(path, at: place, commit: commit) { return file.bytes }
            }
            return nil
        }
    }

    package func secret(_ name: String) async throws -> [String: String]? {
        try await translated { try await secrets.values(of: SecretName(name, scope: Self.secretScope)) }
    }
}

private struct InProcessSubscription: EventSubscription {
    let subscription: any Subscription

    func receive(upTo count: Int) async throws -> [ReceivedEvent] {
        try await translated { try await subscription.next(upTo: count) }
            .map { ReceivedEvent(position: $0.position.value, event: $0.event, isRepeated: $0.isRepeated) }
    }

    func settle(_ positions: [Int64], sending events: [CloudEvent]) async throws {
        try await translated { try await subscription.settle(positions.map { Position($0) }, sending: events) }
    }

    func pass(over positions: [Int64]) async throws {
        try await translated { try await subscription.pass(over: positions.map { Position($0) }) }
    }
}

/// Says of an error of ours whether trying again helps.
private func translated<Value>(_ operation: () async throws -> Value) async throws -> Value {
    do {
        return try await operation()
    } catch let error as KeptnError {
        let kind: ControlPlaneError.Kind =
            switch error.code {
            case .conflict: .takenOver
            case .notFound: .notFound
            case .unavailable, .tooManyRequests, .internalFailure: .unavailable
            default: .rejected
            }
        throw ControlPlaneError(kind, error.message)
    }
}
