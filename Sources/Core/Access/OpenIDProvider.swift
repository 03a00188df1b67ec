package import CloudEvents

/// What an identity provider says about itself (OpenID Connect Discovery 1.0 section 3).
package struct OpenIDProvider: Sendable, Hashable {
    package var issuer: String
    /// Where people log in.
    package var authorizationEndpoint: String?
    /// Where codes and refresh tokens become tokens.
    package var tokenEndpoint: String?
    /// Where its public keys are.
    package var keysURL: String?

    /// Nil when the document is none of a provider.
    package init?(discovery: JSON) {
        guard let issuer = discovery["issuer"]?.stringValue, !issuer.isEmpty else { return nil }
        self.issuer = issuer
        authorizationEndpoint = discovery["authorization_endpoint"]?.stringValue
        tokenEndpoint = discovery["token_endpoint"]?.stringValue
        keysURL = discovery["jwks_uri"]?.stringValue
    }

    /// Where an issuer's document is.
    package static func discoveryURL(of issuer: String) -> String {
        var base = Substring(issuer)
        while base.hasSuffix("/") { base = base.dropLast() }
        return base + "/.well-known/openid-configuration"
    }
}
