import CloudEvents
import HTTPTypes
import Ports

/// What a request brings to be recognised by (K §2.2, §6.1): `x-token`, a bearer token, from Git a password, from a
/// browser a cookie.
struct Credential {
    /// A token of ours.
    var token: String?
    /// A bearer token that may be somebody else's.
    var foreignToken: String?
    /// A session's text. Nil where there is a token: who sends one means it.
    var session: String?

    /// The cookie of a session.
    static let cookie = "keptn_session"

    init(_ headers: HTTPFields) {
        let own = HTTPField.Name("x-token").flatMap { headers[$0] } ?? ""
        let words = (headers[.authorization] ?? "").split(separator: " ", maxSplits: 1).map(String.init)
        let scheme = words.first?.lowercased()
        if scheme == "bearer", words.count == 2 { foreignToken = words[1] }
        token = own.isEmpty ? foreignToken : own
        if token == nil, scheme == "basic", let pair = words.last.flatMap(Base64.decode) {
            token = pair.firstIndex(of: UInt8(ascii: ":")).map { String(decoding: pair[($0 + 1)...], as: UTF8.self) }
        }
        if token == nil { session = Self.cookie(Self.cookie, in: headers) }
    }

    /// RFC 6265 section 4.2: `name=value` pairs, with semicolons between them.
    static func cookie(_ name: String, in headers: HTTPFields) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }
}
