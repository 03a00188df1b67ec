import CloudEvents
package import Core
package import Ports

/// Believes bearer tokens that one issuer has signed (OpenID Connect), by its discovery document and its public keys.
package struct OpenIDVerifier: IdentityVerifier {
    private let policy: IdentityPolicy
    private let keys: IssuerKeys
    private let time: any TimeSource

    package init(policy: IdentityPolicy, requester: any HTTPRequester, time: any TimeSource) {
        self.policy = policy
        self.time = time
        keys = IssuerKeys(issuer: policy.issuer, requester: requester, time: time)
    }

    package func caller(of token: String) async throws -> Caller {
        try await identity(in: token, by: policy).caller
    }

    /// Who an ID token is about that was made for one login (OpenID Connect Core 1.0 section 3.1.3.7).
    /// - Parameters:
    ///   - client: our name at the provider, as which the login was begun.
    ///   - nonce: what the login was begun with.
    /// Throws as `caller(of:)` does.
    package func caller(of idToken: String, for client: String, nonce: String) async throws -> Caller {
        var policy = policy
        policy.audience = client
        let (caller, claims) = try await identity(in: idToken, by: policy)
        guard claims["nonce"]?.stringValue == nonce else {
            throw KeptnError(.unauthorized, "the identity provider's statement belongs to another login")
        }
        return caller
    }

    private func identity(in text: String, by policy: IdentityPolicy) async throws -> (caller: Caller, claims: JSON) {
        guard let token = JSONWebToken(text) else {
            throw KeptnError(.unauthorized, "the bearer token is no JSON Web Token")
        }
        guard JSONWebToken.algorithms.contains(token.algorithm) else {
            let known = JSONWebToken.algorithms.sorted().joined(separator: " or ")
            throw KeptnError(.unauthorized, "the token is signed with '\(token.algorithm)'; \(known) is needed")
        }
        try await requireSignature(token)
        do throws(IdentityProblem) {
            let identity = try policy.identity(of: token.claims, at: time.now)
            return (Caller(name: identity.subject, grant: identity.grant), token.claims)
        } catch {
            throw KeptnError(.unauthorized, "\(error)")
        }
    }

    private func requireSignature(_ token: JSONWebToken) async throws {
        let candidates = try await keys.candidates(token.keyID)
        guard !candidates.isEmpty else {
            throw KeptnError(.unauthorized, "the issuer has no key '\(token.keyID ?? "")'")
        }
        for key in candidates where await key.hasSigned(token) { return }
        throw KeptnError(.unauthorized, "the token's signature is not one of the issuer")
    }
}
