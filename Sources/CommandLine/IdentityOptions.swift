import ArgumentParser
import Core
import FoundationEssentials
import Ports
import RemoteClients

/// The identity provider whose bearer tokens a server believes.
struct IdentityOptions: ParsableArguments {
    @Option(help: "The issuer of bearer tokens (OpenID Connect), a URL; without one only API tokens count.")
    var oidcIssuer: String?
    @Option(help: "The audience that bearer tokens have to be for; needed with an issuer.")
    var oidcAudience: String?
    @Option(help: "The claim that lists the scopes of a bearer token.")
    var oidcScopeClaim = "scope"
    @Option(help: "What the scopes of Keptn begin with in that claim.")
    var oidcScopePrefix = "keptn:"
    @Option(
        help: """
            Our name at the issuer, for logins in the browser [env: OAUTH_CLIENT_ID; its secret, where there is one: \
            OAUTH_CLIENT_SECRET].
            """)
    var oidcClientID: String?
    @Option(help: "A scope that such a login asks for besides 'openid'; repeatable [env: OAUTH_SCOPE].")
    var oidcClientScope: [String] = []

    /// As what browsers log in at the issuer; nil without a name there.
    func client(_ environment: [String: String]) throws -> OAuthLogin.Client? {
        guard let id = oidcClientID ?? environment["OAUTH_CLIENT_ID"], !id.isEmpty else { return nil }
        guard oidcIssuer != nil else {
            throw KeptnError(.invalidInput, "--oidc-client-id needs --oidc-issuer, the URL of the provider")
        }
        let scopes = oidcClientScope.isEmpty ? [environment["OAUTH_SCOPE"] ?? ""] : oidcClientScope
        return OAuthLogin.Client(
            id: id, secret: environment["OAUTH_CLIENT_SECRET"],
            scopes: scopes.flatMap { $0.split { $0 == "," || $0 == " " }.map(String.init) })
    }

    /// Nil without an issuer.
    func policy() throws -> IdentityPolicy? {
        guard let oidcIssuer else {
            guard oidcAudience == nil else {
                throw KeptnError(.invalidInput, "--oidc-audience needs --oidc-issuer, the URL of the provider")
            }
            return nil
        }
        guard let oidcAudience, !oidcAudience.isEmpty else {
            throw KeptnError(.invalidInput, "--oidc-issuer needs --oidc-audience: tokens for others must not count")
        }
        let url = URL(string: oidcIssuer)
        let isLocal = ["localhost", "127.0.0.1", "::1"].contains(url?.host() ?? "")
        guard url?.host() != nil, url?.scheme == "https" || (url?.scheme == "http" && isLocal) else {
            throw KeptnError(
                .invalidInput, "--oidc-issuer \(oidcIssuer): an https:// URL is needed (http:// on this machine only)")
        }
        return IdentityPolicy(
            issuer: oidcIssuer, audience: oidcAudience, scopeClaim: oidcScopeClaim, scopePrefix: oidcScopePrefix)
    }
}
