package import CloudEvents
import Core
import Crypto
import KeptnModel
package import Ports

/// Gets tokens of an identity provider for a program that people or machines start: with a browser (authorization code
/// with PKCE, RFC 6749 section 4.1 and RFC 7636), by a secret of its own (section 4.4), by an older token (section 6).
package struct OAuthLogin: Sendable {
    /// The program as the provider knows it.
    package struct Client: Sendable, Hashable {
        package var id: String
        /// Nil for a program that cannot keep one.
        package var secret: String?
        /// `openid` is asked for in any case.
        package var scopes: [String]

        package init(id: String, secret: String? = nil, scopes: [String] = []) {
            self.id = id
            self.secret = secret
            self.scopes = scopes
        }
    }

    private let discoveryURL: String
    /// Asked of the discovery document where it is not known.
    private let tokenEndpoint: String?
    private let client: Client
    private let requester: any HTTPRequester
    private let time: any TimeSource

    /// A request to the provider takes at most so long (K §4.2).
    private static let requestMax = Duration.seconds(10)

    /// - Parameter tokenEndpoint: for a program whose own tokens are all that is wanted, without a discovery document.
    package init(
        discoveryURL: String, tokenEndpoint: String? = nil, client: Client, requester: any HTTPRequester,
        time: any TimeSource
    ) {
        self.discoveryURL = discoveryURL
        self.tokenEndpoint = tokenEndpoint
        self.client = client
        self.requester = requester
        self.time = time
    }

    /// Lets somebody log in with a browser, which comes back to a port of this machine.
    /// - Parameters:
    ///   - port: where the browser is sent back to, `http://localhost:PORT/oauth/redirect`; 0 takes a free one.
    ///   - patience: how long the person may take.
    ///   - open: shows the URL of the login to them.
    package func logIn(
        port: Int = 3000, patience: Duration = .seconds(300),
        open: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws -> OAuthTokens {
        let authorization = try await authorizationEndpoint()
        let redirect = try await LoopbackRedirect.bind(port: port)
        let attempt = LoginAttempt(
            redirectURL: redirect.url, state: Self.randomText(), nonce: Self.randomText(), verifier: Self.randomText())
        let url = page(authorization, attempt)
        let code = try await time.withDeadline(patience, "the login in the browser") {
            try await redirect.code(forState: attempt.state) { try await open(url) }
        }
        return try await tokens(for: code, from: attempt)
    }

    /// Where a browser has to go for this login. Throws `KeptnError.unavailable`.
    package func page(for attempt: LoginAttempt) async throws -> String {
        page(try await authorizationEndpoint(), attempt)
    }

    private func authorizationEndpoint() async throws -> String {
        guard let endpoint = try await provider().authorizationEndpoint else { throw lacking("authorization_endpoint") }
        return endpoint
    }

    private func page(_ authorization: String, _ attempt: LoginAttempt) -> String {
        let query = [
            "response_type": "code", "client_id": client.id, "redirect_uri": attempt.redirectURL,
            "state": attempt.state, "nonce": attempt.nonce, "scope": scope,
            "code_challenge": Self.challenge(attempt.verifier), "code_challenge_method": "S256",
        ]
        return authorization + (authorization.contains("?") ? "&" : "?") + URLText.query(query).dropFirst()
    }

    /// The tokens for a code that the browser has brought back. Throws `KeptnError.unauthorized` and `.unavailable`.
    package func tokens(for code: String, from attempt: LoginAttempt) async throws -> OAuthTokens {
        try await tokens(
            [
                "grant_type": "authorization_code", "code": code, "redirect_uri": attempt.redirectURL,
                "code_verifier": attempt.verifier,
            ])
    }

    /// Tokens for the program itself. Throws `KeptnError.unauthorized` when the provider does not want to.
    package func clientCredentials() async throws -> OAuthTokens {
        try await tokens(["grant_type": "client_credentials", "scope": scope])
    }

    /// New tokens for old ones. Throws `KeptnError.unauthorized` when a person has to log in again.
    package func refresh(_ old: OAuthTokens) async throws -> OAuthTokens {
        guard let refreshToken = old.refreshToken else {
            throw KeptnError(.unauthorized, "the login has expired and cannot be renewed: log in again")
        }
        var new = try await tokens(["grant_type": "refresh_token", "refresh_token": refreshToken])
        new.refreshToken = new.refreshToken ?? refreshToken
        new.idToken = new.idToken ?? old.idToken
        return new
    }

    // MARK: - The provider

    private func provider() async throws -> OpenIDProvider {
        let (status, json) = try await send(OutgoingRequest(url: discoveryURL, timeout: Self.requestMax))
        guard status == 200, let provider = json.flatMap(OpenIDProvider.init(discovery:)) else {
            throw KeptnError(.unavailable, "\(discoveryURL) is no discovery document of an OpenID provider (\(status))")
        }
        return provider
    }

    private func knownTokenEndpoint() async throws -> String {
        if let tokenEndpoint { return tokenEndpoint }
        guard let endpoint = try await provider().tokenEndpoint else { throw lacking("token_endpoint") }
        return endpoint
    }

    private func tokens(_ form: [String: String]) async throws -> OAuthTokens {
        let endpoint = try await knownTokenEndpoint()
        var form = form
        var headers = ["content-type": "application/x-www-form-urlencoded", "accept": "application/json"]
        if let secret = client.secret {
            // The way that every provider has to support (RFC 6749 section 2.3.1).
            let pair = "\(URLText.encode(client.id)):\(URLText.encode(secret))"
            headers["authorization"] = "Basic \(Base64.encode(pair.utf8))"
        } else {
            form["client_id"] = client.id
        }
        let (status, json) = try await send(
            OutgoingRequest(
                method: "POST", url: endpoint, headers: headers, body: Array(URLText.query(form).dropFirst().utf8),
                timeout: Self.requestMax))
        guard status == 200, let tokens = json.flatMap({ OAuthTokens(answer: $0, at: time.now) }) else {
            let reason = json?["error_description"]?.stringValue ?? json?["error"]?.stringValue ?? "status \(status)"
            throw KeptnError(
                status >= 500 ? .unavailable : .unauthorized, "the identity provider gives no token: \(reason)")
        }
        return tokens
    }

    private func send(_ request: OutgoingRequest) async throws -> (status: Int, json: JSON?) {
        var request = request
        // A login asks seldom: a kept connection would often be closed by the time that it is used again, and a code
        // that was sent cannot be sent twice.
        request.headers["connection"] = "close"
        do {
            let answer = try await requester.send(request)
            return (answer.status, try? JSON(parsing: answer.body))
        } catch let failure as RequestFailure {
            throw KeptnError(.unavailable, "the identity provider at \(request.url): \(failure)")
        }
    }

    private func lacking(_ member: String) -> KeptnError {
        KeptnError(.unavailable, "the provider's discovery document \(discoveryURL) has no \(member)")
    }

    // MARK: - Texts

    private var scope: String {
        (["openid"] + client.scopes.filter { $0 != "openid" }).joined(separator: " ")
    }

    /// 256 random bits.
    private static func randomText() -> String {
        Base64.encodeURL(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) })
    }

    /// What the provider is told before the verifier itself (RFC 7636 section 4.2, S256).
    package static func challenge(_ verifier: String) -> String {
        Base64.encodeURL(SHA256.hash(data: Array(verifier.utf8)))
    }
}

/// What an identity provider gave out.
package struct OAuthTokens: Sendable, Hashable {
    package var accessToken: String
    package var refreshToken: String?
    /// Says who logged in; only asked for with a person.
    package var idToken: String?
    /// Nil when the provider did not say.
    package var expiresAt: Timestamp?

    /// The answer of a token endpoint (RFC 6749 section 5.1); nil when it has no bearer token.
    init?(answer: JSON, at now: Timestamp) {
        guard let access = answer["access_token"]?.stringValue, !access.isEmpty,
            answer["token_type"]?.stringValue?.lowercased() == "bearer"
        else { return nil }
        accessToken = access
        refreshToken = answer["refresh_token"]?.stringValue
        idToken = answer["id_token"]?.stringValue
        expiresAt = answer["expires_in"]?.intValue.map { now + .seconds($0) }
    }

    /// What a server can check by itself: the access token when it is signed, else the ID token, for an opaque access
    /// token says something to the provider only.
    package var verifiable: String {
        accessToken.split(separator: ".", omittingEmptySubsequences: false).count == 3
            ? accessToken : idToken ?? accessToken
    }

    /// As it was stored; nil when it is something else.
    package init?(decoding json: JSON) {
        guard let access = json["access_token"]?.stringValue else { return nil }
        accessToken = access
        refreshToken = json["refresh_token"]?.stringValue
        idToken = json["id_token"]?.stringValue
        expiresAt = json["expires_at"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    /// For a file that nobody else reads.
    package var encoded: JSON {
        [
            "access_token": .string(accessToken), "refresh_token": refreshToken.map { .string($0) },
            "id_token": idToken.map { .string($0) }, "expires_at": expiresAt.map { .string($0.rfc3339) },
        ]
    }
}
