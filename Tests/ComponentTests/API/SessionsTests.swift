import CloudEvents
import Core
import HTTPTypes
import Ports
import Testing

@testable import API

@Suite("Sessions of browsers", .timeLimit(.minutes(5)))
struct SessionsTests {
    private static let path = "/api/v1/session"
    private static let own = ["x-keptn-bridge": "1"]

    private func cookie(_ text: String, own: Bool = true) -> [String: String] {
        ["cookie": "other=1; keptn_session=\(text); last=2"].merging(own ? Self.own : [:]) { $1 }
    }

    @Test("A token becomes a session that may the same, until it is closed")
    func life() async throws {
        let bench = try await AccessBench()
        let reader = try await bench.token("reader", ["read"], projects: ["sockshop"])
        let text = try await bench.sessions.open(token: reader).text
        let who = try await bench.send("GET", Self.path, token: nil, headers: cookie(text))
        #expect(who.status == 200 && who.json["name"] == "reader" && who.json["projects"] == ["sockshop"])
        #expect(who.json["scopes"]?.elements.contains("projects:read") == true)
        #expect(who.json["scopes"]?.elements.contains("projects:write") == false)
        #expect(who.json["expiresAt"] == .string((bench.time.now + SessionRegistry.age).rfc3339))
        let write = try await bench.send(
            "POST", "/api/controlPlane/v1/project", [:], token: nil, headers: cookie(text))
        #expect(write.status == 403 && write.json["message"]?.stringValue?.contains("projects:write") == true)
        #expect(try await bench.send("DELETE", Self.path, token: nil, headers: cookie(text)).status == 200)
        let after = try await bench.send("GET", Self.path, token: nil, headers: cookie(text))
        #expect(after.status == 401 && after.json["message"] == "the session has ended: log in again")
    }

    @Test("The cookie is for the browser alone, and for TLS where there is TLS")
    func cookieText() async throws {
        let bench = try await AccessBench()
        func cookie(_ headers: HTTPFields) async throws -> String {
            let route = try #require(bench.api.sessionRoutes.first { $0.method == .post && $0.path == Self.path })
            var headers = headers
            headers[try #require(HTTPField.Name("x-token"))] = AccessBench.firstToken
            return try #require(try await route.handler(APIRequest(headers: headers)).headers[.setCookie])
        }
        let plain = try await cookie([:])
        #expect(
            plain.hasPrefix("keptn_session=") && plain.hasSuffix("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"))
        let proxied = try await cookie([try #require(HTTPField.Name("x-forwarded-proto")): "https"])
        #expect(proxied.hasSuffix("; SameSite=Strict; Secure"))
        let text = try #require(plain.split(separator: ";").first?.split(separator: "=").last)
        #expect(text.count == 43)
        let hashes = try await bench.sessionStore.sessions().map(\.hash)
        #expect(hashes.contains(Secret.hash(of: String(text))) && !hashes.contains(Array(text.utf8)))
    }

    @Test("A session changes nothing for a page that is not ours; a token does")
    func foreignPages() async throws {
        let bench = try await AccessBench()
        let text = try await bench.sessions.open(token: AccessBench.firstToken).text
        let project: JSON = ["name": "sockshop"]
        let projects = "/api/controlPlane/v1/project"
        let foreign = try await bench.send("PUT", projects, project, token: nil, headers: cookie(text, own: false))
        #expect(foreign.status == 403 && foreign.json["message"]?.stringValue?.contains("x-keptn-bridge") == true)
        #expect(try await bench.send("PUT", projects, project, token: nil, headers: cookie(text)).status == 201)
        #expect(try await bench.send("GET", projects, token: nil, headers: cookie(text, own: false)).status == 200)
        #expect(try await bench.send("PUT", projects, project).status == 201)
    }

    @Test("A session ends with its time, with its token, and with the token's time")
    func ends() async throws {
        let bench = try await AccessBench()
        func status(_ text: String) async throws -> Int {
            try await bench.send("GET", Self.path, token: nil, headers: cookie(text)).status
        }
        let token = try await bench.token("ci", ["read"])
        let (first, second) = (try await bench.sessions.open(token: token), try await bench.sessions.open(token: token))
        #expect(try await status(first.text) == 200)
        bench.time.advance(by: SessionRegistry.age)
        #expect(try await status(first.text) == 401)
        let third = try await bench.sessions.open(token: token)
        #expect(try await bench.sessionStore.sessions() == [third.session], "the expired ones are forgotten")
        #expect(try await status(second.text) == 401)
        #expect(try await status(third.text) == 200)
        try await bench.send("DELETE", "/api/v1/tokens/ci")
        #expect(try await status(third.text) == 401)
    }

    @Test("Sessions outlive a start of the server")
    func restart() async throws {
        let bench = try await AccessBench()
        let opened = try await bench.sessions.open(token: AccessBench.firstToken)
        let again = try await SessionRegistry(tokens: bench.tokens, store: bench.sessionStore, time: bench.time)
        #expect(again.holder(of: opened.text)?.caller.name == "first")
        #expect(again.holder(of: opened.text + "x") == nil)
    }

    @Test("A code opens one session, once, and soon")
    func codes() async throws {
        let bench = try await AccessBench()
        func redeem(_ code: String) async throws -> Int {
            try await bench.send("POST", Self.path + "/redeem", ["code": .string(code)], token: nil).status
        }
        func code() async throws -> String {
            let made = try await bench.send("POST", Self.path + "/code", [:])
            #expect(made.status == 201)
            return try #require(made.json["code"]?.stringValue)
        }
        let first = try await code()
        #expect(try await redeem(first) == 201)
        #expect(try await redeem(first) == 401)
        #expect(try await redeem("guess") == 401)
        let second = try await code()
        bench.time.advance(by: SessionRegistry.codeAge)
        #expect(try await redeem(second) == 401)
        #expect(try await bench.send("POST", Self.path + "/redeem", [:], token: nil).status == 400)
    }

    @Test("A session makes neither sessions nor codes: only a token does")
    func noOffspring() async throws {
        let bench = try await AccessBench()
        let text = try await bench.sessions.open(token: AccessBench.firstToken).text
        for path in [Self.path, Self.path + "/code"] {
            #expect(try await bench.send("POST", path, [:], token: nil, headers: cookie(text)).status == 400)
        }
    }
}
