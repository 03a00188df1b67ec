import CloudEvents
import Core
package import Ports
import Synchronization

/// Writes orphans into the log of the integrations that sent them, and counts them.
package final class OrphanLog: OrphanListener {
    private let uniform: Uniform
    private let time: any TimeSource
    private let noted = Mutex(0)

    package init(_ uniform: Uniform, time: any TimeSource) {
        self.uniform = uniform
        self.time = time
    }

    /// Since the start of the server.
    package var count: Int { noted.withLock { $0 } }

    package func note(orphans: [RecordedEvent]) async throws {
        let now = time.now
        let ids = try await uniform.ids(at: now)
        let entries = orphans.map { LogEntry(orphan: $0.event, at: now) { ids[$0] ?? $0 } }
        try await uniform.log.append(entries, oldest: now - LogEntry.ageMax, readUpTo: nil)
        noted.withLock { $0 += orphans.count }
    }
}
