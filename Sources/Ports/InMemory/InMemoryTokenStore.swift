package import CloudEvents
import Synchronization

/// API tokens for tests.
package final class InMemoryTokenStore: TokenStore {
    private let stored = Mutex<[[UInt8]: StoredToken]>([:])

    package init() {}

    package func tokens() async throws -> [StoredToken] {
        stored.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    package func add(_ token: StoredToken) async throws -> Bool {
        stored.withLock { stored in
            guard !stored.values.contains(where: { $0.name == token.name }) else { return false }
            stored[token.hash] = token
            return true
        }
    }

    package func replace(_ hash: [UInt8], by token: StoredToken) async throws -> Bool {
        stored.withLock { stored in
            guard stored.removeValue(forKey: hash) != nil else { return false }
            stored[token.hash] = token
            return true
        }
    }

    package func delete(_ hash: [UInt8]) async throws -> Bool {
        stored.withLock { $0.removeValue(forKey: hash) } != nil
    }

    package func noteUses(_ uses: [[UInt8]: Timestamp]) async throws {
        stored.withLock { stored in
            for (hash, time) in uses { stored[hash]?.lastUsedAt = time }
        }
    }
}
