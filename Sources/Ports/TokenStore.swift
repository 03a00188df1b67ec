package import CloudEvents
package import Core

/// An API token as it is kept: its hash, never itself.
package struct StoredToken: Sendable, Hashable {
    /// Unique.
    package var name: String
    /// SHA-256, 32 bytes; unique.
    package var hash: [UInt8]
    package var grant: Grant
    package var createdAt: Timestamp
    package var lastUsedAt: Timestamp?

    package init(
        name: String, hash: [UInt8], grant: Grant, createdAt: Timestamp, lastUsedAt: Timestamp? = nil
    ) {
        self.name = name
        self.hash = hash
        self.grant = grant
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// Where API tokens are kept. Durable when a function returns.
package protocol TokenStore: Sendable {
    /// All, sorted by name.
    func tokens() async throws -> [StoredToken]
    /// False, and nothing changes, when there is one of this name.
    func add(_ token: StoredToken) async throws -> Bool
    /// Keeps a token instead of the one with the hash; false when there is none with that hash.
    func replace(_ hash: [UInt8], by token: StoredToken) async throws -> Bool
    /// False when there was none.
    func delete(_ hash: [UInt8]) async throws -> Bool
    /// Notes when tokens were last used, by hash; unknown ones are passed over.
    func noteUses(_ uses: [[UInt8]: Timestamp]) async throws
}
