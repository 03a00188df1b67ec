import CloudEvents
import Core
import HTTPTypes
package import Ports
import Synchronization

/// The door of the API: who asks, and whether they may. Wrong tokens are limited per client (K §2.2).
package final class TokenGuard: Sendable {
    private let tokens: TokenRegistry
    private let sessions: SessionRegistry?
    private let identities: (any IdentityVerifier)?
    private let time: any TimeSource
    private let limit: Mutex<WrongTokenLimit>

    /// - Parameters:
    ///   - sessions: takes the cookies of browsers; without it they are not looked at.
    ///   - identities: takes bearer tokens that are none of ours; without it they are wrong.
    package init(
        tokens: TokenRegistry, sessions: SessionRegistry? = nil, identities: (any IdentityVerifier)? = nil,
        time: any TimeSource
    ) {
        self.tokens = tokens
        self.sessions = sessions
        self.identities = identities
        self.time = time
        limit = Mutex(WrongTokenLimit())
    }

    /// Throws `KeptnError.unauthorized`, `.tooManyRequests` or `.forbidden`.
    package func admit(_ request: APIRequest, to route: HTTPRoute) async throws -> Caller {
        let client = Self.client(request)
        let caller: Caller
        do {
            caller = try await identify(request, route)
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

    private func identify(_ request: APIRequest, _ route: HTTPRoute) async throws -> Caller {
        let credential = Credential(request.headers)
        if let text = credential.token, let token = tokens.token(text) {
            return try current(Caller(name: token.name, grant: token.grant))
        }
        if let text = credential.session, let sessions {
            guard let holder = sessions.holder(of: text) else {
                throw KeptnError(.unauthorized, "the session has ended: log in again")
            }
            try Self.requireOwnPage(request, route)
            return try current(holder.caller)
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

    private func current(_ caller: Caller) throws -> Caller {
        if let end = caller.grant.expiresAt, end <= time.now {
            throw KeptnError(.unauthorized, "\(Self.wrong): the token '\(caller.name)' expired at \(end.rfc3339)")
        }
        return caller
    }

    /// A browser sends its cookies whoever made it ask, but a header of this name only for our own pages: other
    /// origins would have to be allowed it first (https://fetch.spec.whatwg.org, CORS-preflight), and never are.
    static func requireOwnPage(_ request: APIRequest, _ route: HTTPRoute) throws {
        guard route.method != .get, route.method != .head else { return }
        guard HTTPField.Name("x-keptn-bridge").flatMap({ request.headers[$0] }) != nil else {
            throw KeptnError(.forbidden, "a session changes something only with the header 'x-keptn-bridge'")
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

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> Substring {
        hasSuffix(suffix) ? dropLast(suffix.count) : self[...]
    }
}
