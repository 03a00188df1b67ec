import CloudEvents
import Core
package import Logging
package import Ports
import ServiceLifecycle
import Synchronization

/// The API tokens: all of them in memory, so that no request waits for the disk and every change counts at once.
package final class TokenRegistry: Service {
    /// The name of the token that lies in the data folder: it is not in the store, and the API cannot change it.
    static let firstName = "first"
    /// So that a token is recognised where it does not belong, in a log or a repository.
    private static let prefix = "keptn_"
    /// Uses are noted to the minute and stored as often.
    private static let useStep = Duration.seconds(60)

    private struct State {
        var tokens: [[UInt8]: StoredToken] = [:]
        var usedSinceStored: Set<[UInt8]> = []
    }

    private let store: any TokenStore
    private let time: any TimeSource
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameter firstToken: the token of the data folder, which may do everything.
    package init(firstToken: String, store: any TokenStore, time: any TimeSource, logger: Logger) async throws {
        self.store = store
        self.time = time
        self.logger = logger
        let first = StoredToken(
            name: Self.firstName, hash: Secret.hash(of: firstToken), grant: .admin, createdAt: time.now)
        let all = try await store.tokens() + [first]
        state = Mutex(State(tokens: Dictionary(all.map { ($0.hash, $0) }, uniquingKeysWith: { $1 })))
    }

    /// Stores now and then, and at the end, when tokens were used.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await self.time.sleep(for: Self.useStep)
                await self.storeUses()
            }
        }
        await storeUses()
    }

    // MARK: - Asking

    /// The token, expired ones too; nil for a text that is none. Looking up a hash tells nobody by its duration how
    /// much of a guess was right.
    package func token(_ text: String) -> StoredToken? {
        token(hashed: Secret.hash(of: text))
    }

    /// The token that has this hash, expired ones too; asking counts as its use.
    func token(hashed hash: [UInt8]) -> StoredToken? {
        let minute = time.now.minute
        return state.withLock { state in
            guard let token = state.tokens[hash] else { return nil }
            if token.lastUsedAt != minute {
                state.tokens[hash]?.lastUsedAt = minute
                state.usedSinceStored.insert(hash)
            }
            return token
        }
    }

    /// All, sorted by name.
    package var all: [StoredToken] { state.withLock { $0.tokens.values.sorted { $0.name < $1.name } } }

    // MARK: - Changing

    /// A new token, and its text, which nobody can ask for again. Throws `KeptnError.conflict` when the name is taken.
    func create(_ name: String, _ grant: Grant) async throws -> (token: StoredToken, text: String) {
        let text = Self.newText()
        let token = StoredToken(name: name, hash: Secret.hash(of: text), grant: grant, createdAt: time.now)
        guard name != Self.firstName, try await store.add(token) else {
            throw KeptnError(.conflict, "there is a token with the name '\(name)' already")
        }
        state.withLock { $0.tokens[token.hash] = token }
        return (token, text)
    }

    /// Gives a token another text; the old one is worth nothing from now on. Throws `KeptnError.notFound`.
    func rotate(_ token: StoredToken, expiresAt: Timestamp?) async throws -> (token: StoredToken, text: String) {
        let text = Self.newText()
        var new = StoredToken(
            name: token.name, hash: Secret.hash(of: text), grant: token.grant, createdAt: time.now)
        new.grant.expiresAt = expiresAt
        let rotated = new
        guard try await store.replace(token.hash, by: rotated) else { throw Self.missing(token.name) }
        // Somebody may have revoked it meanwhile.
        let isKnown = state.withLock { state in
            guard state.tokens.removeValue(forKey: token.hash) != nil else { return false }
            state.tokens[rotated.hash] = rotated
            return true
        }
        guard isKnown else { throw Self.missing(token.name) }
        return (rotated, text)
    }

    /// Throws `KeptnError.notFound`.
    func revoke(_ token: StoredToken) async throws {
        // In memory first: whatever happens to the disk, it opens nothing any more.
        guard state.withLock({ $0.tokens.removeValue(forKey: token.hash) }) != nil else {
            throw Self.missing(token.name)
        }
        _ = try await store.delete(token.hash)
    }

    /// The token of a name, to change it. Throws `KeptnError.notFound`, and `.conflict` for the first one.
    func changeable(_ name: String) throws -> StoredToken {
        guard name != Self.firstName else {
            throw KeptnError(
                .conflict, "the token 'first' lies in the data folder: replace its file 'token' and start again")
        }
        guard let token = all.first(where: { $0.name == name }) else { throw Self.missing(name) }
        return token
    }

    private static func missing(_ name: String) -> KeptnError {
        KeptnError(.notFound, "there is no token with the name '\(name)'")
    }

    private func storeUses() async {
        let uses = state.withLock { state in
            defer { state.usedSinceStored = [] }
            return state.usedSinceStored.reduce(into: [:]) { $0[$1] = state.tokens[$1]?.lastUsedAt }
        }
        guard !uses.isEmpty else { return }
        do {
            try await store.noteUses(uses)
        } catch {
            logger.warning("the last uses of API tokens were not stored", metadata: ["error.message": "\(error)"])
        }
    }

    // MARK: - Texts

    private static func newText() -> String { prefix + Secret.newText() }
}

extension Timestamp {
    /// The beginning of its minute.
    fileprivate var minute: Timestamp { Timestamp(seconds: nanoseconds / 60_000_000_000 * 60) }
}
