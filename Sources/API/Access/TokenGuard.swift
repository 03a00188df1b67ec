import CloudEvents
import Core
import HTTPTypes
package import Ports
import Synchronization

/// The door of the API: who asks, and whether they may. Wrong tokens are limited per client (K §2.2).
package final class TokenGuard: Sendable {
    private let tokens: TokenRegistry
    private let identities: (any IdentityVerifier)?
    private let time: any TimeSource
    private let limit: Mutex<WrongTokenLimit>

    /// - Parameter identities: takes bearer tokens that are none of ours; without it they are wrong.
    package init(tokens: TokenRegistry, identities: (any IdentityVerifier)? = nil, time: any TimeSource) {
        self.tokens = tokens
        self.identities = identities
        self.time = time
        limit = Mutex(WrongTokenLimit())
    }

    /// Throws `KeptnError.unauthorized`, `.tooManyRequests` or `.forbidden`.
    package func admit(_ request: APIRequest, to route: HTTPRoute) async throws -> Caller {
        let client = Self.client(request)
        let caller: Caller
        do {
            caller = try await identify(request)
        } catch let error as KeptnError where error.code == .unauthorized {
            // Without a token nobody guesses; Git begins so every time.
            guard Credential(request.headers).token != nil else { throw error }
            let now = time.now
            guard limit.withLock({ $0.noteWrong(client, at: now) }) else {
                throw KeptnError(.tooManyRequests, "too many requests")
            }
            throw error
        }
        limit.withLock { $0.noteRight(client) }
        try check(caller, request, route)
        return caller
    }

    // MARK: - Who

    private static let wrong = "unauthenticated or invalid credentials"

    private func identify(_ request: APIRequest) async throws -> Caller {
        let credential = Credential(request.headers)
        if let text = credential.token, let token = tokens.token(text) {
            if let end = token.grant.expiresAt, end <= time.now {
                throw KeptnError(.unauthorized, "\(Self.wrong): the token '\(token.name)' expired at \(end.rfc3339)")
            }
            return Caller(name: token.name, grant: token.grant)
        }
        guard let identities, let foreign = credential.foreignToken else {
            throw KeptnError(.unauthorized, Self.wrong)
        }
        do {
            return try await identities.caller(of: foreign)
        } catch let error as KeptnError where error.code == .unauthorized {
            throw KeptnError(.unauthorized, "\(Self.wrong): \(error.message)")
        }
    }

    /// As Keptn does: what a proxy says comes first (K §2.2). A client without a proxy can say what it likes there and
    /// so get around the limit; 256 random bits are still not to be guessed.
    private static func client(_ request: APIRequest) -> String {
        func header(_ name: String) -> String? {
            let value = HTTPField.Name(name).flatMap { request.headers[$0] }
            let first = value?.split(separator: ",").first?.split(separator: " ").first
            return first.map(String.init)
        }
        return header("x-forwarded-for") ?? header("x-real-ip") ?? request.remoteAddress
    }

    // MARK: - Whether

    private func check(_ caller: Caller, _ request: APIRequest, _ route: HTTPRoute) throws {
        let project = Self.project(request, route)
        switch caller.grant.decide(AccessRequest(rule: route.rule, project: project, time: time.now)) {
        case .allowed: return
        case .expired: throw KeptnError(.unauthorized, Self.wrong)
        case .missing(let scopes):
            let missing = scopes.map(\.rawValue).joined(separator: ", ")
            throw KeptnError(.forbidden, "'\(caller.name)' lacks the scope \(missing)")
        case .otherProject, .projectUnsaid: try caller.require(project: project)
        case .wholeInstallation:
            throw KeptnError(
                .forbidden, "'\(caller.name)' is limited to projects; this request is about the whole installation")
        }
    }

    private static func project(_ request: APIRequest, _ route: HTTPRoute) -> String? {
        guard route.rule.reach == .path else { return request.query("project") }
        let name = request.parameters["project"]
        return route.path.hasPrefix("/api/git/") ? name.map { String($0.trimmingSuffix(".git")) } : name
    }
}

/// What a request brings to be recognised by (K §2.2, §6.1): `x-token`, a bearer token, or, from Git, a password.
private struct Credential {
    /// A token of ours.
    var token: String?
    /// A bearer token that may be somebody else's.
    var foreignToken: String?

    init(_ headers: HTTPFields) {
        let own = HTTPField.Name("x-token").flatMap { headers[$0] } ?? ""
        let words = (headers[.authorization] ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        let scheme = words.first?.lowercased()
        if scheme == "bearer", words.count == 2 { foreignToken = words[1] }
        token = own.isEmpty ? foreignToken : own
        if token == nil, scheme == "basic", let pair = words.last.flatMap(Base64.decode) {
            token = pair.firstIndex(of: UInt8(ascii: ":")).map { String(decoding: pair[($0 + 1)...], as: UTF8.self) }
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring {
        hasSuffix(suffix) ? dropLast(suffix.count) : self[...]
    }
}
