import CloudEvents
import Core
import FoundationEssentials
import OpenIDConnect
import Ports
import ProcessRuntime
import RemoteClients
import Synchronization
import TestSupport
import Testing

/// With a real provider, the PyPI package `oidc-provider-mock`. `KEPTN_TEST_PYTHON` names an interpreter that has it;
/// in CI it must.
@Suite("An identity provider", .enabled(if: Provider.isWanted), .timeLimit(.minutes(5)))
struct OIDCProviderTests {
    @Test("A login with PKCE gives tokens, whose identity is believed, and which can be renewed")
    func login() async throws {
        try await Provider.run { provider in
            let login = provider.login(OAuthLogin.Client(id: "keptn-cli", secret: "s", scopes: ["profile", "openid"]))
            let seen = Mutex("")
            let tokens = try await login.logIn(port: 0) { url in
                seen.withLock { $0 = url }
                try await provider.browse(url, as: "alice")
            }
            let url = try #require(URLComponents(string: seen.withLock { $0 }))
            let query = Dictionary(
                (url.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
            #expect(query["scope"] == "openid profile" && query["code_challenge_method"] == "S256")
            #expect(query["code_challenge"]?.count == 43 && (query["state"]?.count ?? 0) >= 43)
            #expect(query["redirect_uri"]?.hasSuffix("/oauth/redirect") == true)

            #expect(tokens.expiresAt.map { $0 > MachineTime().now } == true)
            let token = try #require(tokens.idToken)
            let alice = Caller(name: "alice", grant: Grant(scopes: [.eventsRead, .projectsRead]))
            #expect(try await provider.verifier(audience: "keptn-cli").caller(of: token) == alice)
            let refusal = await #expect(throws: KeptnError.self) {
                try await provider.verifier(audience: "another").caller(of: token)
            }
            #expect(refusal?.message.contains("for [keptn-cli], not for us") == true)
            let forged = try await Self.forged(token, provider)
            #expect(forged?.contains("signature") == true)

            let renewed = try await login.refresh(tokens)
            #expect(renewed.accessToken != tokens.accessToken && renewed.refreshToken != nil)
            #expect(OAuthTokens(decoding: tokens.encoded) != nil)
        }
    }

    /// What is said to an RS256 token with other claims under the same signature.
    private static func forged(_ token: String, _ provider: Provider) async throws -> String? {
        let parts = token.split(separator: ".").map(String.init)
        let claims = try JSON(parsing: try #require(Base64.decodeURL(parts[1]))).setting("sub", to: "mallory")
        let forged = "\(parts[0]).\(Base64.encodeURL(claims.bytes)).\(parts[2])"
        let error = await #expect(throws: KeptnError.self) {
            try await provider.verifier(audience: "keptn-cli").caller(of: forged)
        }
        return error?.message
    }

    @Test("Who comes to the redirect with another state does not end the login, and a refusal does")
    func wrongState() async throws {
        try await Provider.run { provider in
            let login = provider.login(OAuthLogin.Client(id: "keptn-cli"))
            let error = await #expect(throws: KeptnError.self) {
                try await login.logIn(port: 0) { try await Self.stray($0, provider) }
            }
            #expect(error?.code == .unauthorized && error?.message == "not you")
        }
    }

    /// Comes to the redirect of a login with everything but the right thing, and refuses at last.
    private static func stray(_ url: String, _ provider: Provider) async throws {
        let items = URLComponents(string: url)?.queryItems ?? []
        func item(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        let redirect = item("redirect_uri").replacing("localhost", with: "127.0.0.1")
        for query in ["?code=stolen&state=guessed", "?code=stolen", "", "x?code=c&state=" + item("state")] {
            let status = try await provider.get(redirect + query).status
            #expect(status == 400, "\(query)")
        }
        let end = "?error=access_denied&error_description=not%20you&state=" + item("state")
        let status = try await provider.get(redirect + end).status
        #expect(status == 200)
    }

    @Test("What the provider refuses is told: its client credentials, a code of nobody's, an unknown address")
    func refusals() async throws {
        try await Provider.run { provider in
            let login = provider.login(OAuthLogin.Client(id: "robot", secret: "s"))
            let error = await #expect(throws: KeptnError.self) { try await login.clientCredentials() }
            #expect(error?.code == .unauthorized && error?.message.contains("gives no token") == true)
            let nowhere = OAuthLogin(
                discoveryURL: provider.url + "/nowhere", client: .init(id: "x"), requester: WebRequester(),
                time: MachineTime())
            let missing = await #expect(throws: KeptnError.self) { try await nowhere.clientCredentials() }
            #expect(missing?.code == .unavailable && missing?.message.contains("/nowhere") == true)
        }
    }
}

/// A running provider, and a browser to log in there.
private struct Provider: Sendable {
    let url: String

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    private static let python = variable("KEPTN_TEST_PYTHON")
    static var isWanted: Bool { python != nil || variable("CI") != nil }

    static func run(_ body: (Provider) async throws -> Void) async throws {
        let python = try #require(python, "KEPTN_TEST_PYTHON must be set in CI")
        try await withTemporaryFolder { folder in
            let processes = LocalProcesses(name: folder, time: MachineTime())
            let port = try await processes.freePort()
            let alice = #"{"sub":"alice","keptn_scopes":"keptn:events:read keptn:projects:read"}"#
            let process = try await processes.start(
                ProcessCommand(
                    program: python,
                    arguments: ["-m", "oidc_provider_mock", "-p", String(port), "--user-claims", alice],
                    environment: [:], folder: folder, logFile: "\(folder)/provider.log"))
            do {
                try await eventually("the provider is up") {
                    await HTTPHealthProbe().problem(
                        at: Endpoint(port: port), path: "/.well-known/openid-configuration", timeout: .seconds(2))
                        == nil
                }
                try await body(Provider(url: "http://127.0.0.1:\(port)"))
            } catch {
                await processes.stop(process, grace: .zero)
                throw error
            }
            await processes.stop(process, grace: .zero)
        }
    }

    func login(_ client: OAuthLogin.Client) -> OAuthLogin {
        OAuthLogin(
            discoveryURL: OpenIDProvider.discoveryURL(of: url), client: client, requester: WebRequester(),
            time: MachineTime())
    }

    func verifier(audience: String) -> OpenIDVerifier {
        OpenIDVerifier(
            policy: IdentityPolicy(issuer: url, audience: audience, scopeClaim: "keptn_scopes"),
            requester: WebRequester(), time: MachineTime())
    }

    func get(_ url: String) async throws -> IncomingResponse {
        try await WebRequester().send(OutgoingRequest(url: url))
    }

    /// What somebody does who logs in: says who they are, and lets themselves be sent back.
    func browse(_ url: String, as subject: String) async throws {
        let form = try await WebRequester().send(
            OutgoingRequest(
                method: "POST", url: url, headers: ["content-type": "application/x-www-form-urlencoded"],
                body: Array("sub=\(subject)".utf8)))
        #expect(form.status == 302)
        let back = try #require(form.headers["location"]).replacing("localhost", with: "127.0.0.1")
        let page = try await get(back)
        #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("logged in"))
    }
}
