import CloudEvents
import Foundation
import RemoteClients
import Subprocess
import SystemPackage
import Testing

/// With a real provider, the PyPI package `oidc-provider-mock`. `KEPTN_TEST_PYTHON` names an interpreter that has it;
/// in CI it must.
@Suite("The login of the command line at an identity provider", .timeLimit(.minutes(5)))
struct OAuthTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let python = environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isWanted = python != nil || !(environment["CI"] ?? "").isEmpty

    @Test("Who logged in may do what the provider says, is renewed in time, and can log out", .enabled(if: isWanted))
    func login() async throws {
        try await Self.withProvider { issuer in
            try await KeptnProcess.withHome { keptn in
                let browser = try Self.writeBrowser(in: keptn.home)
                let options = [
                    "--oidc-issuer", issuer, "--oidc-audience", "keptn-cli", "--oidc-scope-claim", "keptn_scopes",
                ]
                _ = try await keptn.withServer(options) { keptn in
                    let endpoint = try keptn.read("endpoint")
                    let auth = [
                        "auth", "--endpoint", endpoint, "--oauth", "--oauth-client-id", "keptn-cli",
                        "--oauth-client-secret", "s",
                    ]
                    let login = try await keptn.keptn(
                        auth + ["--oauth-discovery", issuer, "--oauth-port", "0"],
                        environment: ["BROWSER": "python3 \(browser)"])
                    #expect(login.code == 0, "\(login.errors)")
                    #expect(login.output.contains("Successfully authenticated against \(endpoint)"))
                    let mode =
                        try FileManager.default.attributesOfItem(
                            atPath: keptn.home.appending(path: "contexts.json").path)[.posixPermissions] as? Int
                    #expect(mode == 0o600)
                    let first = try keptn.read("contexts.json")
                    #expect(first.contains("refresh_token") && !first.contains("\"token\""))

                    #expect(try await keptn.keptn("get", "projects").code == 0)
                    #expect(try keptn.read("contexts.json") != first, "tokens that end soon are renewed and stored")
                    #expect(try await keptn.keptn("get", "projects").code == 0)
                    let refused = try await keptn.keptn("delete", "project", "shop")
                    #expect(refused.code == 1 && refused.errors.contains("projects:delete"), "\(refused.errors)")

                    let out = try await keptn.keptn("auth", "--oauth-logout")
                    #expect(out.code == 0 && out.output.contains("Successfully logged out"), "\(out.errors)")
                    #expect(!(try keptn.read("contexts.json")).contains("refresh_token"))
                    #expect(try await keptn.keptn("auth", "--oauth-logout").code == 1)
                    return .gracefully
                }
            }
        }
    }

    @Test("Of many commands at once one renews the login, whose tokens count once, and the others take what is new")
    func renewals() async throws {
        try await KeptnProcess.withHome { keptn in
            let provider = keptn.home.appending(path: "provider.py").path
            try Self.providerOfSingleUse.write(toFile: provider, atomically: true, encoding: .utf8)
            let home = keptn.home
            _ = try await Subprocess.run(
                .name("python3"), arguments: [provider, home.path], input: .none, output: .discarded,
                error: .discarded
            ) { execution in
                try await KeptnProcess.eventually("the provider is up") {
                    FileManager.default.fileExists(atPath: home.appending(path: "contexts.json").path)
                }
                let results = try await withThrowingTaskGroup(of: KeptnProcess.CommandResult.self) { commands in
                    for _ in 0..<6 { commands.addTask { try await keptn.keptn("get", "projects") } }
                    return try await commands.reduce(into: []) { $0.append($1) }
                }
                #expect(results.map(\.code) == [0, 0, 0, 0, 0, 0], "\(results.map(\.errors))")
                #expect(try keptn.read("contexts.json").contains("refresh-2"))
                #expect(try keptn.read("renewals") == "1")
                try execution.send(signal: .terminate)
            }
        }
    }

    /// A provider and a server in one. Who renews twice with the same token is refused, as some providers do; who comes
    /// with an old one too. Writes down a login that has ended, and how often it was renewed.
    private static let providerOfSingleUse = """
        import http.server, json, os, sys, time, urllib.parse
        home, renewals = sys.argv[1], 0

        def write(name, text):
            with open(f"{home}/{name}.part", "w") as file: file.write(text)
            os.rename(f"{home}/{name}.part", f"{home}/{name}")

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def do_GET(self):
                if self.path.startswith("/.well-known/"):
                    self.answer(200, {"issuer": base, "jwks_uri": base, "token_endpoint": base + "/token"})
                elif self.headers["authorization"] == f"Bearer a.b.{renewals}" and renewals:
                    self.answer(200, {"projects": [], "totalCount": 0})
                else:
                    self.answer(401, {"code": 401, "message": "an old token"})

            def do_POST(self):
                global renewals
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                time.sleep(0.3)
                if form["refresh_token"] != [f"refresh-{renewals + 1}"]:
                    return self.answer(400, {"error": "invalid_grant"})
                renewals += 1
                write("renewals", str(renewals))
                self.answer(200, {"access_token": f"a.b.{renewals}", "token_type": "Bearer", "expires_in": 3600,
                                  "refresh_token": f"refresh-{renewals + 1}"})

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        base = f"http://127.0.0.1:{server.server_port}"
        tokens = {"access_token": "a.b.0", "refresh_token": "refresh-1", "expires_at": "2026-01-01T00:00:00Z"}
        login = {"discovery": base + "/.well-known/openid-configuration", "clientId": "c", "scopes": [],
                 "tokens": tokens}
        write("contexts.json", json.dumps({"current": "x", "contexts": [
            {"name": "x", "endpoint": base + "/api", "login": login}]}))
        server.serve_forever()
        """

    @Test("A login without a provider says what is missing")
    func mistakes() async throws {
        try await KeptnProcess.withHome { keptn in
            let nobody = try await keptn.keptn("auth", "--oauth", "--endpoint", "http://127.0.0.1:1")
            #expect(nobody.code == 1 && nobody.errors.contains("--oauth-discovery"), "\(nobody.errors)")
            let both = try await keptn.keptn("auth", "--oauth", "--oauth-logout")
            #expect(both.code == 1 && both.errors.contains("exclude each other"), "\(both.errors)")
            let nowhere = try await keptn.keptn(
                "auth", "--oauth", "--endpoint", "http://127.0.0.1:1", "--oauth-client-id", "x", "--oauth-discovery",
                "http://127.0.0.1:1")
            #expect(nowhere.code == 1 && nowhere.errors.contains("identity provider"), "\(nowhere.errors)")
        }
    }

    /// What somebody does who logs in: says who they are, and follows where they are sent.
    private static func writeBrowser(in home: URL) throws -> String {
        let path = home.appending(path: "browser.py").path
        try """
        import sys, urllib.request
        urllib.request.urlopen(sys.argv[1], data=b"sub=alice").read()
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// A provider whose tokens count for so short a time that every command has to renew them.
    private static func withProvider(_ body: @Sendable @escaping (_ issuer: String) async throws -> Void) async throws {
        let python = try #require(python, "KEPTN_TEST_PYTHON must be set in CI")
        let free = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1], end='')"
        let port = try await KeptnProcess.output(of: "python3", ["-c", free])
        let alice = #"{"sub":"alice","keptn_scopes":"keptn:projects:read keptn:metadata:read"}"#
        let issuer = "http://127.0.0.1:\(port)"
        _ = try await Subprocess.run(
            .path(FilePath(python)),
            arguments: ["-m", "oidc_provider_mock", "-p", port, "-e", "25", "--user-claims", alice],
            input: .none, output: .discarded, error: .discarded
        ) { execution in
            let discovery = issuer + "/.well-known/openid-configuration"
            try await KeptnProcess.eventually("the provider is up") {
                (try? await APIClient.download(discovery)) != nil
            }
            try await body(issuer)
            try execution.send(signal: .terminate)
        }
    }
}
