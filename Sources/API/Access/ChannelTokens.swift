package import CloudEvents
import Crypto
import Ports

/// What a client of Keptn 0.5 may follow over a WebSocket: one run, as far as one project is concerned.
struct Channel: Sendable, Hashable {
    var context: String
    /// Nil for events that belong to no project.
    var project: String?
}

/// The tokens of channels: JSON Web Tokens (RFC 7519), signed by HS256 under a key of their own. Nothing is stored, and
/// a restart changes nothing.
package struct ChannelTokens: Sendable {
    /// How long a token counts.
    static let lifetime = Duration.seconds(86_400)
    private static let header = #"{"alg":"HS256","typ":"JWT"}"#

    private let key: SymmetricKey

    /// - Parameter secret: The installation's key; that of the tokens is derived from it (RFC 5869).
    package init(secret: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("keptn channel".utf8), outputByteCount: 32)
    }

    func token(for channel: Channel, at now: Timestamp) -> String {
        let claims: JSON = [
            "sub": .string(channel.context), "project": channel.project.map { .string($0) },
            "exp": .integer((now + Self.lifetime).seconds),
        ]
        let text = "\(Base64.encodeURL(Array(Self.header.utf8))).\(Base64.encodeURL(claims.bytes))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
        return "\(text).\(Base64.encodeURL(Array(code)))"
    }

    /// Throws `KeptnError.unauthorized`.
    func channel(of token: String, at now: Timestamp) throws -> Channel {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let code = Base64.decodeURL(parts[2]), let bytes = Base64.decodeURL(parts[1]),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Array("\(parts[0]).\(parts[1])".utf8), using: key),
            let claims = try? JSON(parsing: bytes), let context = claims["sub"]?.stringValue
        else { throw KeptnError(.unauthorized, "the header 'Token' is not a channel's token") }
        guard let end = claims["exp"]?.intValue, now.seconds < end else {
            throw KeptnError(.unauthorized, "the channel's token has expired")
        }
        return Channel(context: context, project: claims["project"]?.stringValue)
    }
}

extension Timestamp {
    fileprivate var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
