import CloudEvents
import Core
import Ports

/// The public keys of an issuer: asked for when they are needed, kept, and asked for again when a token was signed by
/// one that is not among them, for issuers change their keys.
actor IssuerKeys {
    /// Keys are asked for again after this time, and not more often than in that, whatever tokens come.
    static let freshMax = Duration.seconds(3600)
    static let askingPause = Duration.seconds(30)
    /// When the issuer does not answer, its keys are believed for so long.
    static let keptMax = Duration.seconds(24 * 3600)
    private static let requestMax = Duration.seconds(10)
    private static let answerBytesMax = 1 << 20

    private let issuer: String
    private let requester: any HTTPRequester
    private let time: any TimeSource
    private var keys: [SigningKey] = []
    private var fetchedAt: Timestamp?
    private var askedAt: Timestamp?
    private var failure = ""
    private var isAsking = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(issuer: String, requester: any HTTPRequester, time: any TimeSource) {
        self.issuer = issuer
        self.requester = requester
        self.time = time
    }

    /// The keys that may have signed a token that names this one; all when it names none. Throws
    /// `KeptnError.unavailable` when the issuer has never answered, or not for long.
    func candidates(_ id: String?) async throws -> [SigningKey] {
        if !isFresh(Self.freshMax) || known(id).isEmpty { try await refresh() }
        guard isFresh(Self.keptMax) else {
            throw KeptnError(.unavailable, "the keys of the identity provider \(issuer) are unknown: \(failure)")
        }
        return known(id)
    }

    private func known(_ id: String?) -> [SigningKey] { id == nil ? keys : keys.filter { $0.id == id } }

    private func isFresh(_ age: Duration) -> Bool { fetchedAt.map { time.now < $0 + age } ?? false }

    /// Asks, unless that was done a moment ago; who comes while somebody asks waits for the same answer.
    private func refresh() async throws {
        while isAsking {
            await withCheckedContinuation { waiters.append($0) }
            // Without it whoever asked was cancelled, and somebody else has to.
            if askedAt != nil { return }
        }
        if let askedAt, time.now < askedAt + Self.askingPause { return }
        isAsking = true
        askedAt = time.now
        defer {
            isAsking = false
            waiters.forEach { $0.resume() }
            waiters = []
        }
        do {
            keys = try await fetch()
            fetchedAt = time.now
        } catch is CancellationError {
            askedAt = nil
            throw CancellationError()
        } catch {
            failure = "\(error)"
        }
    }

    private func fetch() async throws -> [SigningKey] {
        let discovery = try await get(OpenIDProvider.discoveryURL(of: issuer))
        guard let provider = OpenIDProvider(discovery: discovery), provider.issuer == issuer else {
            throw KeptnError(
                .unavailable, "its discovery document names the issuer \(discovery["issuer"]?.text ?? "-")")
        }
        guard let url = provider.keysURL else {
            throw KeptnError(.unavailable, "its discovery document has no jwks_uri")
        }
        return await SigningKey.all(in: try await get(url))
    }

    private func get(_ url: String) async throws -> JSON {
        let answer = try await requester.send(
            OutgoingRequest(url: url, timeout: Self.requestMax, responseBytesMax: Self.answerBytesMax))
        guard answer.status == 200, let json = try? JSON(parsing: answer.body) else {
            throw KeptnError(.unavailable, "\(url) answers \(answer.status) and not with a JSON document")
        }
        return json
    }
}
