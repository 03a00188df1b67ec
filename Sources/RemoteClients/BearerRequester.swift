import CloudEvents
package import Ports

/// Requests that show a token of an identity provider, which the program gets with a secret of its own (RFC 6749
/// section 4.4) and renews before it has expired, or when it is refused.
package struct BearerRequester: HTTPRequester {
    private let base: any HTTPRequester
    private let tokens: BearerTokens

    package init(_ base: any HTTPRequester, login: OAuthLogin, time: any TimeSource) {
        self.base = base
        tokens = BearerTokens(login: login, time: time)
    }

    package func send(_ request: OutgoingRequest) async throws -> IncomingResponse {
        try await withToken(request, base.send) { $0.status }
    }

    package func stream(_ request: OutgoingRequest) async throws -> StreamedResponse {
        try await withToken(request, base.stream) { $0.status }
    }

    private func withToken<Response>(
        _ request: OutgoingRequest, _ send: (OutgoingRequest) async throws -> Response,
        status: (Response) -> Int
    ) async throws -> Response {
        let token = try await tokens.current()
        let response = try await send(request.bearing(token))
        guard status(response) == 401 else { return response }
        return try await send(request.bearing(try await tokens.renewed(insteadOf: token)))
    }
}

extension OutgoingRequest {
    fileprivate func bearing(_ token: String) -> OutgoingRequest {
        var request = self
        request.headers["authorization"] = "Bearer \(token)"
        return request
    }
}

private actor BearerTokens {
    /// Before its end a token is renewed so early: a request is under way for a while.
    private static let margin = Duration.seconds(10)

    private let login: OAuthLogin
    private let time: any TimeSource
    private var known: OAuthTokens?

    init(login: OAuthLogin, time: any TimeSource) {
        self.login = login
        self.time = time
    }

    func current() async throws -> String {
        if let known, known.expiresAt.map({ time.now + Self.margin < $0 }) ?? true { return known.verifiable }
        return try await fetch()
    }

    /// Somebody else may have renewed it already.
    func renewed(insteadOf refused: String) async throws -> String {
        if let known, known.verifiable != refused { return known.verifiable }
        return try await fetch()
    }

    private func fetch() async throws -> String {
        do {
            let tokens = try await login.clientCredentials()
            known = tokens
            return tokens.verifiable
        } catch let error as KeptnError {
            throw RequestFailure(.unreachable, error.message)
        }
    }
}
