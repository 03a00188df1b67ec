import CloudEvents
import FoundationEssentials
import NIOCore
import NIOPosix
import Ports
import RemoteClients
import TestSupport
import Testing

/// What a login sends, against a provider in memory; `OIDCProviderTests` has a real one.
@Suite("OAuthLogin", .timeLimit(.minutes(5)))
struct OAuthLoginTests {
    private static let discovery = "https://id.example/.well-known/openid-configuration"

    /// A provider that gives `answer` for whatever form it gets.
    private static func provider(
        _ answer: JSON = ["access_token": "a", "token_type": "Bearer", "expires_in": 60], status: Int = 200
    ) -> InMemoryHTTPRequester {
        InMemoryHTTPRequester { request in
            guard request.url == discovery else { return IncomingResponse(status: status, body: Array(answer.bytes)) }
            let document: JSON = [
                "issuer": "https://id.example", "authorization_endpoint": "https://id.example/authorize?tenant=1",
                "token_endpoint": "https://id.example/token",
            ]
            return IncomingResponse(status: 200, body: Array(document.bytes))
        }
    }

    private static func login(
        _ requester: InMemoryHTTPRequester, secret: String? = nil, at time: ManualTime = ManualTime()
    ) -> OAuthLogin {
        OAuthLogin(
            discoveryURL: discovery, client: .init(id: "cli & co", secret: secret, scopes: ["keptn:read"]),
            requester: requester, time: time)
    }

    private static func items(_ query: String) -> [String: String] {
        let items = URLComponents(string: query)?.queryItems ?? []
        return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
    }

    private static func form(_ requester: InMemoryHTTPRequester) throws -> [String: String] {
        let request = try #require(requester.requests.last)
        #expect(request.method == "POST" && request.url == "https://id.example/token")
        #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
        return items("?" + String(decoding: request.body, as: UTF8.self))
    }

    @Test("The example of RFC 7636, appendix B")
    func challenge() {
        #expect(
            OAuthLogin.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test("The code is exchanged with the verifier of the challenge, from the address that was announced")
    func exchange() async throws {
        let requester = Self.provider()
        let asked = Asked()
        // A person takes their time, so this clock is a real one.
        let login = OAuthLogin(
            discoveryURL: Self.discovery, client: .init(id: "cli & co"), requester: requester, time: MachineTime())
        let tokens = try await login.logIn(port: 0) { url in
            await asked.note(url)
            let query = Self.items(url)
            let back = (query["redirect_uri"] ?? "").replacing("localhost", with: "127.0.0.1")
            let answer = try await WebRequester().send(
                OutgoingRequest(url: "\(back)?state=\(query["state"] ?? "")&code=the%20code"))
            #expect(answer.status == 200)
        }
        let (query, form) = (Self.items(await asked.url), try Self.form(requester))
        #expect(query["tenant"] == "1" && query["response_type"] == "code" && query["client_id"] == "cli & co")
        #expect(form["grant_type"] == "authorization_code" && form["code"] == "the code")
        #expect(form["redirect_uri"] == query["redirect_uri"] && form["client_id"] == "cli & co")
        #expect(OAuthLogin.challenge(form["code_verifier"] ?? "") == query["code_challenge"])
        #expect(tokens.accessToken == "a" && tokens.refreshToken == nil && tokens.idToken == nil)
    }

    @Test("A browser that has brought the code need not stay for the answer")
    func hungUp() async throws {
        let login = OAuthLogin(
            discoveryURL: Self.discovery, client: .init(id: "cli"), requester: Self.provider(), time: MachineTime())
        let tokens = try await login.logIn(port: 0, patience: .seconds(30)) { url in
            let query = Self.items(url)
            let port = URLComponents(string: query["redirect_uri"] ?? "")?.port ?? 0
            let browser = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port).get()
            let request = "GET /oauth/redirect?state=\(query["state"] ?? "")&code=c HTTP/1.1\r\nhost: localhost\r\n\r\n"
            try await browser.writeAndFlush(ByteBuffer(string: request))
            try? await browser.close()  // the server may have done so already
        }
        #expect(tokens.accessToken == "a")
    }

    @Test("A program logs in with its own secret")
    func clientCredentials() async throws {
        let (requester, time) = (Self.provider(), ManualTime())
        let tokens = try await Self.login(requester, secret: "s/1", at: time).clientCredentials()
        #expect(tokens.expiresAt == time.now + .seconds(60))
        #expect(
            try Self.form(requester) == ["grant_type": "client_credentials", "scope": "openid keptn:read"])
        #expect(
            requester.requests.last?.headers["authorization"]
                == "Basic \(Base64.encode("cli%20%26%20co:s%2F1".utf8))")
    }

    @Test("Renewed tokens keep the refresh token where no new one comes")
    func refresh() async throws {
        let old = try #require(OAuthTokens(decoding: ["access_token": "old", "refresh_token": "r"]))
        let requester = Self.provider()
        let new = try await Self.login(requester).refresh(old)
        #expect(new.accessToken == "a" && new.refreshToken == "r")
        #expect(try Self.form(requester)["refresh_token"] == "r")
        let changing = Self.provider(["access_token": "a", "token_type": "bearer", "refresh_token": "r2"])
        #expect(try await Self.login(changing).refresh(old).refreshToken == "r2")
        let unable = await #expect(throws: KeptnError.self) { try await Self.login(changing).refresh(tokenAlone()) }
        #expect(unable?.code == .unauthorized && unable?.message.contains("log in again") == true)
    }

    private func tokenAlone() throws -> OAuthTokens { try #require(OAuthTokens(decoding: ["access_token": "a"])) }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let answer: JSON
        let status: Int
        let code: KeptnError.Code
        let says: String
        var testDescription: String { "\(status) \(answer.text): \(code)" }
    }

    @Test(
        "Whatever is no token is told with the provider's own reason",
        arguments: [
            Refusal(answer: ["error": "invalid_client"], status: 401, code: .unauthorized, says: "invalid_client"),
            Refusal(
                answer: ["error": "x", "error_description": "not today"], status: 400, code: .unauthorized,
                says: "not today"),
            Refusal(answer: "oops", status: 500, code: .unavailable, says: "status 500"),
            Refusal(answer: [:], status: 200, code: .unauthorized, says: "status 200"),
            Refusal(
                answer: ["access_token": "a", "token_type": "mac"], status: 200, code: .unauthorized,
                says: "status 200"),
        ])
    func refusals(_ test: Refusal) async throws {
        let login = Self.login(Self.provider(test.answer, status: test.status))
        let error = await #expect(throws: KeptnError.self) { try await login.clientCredentials() }
        #expect(error?.code == test.code && error?.message.contains(test.says) == true, "\(error?.message ?? "")")
    }

    @Test("Tokens come back from the form in which they are stored")
    func stored() throws {
        let json: JSON = [
            "access_token": "a", "refresh_token": "r", "id_token": "i", "expires_at": "2026-01-31T12:00:00.000Z",
        ]
        #expect(try #require(OAuthTokens(decoding: json)).encoded == json)
        #expect(OAuthTokens(decoding: [:]) == nil)
    }
}

/// The URL that was shown to a person.
private actor Asked {
    private(set) var url = ""
    func note(_ url: String) { self.url = url }
}
