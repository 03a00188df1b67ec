import CloudEvents
import Core
import Ports
import Testing

@Suite("Bearer tokens of others at the API's door") struct IdentitiesTests {
    /// Knows one token, doubts another, and cannot ask about any other.
    private struct Identities: IdentityVerifier {
        func caller(of token: String) async throws -> Caller {
            switch token {
            case "alice": return Caller(name: "alice", grant: Grant(scopes: [.projectsRead]))
            case "mallory": throw KeptnError(.unauthorized, "the token's signature is not one of the issuer")
            default: throw KeptnError(.unavailable, "the identity provider is gone")
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var token: String?
        let bearer: String
        let status: Int
        var says = ""
        var testDescription: String { "\(method) as \(bearer), x-token \(token ?? "-"): \(status)" }
    }

    @Test(
        "They count where no token of ours does, with the scopes that they bring",
        arguments: [
            Case(bearer: "alice", status: 200),
            Case(method: "POST", bearer: "alice", status: 403, says: "'alice' lacks the scope projects:write"),
            Case(token: "wrong", bearer: "alice", status: 200),
            Case(method: "POST", token: "first-token", bearer: "alice", status: 400, says: "'name'"),
            Case(
                bearer: "mallory", status: 401,
                says: "unauthenticated or invalid credentials: the token's signature is not"),
            Case(bearer: "bob", status: 503, says: "is gone"), Case(bearer: "first-token", status: 200),
        ])
    func bearers(_ test: Case) async throws {
        let bench = try await AccessBench(identities: Identities())
        let answer = try await bench.send(
            test.method, "/api/controlPlane/v1/project", test.method == "POST" ? [:] : nil, token: test.token,
            headers: ["authorization": "Bearer \(test.bearer)"])
        #expect(answer.status == test.status)
        #expect(answer.json["message"]?.stringValue?.contains(test.says) ?? test.says.isEmpty, "\(answer.json)")
    }

    @Test("Doubtful ones are limited like wrong tokens, and a provider that is gone is nobody's fault")
    func limit() async throws {
        let bench = try await AccessBench(identities: Identities())
        func status(_ bearer: String) async throws -> Int {
            try await bench.send(
                "POST", "/api/v1/auth", token: nil, headers: ["authorization": "Bearer \(bearer)"]
            ).status
        }
        for _ in 0..<4 { #expect(try await status("bob") == 503) }
        for expected in [401, 401, 429] { #expect(try await status("mallory") == expected) }
        #expect(try await status("alice") == 200)
        #expect(try await status("mallory") == 401)
    }
}
