import CloudEvents
import Core
package import Logging
package import Ports
package import ServiceLifecycle

/// Reads the event log and writes every failure in it into the log of the integration that sent it (K §2.3.8).
///
/// How far it has read is stored with what it wrote. It may read a stretch again after a crash; a line that is there
/// already is not written twice.
package struct FailureCollector: Service {
    private let events: any EventLog
    private let uniform: Uniform
    private let time: any TimeSource
    private let logger: Logger

    private static let batch = 256
    /// How many events without a failure are read before the position is stored: so many may be read again.
    private static let unstoredMax: Int64 = 10_000
    private static let pause = Duration.seconds(5)

    package init(events: any EventLog, uniform: Uniform, time: any TimeSource, logger: Logger) {
        self.events = events
        self.uniform = uniform
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await collect()
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("failures are not collected now", metadata: ["error.message": "\(error)"])
                    try? await time.sleep(for: Self.pause)
                }
            }
        }
    }

    private func collect() async throws {
        var stored = try await uniform.log.position()
        var position = stored
        while true {
            let batch = try await events.events(after: position, limit: Self.batch)
            guard let last = batch.last else {
                try await events.waitForEvents(after: position) { LogEntry.isFailure($0.event) }
                continue
            }
            let entries = try await entries(batch.map(\.event))
            position = last.position
            guard !entries.isEmpty || position.value - stored.value >= Self.unstoredMax else { continue }
            try await uniform.log.append(entries, oldest: time.now - LogEntry.ageMax, readUpTo: position)
            stored = position
        }
    }

    private func entries(_ events: [CloudEvent]) async throws -> [LogEntry] {
        let now = time.now
        guard events.contains(where: LogEntry.isFailure) else { return [] }
        // A sender that never registered keeps its name.
        let ids = try await uniform.ids(at: now)
        return events.compactMap { LogEntry(of: $0, at: now) { ids[$0] ?? $0 } }
    }
}
