package import Core
import KeptnKit
package import Logging
package import Ports
package import ServiceLifecycle

/// Posts events to the endpoints of push subscriptions, each at its own pace.
///
/// It hears: what subscriptions there are, and through each of them the log. It decides: what becomes of an answer, or
/// of none (`PushRetry` in Core). It answers: by settling what was delivered, and by keeping what could not be.
package final class PushService: Service, PushControl {
    private let store: any PushStore
    private let subscriptions: any Subscriptions
    private let requester: any HTTPRequester
    private let secrets: any SecretStore
    private let words: any EventWords
    private let time: any TimeSource
    private let random: @Sendable () -> Double

    private let progress = PushProgress()
    private let runners: SubscriptionRunners<PushSubscription>

    package init(
        store: any PushStore, subscriptions: any Subscriptions, requester: any HTTPRequester,
        secrets: any SecretStore, words: any EventWords, time: any TimeSource,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger
    ) {
        self.store = store
        self.subscriptions = subscriptions
        self.requester = requester
        self.secrets = secrets
        self.words = words
        self.time = time
        self.random = random
        runners = SubscriptionRunners("push subscription", time: time, random: random, logger: logger) {
            Dictionary(try await store.pushSubscriptions().map { ($0.name, $0) }) { $1 }
        }
    }

    // MARK: Running

    package func run() async throws {
        do { try await cancelWhenGracefulShutdown { try await self.runAll() } } catch is CancellationError {}
    }

    private func runAll() async throws {
        try await runners.run { [self] subscription in
            let runner = PushRunner(
                subscription: subscription, wanted: WantedTypes(subscription.events), store: store,
                subscriptions: subscriptions, requester: requester, secrets: secrets, words: words,
                time: time, random: random, progress: progress, changes: runners.changes)
            try await runner.run()
        } ended: { [progress] in
            progress.forget($0)
        }
    }
}

// MARK: - Being told

extension PushService {
    package func statuses() async throws -> [PushStatus] {
        let failures = try await store.failureCounts()
        return try await store.pushSubscriptions().map { subscription in
            progress.status(of: subscription, failures: failures[subscription.name] ?? 0)
        }
    }

    package func keep(_ subscription: PushSubscription) async throws {
        var subscription = subscription
        if let known = try await store.pushSubscriptions().first(where: { $0.name == subscription.name }) {
            if known.isLike(subscription) { return }
            subscription.id = known.id
        } else {
            // From here on it hears everything, whenever it is run.
            try await subscriptions.begin(subscription.cursorName)
        }
        try await store.save(subscription)
        runners.noteChange()
    }

    package func remove(_ name: String) async throws -> Bool {
        defer { runners.noteChange() }
        return try await store.deletePushSubscription(name)
    }

    package func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage {
        try await store.failures(of: name, offset: offset, limit: limit)
    }

    package func replay(_ name: String, _ positions: [Position]?) async throws -> Int {
        defer { runners.noteChange() }
        return try await store.requestReplay(of: name, positions)
    }
}

extension PushSubscription {
    /// The most events that are on their way to an endpoint at a time.
    private static let window = 16

    var request: SubscriptionRequest {
        SubscriptionRequest(
            name: cursorName, patterns: WantedTypes(events).canonical, projects: projects, stages: stages,
            services: services,
            window: Self.window)
    }
}
