import Core
import OpenIDConnect
import Ports
import RemoteClients

/// Logins of browsers at the identity provider whose bearer tokens are believed.
struct ProviderLogin: BrowserLogin {
    let issuer: String
    private let client: String
    private let login: OAuthLogin
    private let verifier: OpenIDVerifier

    init(
        _ client: OAuthLogin.Client, issuer: String, verifier: OpenIDVerifier, requester: any HTTPRequester,
        time: any TimeSource
    ) {
        self.issuer = issuer
        self.client = client.id
        self.verifier = verifier
        login = OAuthLogin(
            discoveryURL: OpenIDProvider.discoveryURL(of: issuer), client: client, requester: requester, time: time)
    }

    func page(for attempt: LoginAttempt) async throws -> String { try await login.page(for: attempt) }

    /// The ID token says who it is. What they may stands in the same token that a program would bring.
    func caller(bringing code: String, from attempt: LoginAttempt) async throws -> Caller {
        let tokens = try await login.tokens(for: code, from: attempt)
        guard let idToken = tokens.idToken else {
            throw KeptnError(.unauthorized, "the identity provider gave no ID token: it does not speak OpenID Connect")
        }
        let person = try await verifier.caller(of: idToken, for: client, nonce: attempt.nonce)
        if tokens.verifiable == idToken { return person }
        let bearer = try await verifier.caller(of: tokens.verifiable)
        guard bearer.name == person.name else {
            throw KeptnError(.unauthorized, "the identity provider's two tokens are about different people")
        }
        return bearer
    }
}
