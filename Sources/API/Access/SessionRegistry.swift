import CloudEvents
import Core
package import Ports
import Synchronization

/// Logins with a browser. A session that a token opened may what that token may now, and ends with it; one that an
/// identity provider vouched for may what was said then. All of them are in memory, as the tokens are.
package final class SessionRegistry: Sendable {
    /// A session ends after so long, used or not.
    package static let age = Duration.seconds(12 * 3600)
    /// A one-time code opens a session within this time or never.
    static let codeAge = Duration.seconds(120)
    /// The oldest ones end when there are more.
    private static let sessionsMax = 10_000
    private static let codesMax = 100

    private struct Code {
        let hash: [UInt8]
        let token: [UInt8]
        let expiresAt: Timestamp
    }

    private struct State {
        var sessions: [[UInt8]: StoredSession] = [:]
        var codes: [Code] = []
    }

    private let tokens: TokenRegistry
    private let issuer: String?
    private let store: any SessionStore
    private let time: any TimeSource
    private let state: Mutex<State>

    /// - Parameter issuer: the identity provider whose people may be logged in; nil for none.
    package init(
        tokens: TokenRegistry, issuer: String? = nil, store: any SessionStore, time: any TimeSource
    ) async throws {
        self.tokens = tokens
        self.issuer = issuer
        self.store = store
        self.time = time
        let all = try await store.sessions()
        state = Mutex(State(sessions: Dictionary(all.map { ($0.hash, $0) }, uniquingKeysWith: { $1 })))
    }

    // MARK: - Asking

    /// Who a session's text stands for; nil for a text that is none (any more). An expired token is its caller's
    /// business, as the token itself is.
    func holder(of text: String) -> (session: StoredSession, caller: Caller)? {
        let hash = Secret.hash(of: text)
        guard let session = state.withLock({ $0.sessions[hash] }), session.expiresAt > time.now,
            let caller = caller(of: session)
        else { return nil }
        return (session, caller)
    }

    /// Nil when the token was revoked, and when the provider is no more the one that is believed.
    private func caller(of session: StoredSession) -> Caller? {
        switch session.holder {
        case .token(let hash): tokens.token(hashed: hash).map { Caller(name: $0.name, grant: $0.grant) }
        case .person(let name, let issuer, let scopes):
            issuer == self.issuer ? Caller(name: name, grant: Grant(scopes: scopes)) : nil
        }
    }

    // MARK: - Opening and closing

    /// A new session of a token, and its text, which only the browser's cookie has from now on.
    /// Throws `KeptnError.unauthorized` for a text that is no token of ours.
    func open(token text: String) async throws -> (session: StoredSession, text: String) {
        guard let token = tokens.token(text) else {
            throw KeptnError(.unauthorized, "only a token of this server opens a session")
        }
        return try await open(.token(token.hash))
    }

    /// A new session of somebody whom the identity provider has just vouched for.
    func open(person: Caller, issuer: String) async throws -> (session: StoredSession, text: String) {
        try await open(.person(name: person.name, issuer: issuer, scopes: person.grant.scopes))
    }

    /// A text that opens one session of this token, once and soon: to hand a login over to a browser.
    /// Throws as `open` does.
    func code(token text: String) throws -> (text: String, expiresAt: Timestamp) {
        guard let token = tokens.token(text) else {
            throw KeptnError(.unauthorized, "only a token of this server opens a session")
        }
        let (text, now) = (Secret.newText(), time.now)
        let expiresAt = now + Self.codeAge
        let code = Code(hash: Secret.hash(of: text), token: token.hash, expiresAt: expiresAt)
        state.withLock { state in
            state.codes.removeAll { $0.expiresAt <= now }
            state.codes = state.codes.suffix(Self.codesMax - 1) + [code]
        }
        return (text, expiresAt)
    }

    /// Throws `KeptnError.unauthorized` for a code that is none, was used, or has expired.
    func open(code text: String) async throws -> (session: StoredSession, text: String) {
        let hash = Secret.hash(of: text)
        let code = state.withLock { state in
            state.codes.firstIndex { $0.hash == hash }.map { state.codes.remove(at: $0) }
        }
        guard let code, code.expiresAt > time.now, tokens.token(hashed: code.token) != nil else {
            throw KeptnError(.unauthorized, "this login link was used already or is too old; ask 'keptn bridge' again")
        }
        return try await open(.token(code.token))
    }

    func close(_ session: StoredSession) async throws {
        // In memory first: whatever happens to the disk, it opens nothing until the next start.
        _ = state.withLock { $0.sessions.removeValue(forKey: session.hash) }
        try await store.deleteSessions([session.hash])
    }

    private func open(_ holder: StoredSession.Holder) async throws -> (session: StoredSession, text: String) {
        let (text, now) = (Secret.newText(), time.now)
        let session = StoredSession(
            hash: Secret.hash(of: text), holder: holder, createdAt: now, expiresAt: now + Self.age)
        try await store.add(session)
        let ended = state.withLock { state in
            state.sessions[session.hash] = session
            var ended = state.sessions.values.filter { $0.expiresAt <= now || caller(of: $0) == nil }
            let alive = state.sessions.count - ended.count
            if alive > Self.sessionsMax {
                let oldest = state.sessions.values.filter { $0.expiresAt > now }.sorted { $0.createdAt < $1.createdAt }
                ended += oldest.prefix(alive - Self.sessionsMax)
            }
            for session in ended { state.sessions[session.hash] = nil }
            return ended.map(\.hash)
        }
        if !ended.isEmpty { try await store.deleteSessions(ended) }
        return (session, text)
    }
}
