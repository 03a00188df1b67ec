import CloudEvents
import Core
import Testing

@Suite struct GrantTests {
    private static let now = Timestamp(seconds: 1_700_000_000)
    private static let reader = Grant(scopes: AccessScope.Bundle.read.scopes)
    private static let limited = Grant(scopes: AccessScope.Bundle.write.scopes, projects: ["shop", "bank"])

    struct Case: Sendable, CustomTestStringConvertible {
        let grant: Grant
        let scopes: [AccessScope]
        let reach: AccessRule.Reach
        let project: String?
        let decision: AccessDecision

        init(
            _ grant: Grant, _ scopes: [AccessScope], _ reach: AccessRule.Reach, _ project: String?,
            _ decision: AccessDecision
        ) {
            (self.grant, self.scopes, self.reach, self.project, self.decision) = (
                grant, scopes, reach, project, decision
            )
        }
        var testDescription: String {
            "\(grant.scopes.words) in \(grant.projects?.sorted().description ?? "all") asks for "
                + "\(scopes.map(\.rawValue)) \(reach) \(project ?? "-"): \(decision)"
        }
    }

    private static let cases: [Case] = [
        Case(.admin, AccessScope.allCases, .installation, nil, .allowed),
        Case(.admin, [.projectsRead], .query, nil, .allowed),
        Case(.admin, [], .path, "shop", .allowed),
        Case(.nothing, [], .anywhere, nil, .allowed),
        Case(.nothing, [.metadataRead], .anywhere, nil, .missing([.metadataRead])),
        Case(reader, [.eventsRead], .path, "any", .allowed),
        Case(reader, [.eventsWrite], .path, "any", .missing([.eventsWrite])),
        Case(
            reader, [.secretsWrite, .projectsRead, .projectsWrite], .installation, nil,
            .missing([.projectsWrite, .secretsWrite])),
        Case(reader, [.tokensRead], .installation, nil, .missing([.tokensRead])),
        Case(limited, [.eventsWrite], .path, "shop", .allowed),
        Case(limited, [.eventsWrite], .query, "bank", .allowed),
        Case(limited, [.eventsWrite], .path, "other", .otherProject("other")),
        Case(limited, [.eventsRead], .query, nil, .projectUnsaid),
        Case(limited, [.eventsRead], .handler, nil, .allowed),
        Case(limited, [.metadataRead], .anywhere, nil, .allowed),
        Case(limited, [.secretsRead], .installation, nil, .wholeInstallation),
        Case(limited, [.tokensWrite], .path, "other", .missing([.tokensWrite])),
        Case(Grant(scopes: [.eventsRead], expiresAt: now + .nanoseconds(1)), [.eventsRead], .anywhere, nil, .allowed),
        Case(Grant(scopes: [.eventsRead], expiresAt: now), [.eventsWrite], .anywhere, nil, .expired(now)),
    ]

    @Test("A request passes when its scopes are granted, in its project, in time", arguments: cases)
    func decisions(_ test: Case) {
        let request = AccessRequest(
            rule: AccessRule(test.scopes, test.reach), project: test.project, time: Self.now)
        #expect(test.grant.decide(request) == test.decision)
    }

    @Test("Nobody hands on more than they have")
    func covering() {
        let some = Grant(scopes: [.eventsRead, .tokensWrite], projects: ["shop"])
        let cases: [(grant: Grant, other: Grant, covers: Bool)] = [
            (.admin, .admin, true), (.admin, some, true), (some, .admin, false), (some, some, true),
            (some, Grant(scopes: [.eventsRead], projects: ["shop"]), true),
            (some, Grant(scopes: [.eventsRead], projects: []), true),
            (some, Grant(scopes: [.eventsRead]), false),
            (some, Grant(scopes: [.eventsRead], projects: ["shop", "bank"]), false),
            (some, Grant(scopes: [.logsRead], projects: ["shop"]), false),
            (.nothing, .nothing, true),
        ]
        for (grant, other, covers) in cases { #expect(grant.covers(other) == covers, "\(grant) \(other)") }
    }

    @Test("Bundles hold each other, and only admin has to do with tokens")
    func bundles() {
        let (read, write, admin) = (
            AccessScope.Bundle.read.scopes, AccessScope.Bundle.write.scopes, AccessScope.Bundle.admin.scopes
        )
        #expect(read.isStrictSubset(of: write) && write.isStrictSubset(of: admin))
        #expect(admin.subtracting(write) == [.tokensRead, .tokensWrite])
        #expect(read.contains(.secretsRead) && !read.contains(.eventsWrite))
    }

    @Test("A word is a scope or a bundle, and a set says itself as short as it can")
    func words() {
        #expect(AccessScope.named("events:read") == [.eventsRead])
        #expect(AccessScope.named("write") == AccessScope.Bundle.write.scopes)
        #expect(AccessScope.named("keptn:events:read") == nil && AccessScope.named("") == nil)
        for word in AccessScope.words { #expect(AccessScope.named(word)?.words == [word]) }
        #expect(Set<AccessScope>([.tokensWrite, .metadataRead]).words == ["metadata:read", "tokens:write"])
    }

    @Test(
        "A route's rule is the first that fits",
        arguments: [
            ("GET", "/api/controlPlane/v1/project/{project}/stage/{stage}/service", [AccessScope.stagesRead]),
            ("GET", "/api/controlPlane/v1/project/{project}/stage/{stage}/service/{service}", [.servicesRead]),
            ("PUT", "/api/resource-service/v1/project/{project}/stage/{stage}/resource/{uri...}", [.resourcesWrite]),
            ("POST", "/api/v1/auth", []),
        ])
    func rules(method: String, path: String, scopes: [AccessScope]) {
        #expect(AccessRule.of(method, path)?.scopes == scopes)
    }

    @Test("What the table does not know has no rule", arguments: ["/api/v1/authority", "/api/secret", "/", ""])
    func unknown(path: String) {
        #expect(AccessRule.of("GET", path) == nil)
    }
}
