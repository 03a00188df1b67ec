package import Core
package import Logging
package import Ports
package import ServiceLifecycle
import Synchronization

/// Posts events to the endpoints of push subscriptions, each at its own pace.
///
/// It hears: what subscriptions there are, and through each of them the log. It decides: what becomes of an answer, or
/// of none (`PushRetry` in Core). It answers: by settling what was delivered, and by keeping what could not be.
package final class PushService: Service, PushControl {
    private let store: any PushStore
    private let subscriptions: any Subscriptions
    private let requester: any HTTPRequester
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger

    private let progress = PushProgress()
    private let running = Mutex<Set<String>>([])
    /// Advances whenever what is stored has changed.
    private let changes = PositionSignal()
    private static let pauses = Backoff(first: .seconds(1), longest: .seconds(30))

    package init(
        store: any PushStore, subscriptions: any Subscriptions, requester: any HTTPRequester, time: any TimeSource,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger
    ) {
        self.store = store
        self.subscriptions = subscriptions
        self.requester = requester
        self.time = time
        self.random = random
        self.logger = logger
    }

    // MARK: Running

    package func run() async throws {
        do { try await cancelWhenGracefulShutdown { try await self.runAll() } } catch is CancellationError {}
    }

    private func runAll() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let seen = changes.position
                let names = try await patiently("reading push subscriptions") {
                    try await store.pushSubscriptions().map(\.name)
                }
                for name in names where running.withLock({ $0.insert(name).inserted }) {
                    group.addTask {
                        try await self.run(name)
                        // Whoever made it anew in the meantime was not heard.
                        _ = self.running.withLock { $0.remove(name) }
                        self.noteChange()
                    }
                }
                try await changes.wait(for: seen.next)
            }
        }
    }

    /// Until the subscription is no more.
    private func run(_ name: String) async throws {
        while true {
            let seen = changes.position
            let stored = try await patiently("reading push subscriptions") {
                try await store.pushSubscriptions().first { $0.name == name }
            }
            guard let stored else { return progress.forget(name) }
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.deliver(to: stored) }
                group.addTask { try await self.waitForChange(of: stored, since: seen) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func deliver(to subscription: PushSubscription) async throws {
        let runner = PushRunner(
            subscription: subscription, store: store, subscriptions: subscriptions, requester: requester, time: time,
            random: random, progress: progress, changes: changes)
        try await patiently("delivering to '\(subscription.name)'") { try await runner.run() }
    }

    private func waitForChange(of subscription: PushSubscription, since seen: Position) async throws {
        var seen = seen
        while true {
            try await changes.wait(for: seen.next)
            seen = changes.position
            let now = try await patiently("reading push subscriptions") {
                try await store.pushSubscriptions().first { $0.name == subscription.name }
            }
            if now != subscription { return }
        }
    }

    /// Tries again, after longer and longer pauses, what only the machine can keep from working.
    private func patiently<Value: Sendable>(
        _ what: String, _ operation: () async throws -> Value
    ) async throws -> Value {
        var failures = 0
        while true {
            do {
                return try await operation()
            } catch {
                try Task.checkCancellation()
                failures += 1
                logger.warning("\(what) failed and is tried again", metadata: ["error.message": "\(error)"])
                try await time.sleep(for: Self.pauses.delay(attempt: failures, random: random()))
            }
        }
    }

    private func noteChange() { changes.advance(to: changes.position.next) }
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
            _ = try await subscriptions.open(subscription.request)
        }
        try await store.save(subscription)
        noteChange()
    }

    package func remove(_ name: String) async throws -> Bool {
        defer { noteChange() }
        return try await store.deletePushSubscription(name)
    }

    package func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage {
        try await store.failures(of: name, offset: offset, limit: limit)
    }

    package func replay(_ name: String, _ positions: [Position]?) async throws -> Int {
        defer { noteChange() }
        return try await store.requestReplay(of: name, positions)
    }
}

extension PushSubscription {
    /// The most events that are on their way to an endpoint at a time.
    private static let window = 16

    var request: SubscriptionRequest {
        SubscriptionRequest(
            name: cursorName, patterns: events, projects: projects, stages: stages, services: services,
            window: Self.window)
    }
}

extension Position {
    fileprivate var next: Position { Position(value + 1) }
}
