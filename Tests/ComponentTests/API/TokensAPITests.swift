import API
import CloudEvents
import Core
import HTTPTypes
import Logging
import Ports
import Testing

@Suite("API tokens", .timeLimit(.minutes(5))) struct TokensAPITests {
    private static let path = "/api/v1/tokens"
    private static let projects = "/api/controlPlane/v1/project"

    @Test("A token works at once, is shown once, and is nowhere but in its owner's hands")
    func creation() async throws {
        let bench = try await AccessBench()
        let made = try await bench.send(
            "POST", Self.path, ["name": "ci", "scopes": ["read", "events:write"], "expiresIn": "1h"])
        #expect(made.status == 201)
        let text = try #require(made.json["token"]?.stringValue)
        #expect(text.hasPrefix("keptn_") && text.count == 49)
        #expect(made.json["scopes"]?.elements.contains("events:write") == true)
        #expect(made.json["expiresAt"] == .string((bench.time.now + .seconds(3600)).rfc3339))
        #expect(try await bench.send("GET", Self.projects, token: text).status == 200)
        #expect(try await !bench.send("GET", Self.path).json.text.contains(text))
        let stored = try await bench.tokenStore.tokens()
        #expect(stored.map(\.name) == ["ci"] && stored[0].hash.count == 32)
        let other = try await bench.token("other", ["admin"])
        #expect(other != text)
    }

    @Test("Rotated, revoked and expired tokens open nothing, at once")
    func ends() async throws {
        let bench = try await AccessBench()
        func status(_ token: String) async throws -> Int {
            let status = try await bench.send("GET", Self.projects, token: token).status
            try await bench.send("POST", "/api/v1/auth")
            return status
        }
        let old = try await bench.token("ci", ["read"])
        let rotated = try await bench.send("POST", Self.path + "/ci/rotate", ["expiresIn": "10m"])
        let new = try #require(rotated.json["token"]?.stringValue)
        #expect(try await status(old) == 401)
        #expect(try await status(new) == 200)
        bench.time.advance(by: .seconds(600))
        #expect(try await status(new) == 401)
        let listed = try await bench.send("GET", Self.path).json["tokens"]?.elements
        #expect(listed?.first { $0["name"] == "ci" }?["expired"] == true)
        let renewed = try await bench.send("POST", Self.path + "/ci/rotate", ["expiresIn": "1h"])
        let last = try #require(renewed.json["token"]?.stringValue)
        #expect(try await status(last) == 200)
        #expect(try await bench.send("DELETE", Self.path + "/ci").status == 200)
        #expect(try await status(last) == 401)
        #expect(try await bench.send("DELETE", Self.path + "/ci").status == 404)
        #expect(try await bench.tokenStore.tokens().isEmpty)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var method = "POST"
        var target = path
        var body: JSON = [:]
        var token = AccessBench.firstToken
        var status: Int
        var says: String
        var testDescription: String { "\(method) \(target) \(body.text) -> \(status)" }
    }

    @Test(
        "Mistakes are answered with what would be right",
        arguments: [
            Case(body: ["scopes": ["read"]], status: 400, says: "'name'"),
            Case(body: ["name": "a b", "scopes": ["read"]], status: 400, says: "'a b'"),
            Case(body: ["name": "a/b", "scopes": ["read"]], status: 400, says: "no slashes"),
            Case(body: ["name": "a"], status: 400, says: "'scopes' is missing; known are read, write, admin"),
            Case(body: ["name": "a", "scopes": ["reed", "x"]], status: 400, says: "unknown: reed, x"),
            Case(body: ["name": "a", "scopes": ["read"], "projects": []], status: 400, says: "leave it out"),
            Case(body: ["name": "a", "scopes": ["read"], "projects": [1]], status: 400, says: "list names"),
            Case(body: ["name": "a", "scopes": ["read"], "projects": ["X"]], status: 400, says: "lower case"),
            Case(body: ["name": "a", "scopes": ["read"], "expiresIn": "soon"], status: 400, says: "'soon'"),
            Case(body: ["name": "a", "scopes": ["read"], "expiresIn": "-1h"], status: 400, says: "expired already"),
            Case(body: ["name": "a", "scopes": ["read"], "expiresAt": "x"], status: 400, says: "'x'"),
            Case(body: ["name": "first", "scopes": ["read"]], status: 409, says: "'first'"),
            Case(body: ["name": "known", "scopes": ["read"]], status: 409, says: "'known'"),
            Case(target: path + "/nobody/rotate", status: 404, says: "'nobody'"),
            Case(method: "DELETE", target: path + "/first", status: 409, says: "file 'token'"),
        ])
    func mistakes(_ test: Case) async throws {
        let bench = try await AccessBench()
        _ = try await bench.token("known", ["read"])
        let answer = try await bench.send(test.method, test.target, test.body)
        #expect(answer.status == test.status)
        #expect(answer.json["message"]?.stringValue?.contains(test.says) == true, "\(answer.json)")
    }

    @Test("Nobody makes, renews or ends a token that may do more than they may")
    func escalation() async throws {
        let bench = try await AccessBench()
        let small = try await bench.token("small", ["tokens:read", "tokens:write", "events:read"])
        _ = try await bench.token("big", ["admin"])
        for (method, target, body) in [
            ("POST", Self.path, ["name": "x", "scopes": ["admin"]] as JSON),
            ("POST", Self.path, ["name": "x", "scopes": ["events:write"]]),
            ("POST", Self.path + "/big/rotate", [:]), ("DELETE", Self.path + "/big", [:]),
        ] {
            let answer = try await bench.send(method, target, body, token: small)
            #expect(answer.status == 403, "\(method) \(target) \(answer.json)")
        }
        let same = try await bench.send(
            "POST", Self.path, ["name": "x", "scopes": ["events:read"], "projects": ["sockshop"]], token: small)
        #expect(same.status == 201)
    }

    @Test("A missing scope is named")
    func missingScope() async throws {
        let bench = try await AccessBench()
        let reader = try await bench.token("reader", ["read"])
        for (method, target, scope) in [
            ("POST", Self.projects, "projects:write"), ("DELETE", Self.projects + "/sockshop", "projects:delete"),
            ("POST", "/api/v1/event", "events:write"), ("GET", Self.path, "tokens:read"),
            ("POST", "/api/secrets/v1/secret", "secrets:write"),
        ] {
            let answer = try await bench.send(method, target, [:], token: reader)
            #expect(answer.status == 403)
            #expect(answer.json["message"] == .string("'reader' lacks the scope \(scope)"))
        }
    }

    @Test("A token of one project sees and changes nothing of others")
    func projectLimit() async throws {
        let bench = try await AccessBench()
        let mine = try await bench.token("mine", ["write"], projects: ["sockshop"])
        let theirs = try await bench.token("theirs", ["write"], projects: ["bank"])
        func event(_ project: JSON?) -> JSON {
            [
                "type": "sh.keptn.event.dev.delivery.triggered",
                "data": ["project": project, "stage": "dev", "service": "carts"],
            ]
        }
        let datastore = "/api/mongodb-datastore/event"
        let cases: [(method: String, target: String, body: JSON?, mine: Int, theirs: Int)] = [
            ("GET", Self.projects + "/sockshop", nil, 200, 403),
            ("GET", Self.projects + "/sockshop/stage", nil, 200, 403),
            ("GET", "/api/resource-service/v1/project/sockshop/resource", nil, 200, 403),
            ("POST", "/api/v1/event", event("sockshop"), 200, 403),
            ("POST", "/api/v1/event", event(nil), 403, 403),
            ("GET", datastore + "?project=sockshop", nil, 200, 403),
            ("GET", datastore, nil, 403, 403),
            ("GET", datastore + "/type/x?filter=data.project:sockshop", nil, 200, 403),
            ("GET", datastore + "/type/x?filter=shkeptncontext:c", nil, 403, 403),
            ("POST", Self.projects, ["name": "sockshop"], 409, 403),
            ("PUT", Self.projects, ["name": "sockshop"], 201, 403),
            ("GET", "/api/secrets/v1/secret", nil, 403, 403),
            ("GET", "/api/v1/metadata", nil, 200, 200),
            (
                "POST", "/api/v1/subscriptions/s/pull",
                ["events": [">"], "projects": ["sockshop"], "waitSeconds": 0, "restart": true], 200, 403
            ),
            ("POST", "/api/v1/subscriptions/s/settle", ["positions": [], "events": []], 200, 409),
        ]
        for test in cases {
            for (token, status) in [(mine, test.mine), (theirs, test.theirs)] {
                let answer = try await bench.send(test.method, test.target, test.body, token: token)
                #expect(
                    answer.status == status, "\(token == mine) \(test.method) \(test.target) \(answer.json)")
            }
        }
        #expect(try await bench.send("GET", Self.projects, token: mine).json["totalCount"] == 1)
        #expect(try await bench.send("GET", Self.projects, token: theirs).json["totalCount"] == 0)
    }

    @Test("The last use is known to the minute, and written once a minute and at the end")
    func lastUse() async throws {
        let bench = try await AccessBench()
        let token = try await bench.token("ci", ["read"])
        func stored() async throws -> Timestamp? { try await bench.tokenStore.tokens()[0].lastUsedAt }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await bench.tokens.run() }
            bench.time.advance(by: .seconds(30))
            for _ in 0..<3 { try await bench.send("GET", Self.projects, token: token) }
            #expect(try await stored() == nil)
            let shown = try await bench.send("GET", Self.path).json["tokens"]?.elements
            let seconds = bench.time.now.nanoseconds / 1_000_000_000
            let used = Timestamp(seconds: seconds / 60 * 60)
            #expect(shown?.first { $0["name"] == "ci" }?["lastUsedAt"] == .string(used.rfc3339))
            group.cancelAll()
            try await group.waitForAll()
            #expect(try await stored() == used)
        }
    }

    @Test("A registry that starts again knows the tokens of before, and the first one")
    func restart() async throws {
        let bench = try await AccessBench()
        let token = try await bench.token("ci", ["read"])
        let again = try await TokenRegistry(
            firstToken: "another", store: bench.tokenStore, time: bench.time, logger: Logger(label: "test"))
        #expect(again.all.map(\.name) == ["ci", "first"])
        #expect(again.token(token)?.name == "ci")
        #expect(again.token("another")?.grant == .admin)
        #expect(again.token(AccessBench.firstToken) == nil)
    }

    @Test(
        "Every way to bring a token is understood",
        arguments: [
            ["x-token": "first-token"], ["authorization": "Bearer first-token"],
            ["authorization": "bearer first-token"],
            ["authorization": "Basic \(Base64.encode("git:first-token".utf8))"],
            ["x-token": "first-token", "authorization": "Bearer x"],
        ])
    func credentials(_ headers: [String: String]) async throws {
        let bench = try await AccessBench()
        #expect(try await bench.send("GET", Self.projects, token: nil, headers: headers).status == 200)
    }

    @Test(
        "Everything else is not",
        arguments: [
            [:], ["x-token": ""], ["x-token": "first-toke"], ["authorization": "first-token"],
            ["authorization": "Bearer"], ["authorization": "Basic first-token"], ["authorization": "Basic !"],
            ["authorization": "Basic \(Base64.encode("first-token".utf8))"],
        ])
    func wrongCredentials(_ headers: [String: String]) async throws {
        let bench = try await AccessBench()
        let answer = try await bench.send("GET", Self.projects, token: nil, headers: headers)
        #expect(answer.status == 401)
        #expect(answer.json["message"] == "unauthenticated or invalid credentials")
    }

    @Test("Wrong tokens are counted by the client that a proxy names first")
    func clients() async throws {
        let bench = try await AccessBench()
        func wrong(_ headers: [String: String]) async throws -> Int {
            try await bench.send("POST", "/api/v1/auth", token: "wrong", headers: headers).status
        }
        for _ in 0..<2 { #expect(try await wrong(["x-forwarded-for": "1.1.1.1, 9.9.9.9"]) == 401) }
        #expect(try await wrong(["x-forwarded-for": "1.1.1.1"]) == 429)
        #expect(try await wrong(["x-forwarded-for": "1.1.1.1 , 2.2.2.2", "x-real-ip": "3.3.3.3"]) == 429)
        #expect(try await wrong(["x-real-ip": "1.1.1.1"]) == 429)
        #expect(try await wrong(["x-real-ip": "3.3.3.3"]) == 401)
        #expect(try await wrong([:]) == 401)
        bench.time.advance(by: .seconds(1))
        #expect(try await wrong(["x-forwarded-for": "1.1.1.1"]) == 401)
    }

    @Test("Every route of the API has a rule that somebody thought about")
    func rules() async throws {
        for route in try await AccessBench().api.routes where route.access == .token {
            #expect(
                AccessRule.of(route.method.rawValue, route.path) != nil,
                "\(route.method) \(route.path) is not in Core/Access/AccessRule.swift")
            guard route.rule.reach == .path else { continue }
            #expect(route.path.contains("{project}"), "\(route.method) \(route.path) names no project")
        }
    }
}
