import Synchronization

/// Sessions for tests.
package final class InMemorySessionStore: SessionStore {
    private let stored = Mutex<[StoredSession]>([])

    package init() {}

    package func sessions() async throws -> [StoredSession] {
        stored.withLock { $0.sorted { ($0.createdAt, $0.expiresAt) < ($1.createdAt, $1.expiresAt) } }
    }

    package func add(_ session: StoredSession) async throws {
        stored.withLock { $0.append(session) }
    }

    package func deleteSessions(_ hashes: [[UInt8]]) async throws {
        stored.withLock { $0.removeAll { hashes.contains($0.hash) } }
    }
}
