import CloudEvents
import Core
import Crypto
import OpenIDConnect
import Ports
import Testing

/// Against an issuer in memory; `OIDCProviderTests` has a real one.
@Suite("OpenIDVerifier", .timeLimit(.minutes(5)))
struct OpenIDVerifierTests {
    private let time = ManualTime()
    private let issuer = TestIssuer()
    private let requester: InMemoryHTTPRequester
    private let verifier: OpenIDVerifier

    init() {
        requester = issuer.requester
        verifier = OpenIDVerifier(
            policy: IdentityPolicy(issuer: TestIssuer.url, audience: "keptn"), requester: requester, time: time)
    }

    private func claims(_ changes: [String: JSON?] = [:]) -> JSON {
        let seconds = time.now.nanoseconds / 1_000_000_000
        let good: JSON = [
            "iss": .string(TestIssuer.url), "aud": ["keptn"], "sub": "alice", "exp": .integer(seconds + 60),
            "scope": "keptn:read",
        ]
        return changes.reduce(good) { $0.setting($1.key, to: $1.value) }
    }

    private func refusal(_ token: String) async -> String? {
        let error = await #expect(throws: KeptnError.self) { try await verifier.caller(of: token) }
        #expect(error?.code == .unauthorized)
        return error?.message
    }

    @Test("A good token tells who it is and what they may do, with and without the key's name")
    func good() async throws {
        let alice = Caller(name: "alice", grant: Grant(scopes: AccessScope.Bundle.read.scopes))
        #expect(try await verifier.caller(of: issuer.token(claims())) == alice)
        #expect(try await verifier.caller(of: issuer.token(claims(), header: ["alg": "ES256"])) == alice)
        #expect(requester.requests.count == 2)
    }

    @Test("An ID token counts for the client and the login that it was made for")
    func logins() async throws {
        let token = try issuer.token(claims(["aud": "bridge", "nonce": "n-1"]))
        #expect(try await verifier.caller(of: token, for: "bridge", nonce: "n-1").name == "alice")
        for (client, nonce, says) in [("bridge", "n-2", "another login"), ("keptn", "n-1", "for [bridge]")] {
            let error = await #expect(throws: KeptnError.self) {
                try await verifier.caller(of: token, for: client, nonce: nonce)
            }
            #expect(error?.code == .unauthorized && error?.message.contains(says) == true, "\(error?.message ?? "")")
        }
        let without = try issuer.token(claims(["aud": "bridge"]))
        let error = await #expect(throws: KeptnError.self) {
            try await verifier.caller(of: without, for: "bridge", nonce: "n-1")
        }
        #expect(error?.message.contains("another login") == true)
    }

    @Test("Claims that do not fit are told")
    func claims() async throws {
        let cases: [(change: [String: JSON?], says: String)] = [
            (["exp": .integer(time.now.nanoseconds / 1_000_000_000 - 61)], "expired at"),
            (["nbf": .integer(time.now.nanoseconds / 1_000_000_000 + 61)], "counts from"),
            (["aud": "other"], "for [other], not for us"), (["iss": "https://evil.example"], "evil.example"),
            (["exp": JSON?.none], "'exp' is missing"), (["sub": JSON?.none], "'sub' is missing"),
        ]
        for (change, says) in cases {
            let message = await refusal(try issuer.token(claims(change)))
            #expect(message?.contains(says) == true, "\(change): \(message ?? "")")
        }
    }

    @Test("Signatures that prove nothing are refused, whatever the header says")
    func signatures() async throws {
        let stranger = P256.Signing.PrivateKey()
        func strange(_ header: JSON) throws -> String {
            try TestIssuer.token(claims(), header: header) {
                Array(try stranger.signature(for: $0).rawRepresentation)
            }
        }
        let secret = SymmetricKey(data: issuer.publicBytes)
        let shared = TestIssuer.token(claims(), header: ["alg": "HS256", "kid": "1"]) {
            Array(HMAC<SHA256>.authenticationCode(for: $0, using: secret))
        }
        let parts = try issuer.token(claims()).split(separator: ".").map(String.init)
        let changed = Base64.encodeURL(claims(["scope": "keptn:admin"]).bytes)
        let cases: [(token: String, says: String)] = [
            (try strange(["alg": "ES256", "kid": "1"]), "signature"), (try strange(["alg": "ES256"]), "signature"),
            (try strange(["alg": "ES256", "kid": "2"]), "no key '2'"),
            (try strange(["alg": "RS256", "kid": "1"]), "signature"), (shared, "'HS256'; ES256 or RS256 is needed"),
            (TestIssuer.token(claims(), header: ["alg": "none"]) { _ in [] }, "'none'"),
            (TestIssuer.token(claims(), header: ["alg": "None", "kid": "1"]) { _ in [] }, "'None'"),
            (TestIssuer.token(claims(), header: ["alg": "ES256", "kid": "1"]) { _ in [] }, "signature"),
            ("\(parts[0]).\(changed).\(parts[2])", "signature"),
            ("\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))", "signature"),
            (try issuer.token(claims(), header: ["alg": "ES256", "kid": "1", "crit": ["b64"]]), "no JSON Web Token"),
            (try issuer.token(claims(), header: ["kid": "1"]), "no JSON Web Token"),
        ]
        for (token, says) in cases {
            let message = await refusal(token)
            #expect(message?.contains(says) == true, "\(token): \(message ?? "")")
        }
    }

    @Test(
        "What is no token at all is said to be none, and nobody is asked",
        arguments: [
            "", ".", "..", "a.b.c", "e30.e30", "e30.e30.e30.e30", "W10.W10.", String(repeating: "x", count: 20_000),
        ])
    func noToken(text: String) async {
        #expect(await refusal(text) == "the bearer token is no JSON Web Token")
        #expect(requester.requests.isEmpty)
    }

    @Test("A new key of the issuer is found, and tokens with made-up keys do not make us ask again and again")
    func rotation() async throws {
        _ = try await verifier.caller(of: issuer.token(claims()))
        let old = try issuer.token(claims(["exp": 2_000_000_000]))
        issuer.rotate(to: "2")
        for _ in 0..<5 { #expect(await refusal(try issuer.token(claims()))?.contains("no key '2'") == true) }
        #expect(requester.requests.count == 2)
        time.advance(by: .seconds(30))
        #expect(try await verifier.caller(of: issuer.token(claims())).name == "alice")
        #expect(requester.requests.count == 4)
        #expect(await refusal(old)?.contains("no key '1'") == true)
        for _ in 0..<5 { _ = await refusal(try issuer.token(claims(), header: ["alg": "ES256", "kid": "x"])) }
        #expect(requester.requests.count == 4)
    }

    @Test("Keys are fetched again after an hour, and believed for a day when the issuer is gone")
    func age() async throws {
        _ = try await verifier.caller(of: issuer.token(claims()))
        time.advance(by: .seconds(3599))
        _ = try await verifier.caller(of: issuer.token(claims()))
        #expect(requester.requests.count == 2)
        issuer.setDown(true)
        time.advance(by: .seconds(1))
        _ = try await verifier.caller(of: issuer.token(claims()))
        #expect(requester.requests.count == 3)
        time.advance(by: .seconds(23 * 3600))
        let error = await #expect(throws: KeptnError.self) { try await verifier.caller(of: issuer.token(claims())) }
        #expect(error?.code == .unavailable && error?.message.contains("nobody is there") == true)
        issuer.setDown(false)
        time.advance(by: .seconds(30))
        #expect(try await verifier.caller(of: issuer.token(claims())).name == "alice")
    }

    @Test("Many at once ask the issuer once")
    func together() async throws {
        let token = try issuer.token(claims())
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<32 { group.addTask { try await verifier.caller(of: token).name } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(names == Array(repeating: "alice", count: 32))
        #expect(requester.requests.count == 2)
    }

    @Test("An issuer that calls itself something else is not believed")
    func otherIssuer() async throws {
        let verifier = OpenIDVerifier(
            policy: IdentityPolicy(issuer: TestIssuer.url + "/", audience: "keptn"), requester: requester, time: time)
        let error = await #expect(throws: KeptnError.self) { try await verifier.caller(of: issuer.token(claims())) }
        #expect(error?.code == .unavailable && error?.message.contains(TestIssuer.url) == true)
    }
}
