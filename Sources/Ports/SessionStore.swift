package import CloudEvents

/// A login with a browser as it is kept: hashes, never what the browser holds.
package struct StoredSession: Sendable, Hashable {
    /// SHA-256 of the cookie's text, 32 bytes; unique.
    package var hash: [UInt8]
    /// SHA-256 of the token that was logged in with: the session may what that token may, as long as it is worth
    /// anything.
    package var token: [UInt8]
    package var createdAt: Timestamp
    /// The instant from which on it is worth nothing.
    package var expiresAt: Timestamp

    package init(hash: [UInt8], token: [UInt8], createdAt: Timestamp, expiresAt: Timestamp) {
        self.hash = hash
        self.token = token
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// Where sessions are kept. Durable when a function returns.
package protocol SessionStore: Sendable {
    /// All, oldest first; expired ones too.
    func sessions() async throws -> [StoredSession]
    func add(_ session: StoredSession) async throws
    /// Forgets those with these hashes; unknown ones are passed over.
    func deleteSessions(_ hashes: [[UInt8]]) async throws
}
