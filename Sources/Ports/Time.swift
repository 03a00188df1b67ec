package import CloudEvents

/// The clock and the waiting of everything above the core. Injected, so that tests and the simulation own time.
package protocol TimeSource: Sendable {
    var now: Timestamp { get }

    /// Returns at or after the instant; at once when it has passed. Throws `CancellationError` when cancelled.
    func sleep(until instant: Timestamp) async throws
}

extension TimeSource {
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now + duration)
    }

    /// Runs the operation and gives up after `duration`: the operation is cancelled and `DeadlineExceeded` thrown.
    package func withDeadline<Value: Sendable>(
        _ duration: Duration, _ what: @autoclosure @escaping @Sendable () -> String,
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await self.sleep(for: duration)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw DeadlineExceeded(what: what(), after: duration)
            }
            return value
        }
    }
}

/// Something took longer than it was given.
package struct DeadlineExceeded: Error, Sendable, CustomStringConvertible {
    package let what: String
    package let after: Duration

    package init(what: String, after: Duration) {
        self.what = what
        self.after = after
    }

    package var description: String { "\(what) did not end within \(after)" }
}

/// Makes new identifiers.
package protocol IDSource: Sendable {
    /// A UUID in lower case.
    func newID() -> String
}
