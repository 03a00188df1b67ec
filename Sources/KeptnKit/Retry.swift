package import Core
package import Logging
package import Ports

/// Trying again while Keptn is not available.
package struct Retry: Sendable {
    package var backoff: Backoff
    package var time: any TimeSource
    /// 0 ..< 1.
    package var random: @Sendable () -> Double
    package var logger: Logger

    package init(
        backoff: Backoff = Backoff(), time: any TimeSource,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }, logger: Logger
    ) {
        self.backoff = backoff
        self.time = time
        self.random = random
        self.logger = logger
    }

    /// Repeats the operation until it succeeds. Throws what is no use repeating: `ControlPlaneError` of another kind
    /// than `unavailable`, and `CancellationError`.
    package func untilAvailable<Value: Sendable>(
        _ what: String, _ operation: () async throws -> Value
    ) async throws -> Value {
        var attempt = 0
        while true {
            do {
                return try await operation()
            } catch let error as ControlPlaneError where error.kind != .unavailable {
                throw error
            } catch {
                try Task.checkCancellation()
                attempt += 1
                logger.warning(
                    "Keptn is not available, trying again",
                    metadata: ["operation": "\(what)", "attempt": "\(attempt)", "error.message": "\(error)"])
                try await time.sleep(for: backoff.delay(attempt: attempt, random: random()))
            }
        }
    }
}
