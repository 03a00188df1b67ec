package import Core
package import Logging
package import Ports
import Synchronization

/// Keeps something running for each of a set of subscriptions that changes meanwhile: for a new one it is begun, for
/// one that has changed begun anew, for one that is gone ended. What fails is tried again after longer and longer
/// pauses: only the machine can keep it from working.
package final class SubscriptionRunners<Item: Sendable & Hashable>: Sendable {
    private let what: String
    private let known: @Sendable () async throws -> [String: Item]
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger

    /// Advances whenever the set may have changed.
    package let changes = PositionSignal()
    private let running = Mutex<Set<String>>([])
    private static var pauses: Backoff { Backoff(first: .seconds(1), longest: .seconds(30)) }

    /// - Parameters:
    ///   - what: What the subscriptions are, for the log.
    ///   - known: The set as it is now, by name.
    package init(
        _ what: String, time: any TimeSource, random: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger, known: @escaping @Sendable () async throws -> [String: Item]
    ) {
        self.what = what
        self.known = known
        self.time = time
        self.random = random
        self.logger = logger
    }

    package func noteChange() { changes.advance(to: changes.position.next) }

    /// Until cancelled.
    ///
    /// - Parameters:
    ///   - body: What is done for a subscription, until cancelled.
    ///   - ended: Called with the name of a subscription that is gone.
    package func run(
        _ body: @escaping @Sendable (Item) async throws -> Void, ended: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while true {
                let seen = changes.position
                let names = try await patiently("reading \(what)s") { try await known().keys }
                for name in names where running.withLock({ $0.insert(name).inserted }) {
                    group.addTask {
                        defer {
                            _ = self.running.withLock { $0.remove(name) }
                            // Whoever made it anew in the meantime was not heard.
                            self.noteChange()
                        }
                        try await self.run(name, body, ended)
                    }
                }
                try await changes.wait(for: seen.next)
            }
        }
    }

    /// Until the subscription is no more.
    private func run(
        _ name: String, _ body: @escaping @Sendable (Item) async throws -> Void, _ ended: (String) -> Void
    ) async throws {
        while true {
            let seen = changes.position
            guard let item = try await item(name) else { return ended(name) }
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.patiently("\(self.what) '\(name)'") { try await body(item) } }
                group.addTask { try await self.waitForChange(of: item, name, since: seen) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private func item(_ name: String) async throws -> Item? {
        try await patiently("reading \(what)s") { try await known()[name] }
    }

    private func waitForChange(of item: Item, _ name: String, since seen: Position) async throws {
        var seen = seen
        while true {
            try await changes.wait(for: seen.next)
            seen = changes.position
            if try await self.item(name) != item { return }
        }
    }

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
}

extension Position {
    fileprivate var next: Position { Position(value + 1) }
}
