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
        guard let token = JSONWebToken(token) else {
            throw KeptnError(.unauthorized, "the bearer token is no JSON Web Token")
        }
        guard JSONWebToken.algorithms.contains(token.algorithm) else {
            let known = JSONWebToken.algorithms.sorted().joined(separator: " or ")
            throw KeptnError(.unauthorized, "the token is signed with '\(token.algorithm)'; \(known) is needed")
        }
        try await requireSignature(token)
        do throws(IdentityProblem) {
            let identity = try policy.identity(of: token.claims, at: time.now)
            return Caller(name: identity.subject, grant: identity.grant)
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
