package import CloudEvents

/// Which signed statements about somebody are believed, and what they grant (OpenID Connect Core 1.0 section 2).
package struct IdentityPolicy: Sendable, Hashable {
    /// The provider's name of itself, a URL.
    package var issuer: String
    /// Our name at the provider: tokens for others are refused.
    package var audience: String
    /// The claim that lists scopes: a text with blanks between them, or an array.
    package var scopeClaim: String
    /// Scopes without it are somebody else's (Keptn's `OAUTH_PREFIX`, K §2.2).
    package var scopePrefix: String

    /// Clocks may differ by so much.
    package static let skew = Duration.seconds(60)

    package init(issuer: String, audience: String, scopeClaim: String = "scope", scopePrefix: String = "keptn:") {
        self.issuer = issuer
        self.audience = audience
        self.scopeClaim = scopeClaim
        self.scopePrefix = scopePrefix
    }

    /// Who it is and what they may do, by claims whose signature has been checked.
    package func identity(of claims: JSON, at now: Timestamp) throws(IdentityProblem) -> Identity {
        guard claims["iss"]?.stringValue == issuer else { throw .otherIssuer(claims["iss"]?.stringValue ?? "") }
        guard Self.texts(claims["aud"]).contains(audience) else { throw .otherAudience(Self.texts(claims["aud"])) }
        guard let end = Self.time(claims["exp"]) else { throw .incomplete("exp") }
        guard now < end + Self.skew else { throw .expired(end) }
        if let start = claims["nbf"] {
            guard let start = Self.time(start) else { throw .incomplete("nbf") }
            guard now >= start - Self.skew else { throw .notYet(start) }
        }
        guard let subject = claims["sub"]?.stringValue, !subject.isEmpty else { throw .incomplete("sub") }
        return Identity(subject: subject, grant: Grant(scopes: scopes(claims[scopeClaim])))
    }

    /// What is no scope of ours is passed over: the claim serves others too.
    private func scopes(_ claim: JSON?) -> Set<AccessScope> {
        Self.texts(claim).flatMap { $0.split(separator: " ") }.reduce(into: []) { scopes, word in
            guard word.hasPrefix(scopePrefix) else { return }
            scopes.formUnion(AccessScope.named(word.dropFirst(scopePrefix.count)) ?? [])
        }
    }

    /// A text alone, or the texts of an array.
    private static func texts(_ claim: JSON?) -> [String] {
        claim?.stringValue.map { [$0] } ?? claim?.elements.compactMap(\.stringValue) ?? []
    }

    /// Seconds since 1970, as JSON Web Tokens have them (RFC 7519 section 2).
    private static func time(_ claim: JSON?) -> Timestamp? {
        claim?.doubleValue.flatMap { abs($0) < 1e11 ? Timestamp(seconds: Int64($0)) : nil }
    }
}

/// Somebody whom a provider has vouched for.
package struct Identity: Sendable, Hashable {
    package var subject: String
    package var grant: Grant
}

/// Why a statement is not believed.
package enum IdentityProblem: Error, Sendable, Hashable, CustomStringConvertible {
    case otherIssuer(String)
    case otherAudience([String])
    case expired(Timestamp)
    case notYet(Timestamp)
    case incomplete(String)

    package var description: String {
        switch self {
        case .otherIssuer(let issuer): "the token was issued by '\(issuer)', which is not the configured issuer"
        case .otherAudience(let audience): "the token is for [\(audience.joined(separator: ", "))], not for us"
        case .expired(let end): "the token expired at \(end.rfc3339)"
        case .notYet(let start): "the token counts from \(start.rfc3339) on"
        case .incomplete(let claim): "the token's claim '\(claim)' is missing or of the wrong kind"
        }
    }
}
