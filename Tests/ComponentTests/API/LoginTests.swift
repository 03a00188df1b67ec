import CloudEvents
import Core
import HTTPServing
import HTTPTypes
import Ports
import Synchronization
import Testing

@testable import API

@Suite("Logins of browsers at an identity provider", .timeLimit(.minutes(5)))
struct LoginTests {
    private let provider = ScriptedLogin()

    /// What a browser gets, and what it keeps for the next request.
    private struct Visit {
        let status: Int
        let location: String
        let text: String
        let cookie: String
    }

    private func visit(
        _ bench: AccessBench, _ path: String, _ query: [String: String] = [:], cookie: String = "",
        headers: [String: String] = [:]
    ) async throws -> Visit {
        let route = try #require(RouteTable(bench.api.routes).find(.get, path).route)
        #expect(route.access == .everybody)
        var fields = HTTPFields()
        for (name, value) in headers { fields[try #require(HTTPField.Name(name))] = value }
        fields[.cookie] = cookie
        let answer = try await route.handler(APIRequest(query: query, headers: fields, authority: "keptn.example:8080"))
        return Visit(
            status: answer.status.code, location: answer.headers[.location] ?? "",
            text: String(decoding: answer.body, as: UTF8.self), cookie: answer.headers[.setCookie] ?? "")
    }

    private func value(_ cookie: String) -> String { String(cookie.prefix { $0 != ";" }) }

    @Test("Who was at the provider comes back to the page that they wanted, with a session that may what it said")
    func login() async throws {
        let bench = try await AccessBench(login: provider)
        #expect(try await bench.send("GET", "/api/v1/session/login", token: nil).json["issuer"] == "https://id.example")
        let away = try await visit(bench, "/oauth/login", ["to": "/bridge/project/sockshop?x=1"])
        let attempt = try #require(provider.attempts.last)
        #expect(away.status == 302 && away.location == "https://id.example/authorize?state=" + attempt.state)
        #expect(attempt.redirectURL == "http://keptn.example:8080/oauth/redirect")
        #expect(Set([attempt.state, attempt.nonce, attempt.verifier]).count == 3 && attempt.nonce.count == 43)
        #expect(away.cookie.hasSuffix("; Path=/oauth; Max-Age=600; HttpOnly; SameSite=Lax"))

        let back = try await visit(
            bench, "/oauth/redirect", ["code": "good", "state": attempt.state], cookie: value(away.cookie))
        #expect(back.status == 302 && back.location == "/bridge/project/sockshop?x=1")
        #expect(back.cookie.hasPrefix("keptn_session=") && back.cookie.hasSuffix("; HttpOnly; SameSite=Strict"))
        let session = ["cookie": value(back.cookie), "x-keptn-bridge": "1"]
        let who = try await bench.send("GET", "/api/v1/session", token: nil, headers: session).json
        #expect(who["name"] == "alice" && who["issuer"] == "https://id.example")
        #expect(who["scopes"] == ["projects:read"])
        let refused = try await bench.send(
            "DELETE", "/api/controlPlane/v1/project/sockshop", token: nil, headers: session)
        #expect(refused.status == 403)

        let again = try await visit(
            bench, "/oauth/redirect", ["code": "good", "state": attempt.state], cookie: value(away.cookie))
        #expect(again.status == 401, "a login ends once")
    }

    @Test("A session ends where its issuer is not believed any more, and outlives a start where it is")
    func restart() async throws {
        let bench = try await AccessBench(login: provider)
        let alice = Caller(name: "alice", grant: Grant(scopes: [.projectsRead]))
        let text = try await bench.sessions.open(person: alice, issuer: provider.issuer).text
        func holder(_ issuer: String?) async throws -> Caller? {
            try await SessionRegistry(
                tokens: bench.tokens, issuer: issuer, store: bench.sessionStore, time: bench.time
            ).holder(of: text)?.caller
        }
        #expect(try await holder(provider.issuer) == alice)
        #expect(try await holder("https://other.example") == nil)
        #expect(try await holder(nil) == nil)
        bench.time.advance(by: SessionRegistry.age)
        #expect(try await holder(provider.issuer) == nil)
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let query: [String: String]
        let status: Int
        let says: String
        var testDescription: String { "\(query): \(status)" }
    }

    @Test(
        "Whatever fails is a page that says what, and leads back",
        arguments: [
            Failure(query: ["code": "late"], status: 401, says: "the code is too old"),
            Failure(query: ["code": "down"], status: 503, says: "does not answer"),
            Failure(query: ["code": "stranger"], status: 403, says: "bob has no rights here"),
            Failure(query: ["error": "access_denied", "error_description": "<b>no"], status: 401, says: "&lt;b&gt;no"),
            Failure(query: ["error": "access_denied"], status: 401, says: "access_denied"),
            Failure(query: ["error": "access_denied", "state": ""], status: 401, says: "refused: access_denied"),
            Failure(query: ["error": "call 555 1234", "state": ""], status: 401, says: "was begun in this browser"),
            Failure(query: [:], status: 401, says: "it sent no code"),
            Failure(query: ["code": "good", "state": "guessed"], status: 401, says: "was begun in this browser"),
        ])
    func failures(_ failure: Failure) async throws {
        let bench = try await AccessBench(login: provider)
        let away = try await visit(bench, "/oauth/login")
        let state = try #require(provider.attempts.last).state
        let back = try await visit(
            bench, "/oauth/redirect", ["state": state].merging(failure.query) { $1 }, cookie: value(away.cookie))
        #expect(back.status == failure.status && back.text.contains(failure.says), "\(back.text)")
        #expect(back.text.contains("href=\"/bridge/\"") && back.cookie.isEmpty && !back.text.contains("<b>"))
    }

    @Test("A login that another browser began, or that took too long, does not count")
    func strangers() async throws {
        let bench = try await AccessBench(login: provider)
        let away = try await visit(bench, "/oauth/login")
        let query = ["code": "good", "state": try #require(provider.attempts.last).state]
        #expect(try await visit(bench, "/oauth/redirect", query).status == 401)
        #expect(try await visit(bench, "/oauth/redirect", query, cookie: "keptn_login=other").status == 401)
        bench.time.advance(by: LoginAttempts.age)
        #expect(try await visit(bench, "/oauth/redirect", query, cookie: value(away.cookie)).status == 401)
    }

    @Test("A provider that cannot be reached, and a server without one, say so")
    func nobody() async throws {
        let bench = try await AccessBench(login: provider)
        provider.setDown()
        let away = try await visit(bench, "/oauth/login")
        #expect(away.status == 503 && away.text.contains("does not answer") && away.text.contains("with a token"))
        let without = try await AccessBench()
        #expect(try await without.send("GET", "/api/v1/session/login", token: nil).json == [:])
        #expect(try await visit(without, "/oauth/login").status == 404)
    }

    @Test(
        "Only pages of the Bridge are gone back to",
        arguments: [
            ("/bridge/tokens", "/bridge/tokens"), ("//evil.example", "/bridge/"), ("https://evil.example", "/bridge/"),
            ("/bridge/a\r\nset-cookie: x", "/bridge/"), ("", "/bridge/"), ("/bridge", "/bridge/"),
        ])
    func returning(wanted: String, goes: String) async throws {
        let bench = try await AccessBench(login: provider)
        let away = try await visit(bench, "/oauth/login", ["to": wanted])
        let query = ["code": "good", "state": try #require(provider.attempts.last).state]
        let back = try await visit(bench, "/oauth/redirect", query, cookie: value(away.cookie))
        #expect(back.location == goes)
    }

    @Test("Behind a proxy the addresses are those that the browser knows, and cookies are for TLS")
    func proxied() async throws {
        let bench = try await AccessBench(login: provider)
        let headers = ["x-forwarded-proto": "https", "x-forwarded-host": "keptn.example.com"]
        let away = try await visit(bench, "/oauth/login", headers: headers)
        #expect(provider.attempts.last?.redirectURL == "https://keptn.example.com/oauth/redirect")
        #expect(away.cookie.hasSuffix("; Secure"))
    }
}

/// A provider that does what the code says.
private final class ScriptedLogin: BrowserLogin {
    private struct State {
        var attempts: [LoginAttempt] = []
        var isDown = false
    }

    let issuer = "https://id.example"
    private let state = Mutex(State())

    var attempts: [LoginAttempt] { state.withLock { $0.attempts } }
    func setDown() { state.withLock { $0.isDown = true } }

    func page(for attempt: LoginAttempt) async throws -> String {
        let isDown = state.withLock { state in
            state.attempts.append(attempt)
            return state.isDown
        }
        guard !isDown else { throw KeptnError(.unavailable, "the identity provider does not answer") }
        return issuer + "/authorize?state=" + attempt.state
    }

    func caller(bringing code: String, from attempt: LoginAttempt) async throws -> Caller {
        switch code {
        case "good": return Caller(name: "alice", grant: Grant(scopes: [.projectsRead]))
        case "stranger": return Caller(name: "bob", grant: Grant(scopes: []))
        case "down": throw KeptnError(.unavailable, "the identity provider does not answer")
        default: throw KeptnError(.unauthorized, "the code is too old")
        }
    }
}
