package import CloudEvents

/// A signed token, taken apart and not yet believed (RFC 7519, compact form).
package struct JSONWebToken: Sendable {
    package let text: String
    package let algorithm: String
    package let keyID: String?
    package let claims: JSON

    /// The algorithms that are believed; `none` and those with a shared secret never are.
    package static let algorithms: Set<String> = ["RS256", "ES256"]
    /// Longer texts are not looked at.
    private static let bytesMax = 16 << 10

    /// Nil when it is no such token, or wants something that we do not know (`crit`, RFC 7515 section 4.1.11).
    package init?(_ text: String) {
        let parts = text.utf8.count <= Self.bytesMax ? text.split(separator: ".", omittingEmptySubsequences: false) : []
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let algorithm = header["alg"]?.stringValue, header["crit"] == nil
        else { return nil }
        self.text = text
        self.algorithm = algorithm
        self.claims = claims
        keyID = header["kid"]?.stringValue
    }

    private static func object(_ part: Substring) -> JSON? {
        let json = Base64.decodeURL(part).flatMap { try? JSON(parsing: $0) }
        return json?.kind == .object ? json : nil
    }
}
