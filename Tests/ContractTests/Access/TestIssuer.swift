import CloudEvents
import Crypto
import Ports
import Synchronization

/// An identity provider in memory that signs whatever it is asked to (ES256), with keys that can change.
final class TestIssuer: Sendable {
    static let url = "https://id.example"

    private struct State {
        var keys: [String: P256.Signing.PrivateKey] = [:]
        var isDown = false
    }

    private let state = Mutex(State())

    init() { rotate(to: "1") }

    /// From now on this is its only key.
    func rotate(to id: String) { state.withLock { $0.keys = [id: P256.Signing.PrivateKey()] } }

    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    var requester: InMemoryHTTPRequester {
        InMemoryHTTPRequester { request in
            guard !self.state.withLock({ $0.isDown }) else { throw RequestFailure(.unreachable, "nobody is there") }
            switch request.url {
            case Self.url + "/.well-known/openid-configuration":
                return Self.answer(["issuer": .string(Self.url), "jwks_uri": .string(Self.url + "/keys")])
            case Self.url + "/keys": return Self.answer(["keys": .array(self.keys)])
            default: return IncomingResponse(status: 404)
            }
        }
    }

    private static func answer(_ json: JSON) -> IncomingResponse {
        IncomingResponse(status: 200, body: Array(json.bytes))
    }

    /// Its key set, with keys in it that nobody here can use.
    private var keys: [JSON] {
        let useless: [JSON] = [
            "no key", ["kty": "oct", "kid": "1", "k": "c2VjcmV0"], ["kty": "EC", "kid": "1"],
            ["kty": "RSA", "kid": "1", "use": "enc", "n": "AQAB", "e": "AQAB"],
        ]
        let usable = state.withLock { $0.keys }.map { id, key -> JSON in
            let point = Array(key.publicKey.x963Representation)
            return [
                "kty": "EC", "crv": "P-256", "use": "sig", "kid": .string(id), "alg": "ES256",
                "x": .string(Base64.encodeURL(point[1..<33])), "y": .string(Base64.encodeURL(point[33...])),
            ]
        }
        return useless + usable
    }

    /// The bytes of its public key, as somebody would use them who takes them for a shared secret.
    var publicBytes: [UInt8] { state.withLock { $0.keys.values.map { Array($0.publicKey.x963Representation) } }[0] }

    func token(_ claims: JSON, header: JSON? = nil) throws -> String {
        let (id, key) = try state.withLock { state in
            guard let first = state.keys.first else { throw KeptnError(.internalFailure, "no key") }
            return first
        }
        return try Self.token(claims, header: header ?? ["alg": "ES256", "kid": .string(id)]) {
            Array(try key.signature(for: $0).rawRepresentation)
        }
    }

    static func token(
        _ claims: JSON, header: JSON, sign: ([UInt8]) throws -> [UInt8]
    ) rethrows -> String {
        let text = "\(Base64.encodeURL(header.bytes)).\(Base64.encodeURL(claims.bytes))"
        return "\(text).\(Base64.encodeURL(try sign(Array(text.utf8))))"
    }
}
