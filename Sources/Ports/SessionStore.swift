package import CloudEvents
package import Core

/// A login with a browser as it is kept: hashes, never what the browser holds.
package struct StoredSession: Sendable, Hashable {
    /// SHA-256 of the cookie's text, 32 bytes; unique.
    package var hash: [UInt8]
    package var holder: Holder
    package var createdAt: Timestamp
    /// The instant from which on it is worth nothing.
    package var expiresAt: Timestamp

    /// Who logged in.
    package enum Holder: Sendable, Hashable {
        /// The SHA-256 of their token: the session may what that token may, as long as it is worth anything.
        case token([UInt8])
        /// Somebody whom an identity provider vouched for, with the scopes that it named then.
        case person(name: String, issuer: String, scopes: Set<AccessScope>)
    }

    package init(hash: [UInt8], holder: Holder, createdAt: Timestamp, expiresAt: Timestamp) {
        self.hash = hash
        self.holder = holder
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
