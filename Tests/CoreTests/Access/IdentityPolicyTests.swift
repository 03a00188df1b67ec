import CloudEvents
import Core
import Testing

@Suite struct IdentityPolicyTests {
    private static let now = Timestamp(seconds: 1_700_000_000)
    private static let policy = IdentityPolicy(issuer: "https://id.example", audience: "keptn")
    private static let good: JSON = [
        "iss": "https://id.example", "aud": "keptn", "sub": "alice", "exp": 1_700_000_100, "scope": "keptn:events:read",
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let claim: String
        let value: JSON?
        let problem: IdentityProblem?
        var testDescription: String { "\(claim) \(value?.text ?? "missing"): \(problem?.description ?? "believed")" }

        init(_ claim: String, _ value: JSON?, _ problem: IdentityProblem? = nil) {
            (self.claim, self.value, self.problem) = (claim, value, problem)
        }
    }

    private static func time(_ offset: Int64) -> Timestamp { Timestamp(seconds: 1_700_000_000 + offset) }

    @Test(
        "A claim that is missing, wrong or out of its time is told apart",
        arguments: [
            Case("iss", "https://id.example"), Case("iss", "https://id.example/", .otherIssuer("https://id.example/")),
            Case("iss", nil, .otherIssuer("")), Case("iss", ["https://id.example"], .otherIssuer("")),
            Case("aud", ["other", "keptn"]), Case("aud", "other", .otherAudience(["other"])),
            Case("aud", [], .otherAudience([])), Case("aud", nil, .otherAudience([])),
            Case("exp", 1_699_999_941), Case("exp", 1_699_999_940, .expired(time(-60))),
            Case("exp", 1_700_000_000.5), Case("exp", nil, .incomplete("exp")), Case("exp", "soon", .incomplete("exp")),
            Case("exp", 1e300, .incomplete("exp")), Case("nbf", 1_700_000_060),
            Case("nbf", 1_700_000_061, .notYet(time(61))), Case("nbf", "x", .incomplete("nbf")),
            Case("sub", "", .incomplete("sub")), Case("sub", nil, .incomplete("sub")),
        ])
    func claims(_ test: Case) {
        let claims = Self.good.setting(test.claim, to: test.value)
        if let problem = test.problem {
            #expect(throws: problem) { try Self.policy.identity(of: claims, at: Self.now) }
        } else {
            #expect(throws: Never.self) { try Self.policy.identity(of: claims, at: Self.now) }
        }
    }

    @Test(
        "Scopes with the prefix are granted, everything else is passed over",
        arguments: [
            ("keptn:events:read", ["events:read"]),
            ("openid keptn:events:read  keptn:logs:write", ["events:read", "logs:write"]),
            (["keptn:events:read keptn:logs:read", "profile", 1], ["events:read", "logs:read"]),
            ("keptn:admin", ["admin"]), ("keptn:read", ["read"]), ("events:read", []), ("keptn:", []),
            ("keptn:nonsense", []), (nil, []), (7, []),
        ] as [(JSON?, [String])])
    func scopes(claim: JSON?, words: [String]) throws {
        let identity = try Self.policy.identity(of: Self.good.setting("scope", to: claim), at: Self.now)
        #expect(identity.grant.scopes.words == words)
        #expect(identity.subject == "alice" && identity.grant.projects == nil)
    }

    @Test("Claim and prefix can be others")
    func otherNames() throws {
        let policy = IdentityPolicy(
            issuer: "https://id.example", audience: "keptn", scopeClaim: "roles", scopePrefix: "cd/")
        let claims = Self.good.setting("roles", to: ["cd/write", "keptn:admin"])
        #expect(try policy.identity(of: claims, at: Self.now).grant.scopes == AccessScope.Bundle.write.scopes)
    }

    @Test("A discovery document stands below the issuer")
    func discovery() {
        let url = "https://id.example/realm/.well-known/openid-configuration"
        #expect(OpenIDProvider.discoveryURL(of: "https://id.example/realm") == url)
        #expect(OpenIDProvider.discoveryURL(of: "https://id.example/realm/") == url)
        #expect(OpenIDProvider(discovery: ["issuer": ""]) == nil && OpenIDProvider(discovery: []) == nil)
    }
}
