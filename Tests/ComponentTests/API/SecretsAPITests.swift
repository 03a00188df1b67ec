import CloudEvents
import Ports
import Testing

@Suite("The secrets API (K §2.12)") struct SecretsAPITests {
    private static let path = "/api/secrets/v1/secret"

    struct Case: Sendable, CustomTestStringConvertible {
        var method: String
        var target = path
        var body: JSON?
        var status: Int
        var says = ""
        var testDescription: String { "\(method) \(target) \(body?.text.prefix(80) ?? "") -> \(status)" }
    }

    /// On a store with the secret `known` of the standard scope, and one of Git's.
    private static let cases: [Case] = [
        Case(method: "POST", body: ["name": "new", "data": ["k": "v"]], status: 201),
        Case(method: "POST", body: ["name": "new", "data": [:]], status: 201),
        Case(method: "POST", body: ["name": "new", "scope": ""], status: 201),
        Case(method: "POST", body: ["name": "known", "scope": "dynatrace-service", "data": ["k": "v"]], status: 201),
        Case(method: "POST", body: ["name": "known", "data": ["k": "v"]], status: 409, says: "known already exists"),
        Case(method: "POST", body: ["data": ["k": "v"]], status: 400, says: "'name'"),
        Case(
            method: "POST", body: ["name": "n", "scope": "odd"], status: 400, says: "'odd' is unknown; known are "),
        Case(method: "POST", body: ["name": "n", "scope": "keptn-git"], status: 400, says: "keptn-git"),
        Case(method: "POST", body: ["name": "n", "data": ["k": 1]], status: 400, says: "data.k"),
        Case(
            method: "POST", body: ["name": .string(String(repeating: "n", count: 254))], status: 400,
            says: "at most 253 characters; this one has 254"),
        Case(method: "POST", body: ["name": .string(String(repeating: "n", count: 253))], status: 201),
        Case(method: "PUT", body: ["name": "known", "data": ["k": "v"]], status: 200),
        Case(method: "PUT", body: ["name": "new", "data": ["k": "v"]], status: 404, says: "new not found"),
        Case(method: "PUT", body: ["name": "known", "scope": "odd"], status: 400, says: "odd"),
        Case(method: "PUT", body: ["name": "hidden", "scope": "keptn-git"], status: 400, says: "keptn-git"),
        Case(method: "DELETE", target: path + "?name=known&scope=keptn-default", status: 200),
        Case(method: "DELETE", target: path + "?name=new&scope=keptn-default", status: 404, says: "new"),
        Case(method: "DELETE", target: path + "?name=known", status: 400, says: "'scope'"),
        Case(method: "DELETE", target: path + "?name=hidden&scope=keptn-git", status: 400, says: "keptn-git"),
    ]

    @Test("Every request has its status, and no answer has a value in it", arguments: cases)
    func answers(_ test: Case) async throws {
        let bench = try await AccessBench()
        try await bench.secrets.save(["old": "hush"], as: SecretName("known", scope: "keptn-default"))
        try await bench.secrets.save(["token": "hush"], as: SecretName("hidden", scope: "keptn-git"))
        let answer = try await bench.send(test.method, test.target, test.body)
        #expect(answer.status == test.status, "\(answer.json)")
        #expect(answer.json["message"]?.stringValue?.contains(test.says) ?? test.says.isEmpty, "\(answer.json)")
        #expect(!answer.json.text.contains("hush") && answer.json["data"] == nil)
        #expect(try await bench.secrets.values(of: SecretName("hidden", scope: "keptn-git")) == ["token": "hush"])
    }

    @Test("The list has names and keys, filtered by name and scope, and nothing of other scopes")
    func list() async throws {
        let bench = try await AccessBench()
        let names = [
            SecretName("a", scope: "keptn-default"), SecretName("b", scope: "keptn-default"),
            SecretName("a", scope: "keptn-webhook-service"), SecretName("x", scope: "keptn-git"),
        ]
        for name in names { try await bench.secrets.save(["two": "2", "one": "1"], as: name) }
        func found(_ query: String) async throws -> [String] {
            let answer = try await bench.send("GET", Self.path + query)
            #expect(answer.status == 200)
            return try #require(answer.json["Secrets"]).elements.map {
                #expect($0["keys"] == ["one", "two"])
                return "\($0["scope"]?.stringValue ?? "")/\($0["name"]?.stringValue ?? "")"
            }
        }
        let (a, b, webhook) = ("keptn-default/a", "keptn-default/b", "keptn-webhook-service/a")
        #expect(try await found("") == [a, b, webhook])
        #expect(try await found("?name=a") == [a, webhook])
        #expect(try await found("?scope=keptn-default") == [a, b])
        #expect(try await found("?name=b&scope=keptn-default") == [b])
        #expect(try await found("?scope=keptn-git").isEmpty)
        #expect(try await found("?name=x").isEmpty)
    }

    @Test("The scopes are Keptn's")
    func scopes() async throws {
        let answer = try await AccessBench().send("GET", "/api/secrets/v1/scope")
        #expect(
            answer.json == [
                "scopes": ["keptn-default", "keptn-webhook-service", "dynatrace-service", "keptn-prometheus-service"]
            ])
    }
}
