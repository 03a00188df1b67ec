import CloudEvents
import Core
import JWTKit

/// A public key of the provider.
struct SigningKey: Sendable {
    let id: String?
    private let key: JWTKeyCollection

    /// Keys that are looked at; a provider has two or three.
    private static let countMax = 64

    /// The usable keys of a key set (RFC 7517 section 5); others are passed over.
    static func all(in keySet: JSON) async -> [SigningKey] {
        var keys: [SigningKey] = []
        for element in (keySet["keys"]?.elements ?? []).prefix(countMax) {
            if let key = await SigningKey(element) { keys.append(key) }
        }
        return keys
    }

    private init?(_ json: JSON) async {
        let algorithm = json["alg"]?.stringValue
        guard ["RSA", "EC"].contains(json["kty"]?.stringValue), ["sig", nil].contains(json["use"]?.stringValue),
            algorithm.map(JSONWebToken.algorithms.contains) ?? true, var key = try? JWK(json: json.text)
        else { return nil }
        id = key.keyIdentifier?.string
        // The library wants a name for each; in a collection of one it does not matter which.
        key.keyIdentifier = "key"
        self.key = JWTKeyCollection()
        do { try await self.key.add(jwk: key) } catch { return nil }
    }

    func hasSigned(_ token: JSONWebToken) async -> Bool {
        await (try? key.verify(token.text, as: AnyClaims.self)) != nil
    }

    /// What the claims say is looked at elsewhere.
    private struct AnyClaims: JWTPayload {
        func verify(using _: some JWTAlgorithm) {}
    }
}
