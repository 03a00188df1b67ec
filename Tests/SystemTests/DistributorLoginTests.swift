import CloudEvents
import Foundation
import RemoteClients
import Subprocess
import SystemPackage
import Testing

/// With a real provider, the PyPI package `oidc-provider-mock`, which gives tokens to people only: what it lacks for
/// programs is added to it. `KEPTN_TEST_PYTHON` names an interpreter that has it; in CI it must.
@Suite("The login of a distributor at an identity provider", .timeLimit(.minutes(5)))
struct DistributorLoginTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let python = environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isWanted = python != nil || !(environment["CI"] ?? "").isEmpty
    private static let scopes = ["keptn:events:read", "keptn:events:write", "keptn:integrations:write"]

    @Test("It logs in by itself, renews its login, and hands events on both ways", .enabled(if: isWanted))
    func login() async throws {
        try await Self.withProvider { issuer, files in
            try await Self.withServer(issuer) { project in
                let variables = Self.variables(issuer, secret: "s3cret")
                try await project.withIntegration(IntegrationTests.program, environment: variables) { _, _ in
                    _ = try await IntegrationTests.registered(project)
                    for _ in 1...2 {
                        let context = try await project.trigger("mysequence")
                        try await project.becomes("finished", context)
                    }
                }
            }
            let tokens = try files.read("tokens").split(separator: "\n")
            #expect(tokens.count > 1, "tokens that end soon are renewed")
            #expect(Set(tokens) == [(["openid"] + Self.scopes).joined(separator: " ")[...]])
        }
    }

    @Test("With a wrong secret it ends, and says what the provider says", .enabled(if: isWanted))
    func wrongSecret() async throws {
        try await Self.withProvider { issuer, files in
            try await Self.withServer(issuer) { project in
                var variables = Self.variables(issuer, secret: "wrong")
                variables.merge(
                    [
                        "KEPTN_API_ENDPOINT": project.server.endpoint, "K8S_DEPLOYMENT_NAME": "echo-service",
                        "API_PROXY_PORT": "0", "MAX_REGISTRATION_RETRIES": "1",
                    ]
                ) { $1 }
                let result = try await files.keptn(
                    ["run", "distributor"],
                    environment: Dictionary(
                        variables.map { (Environment.Key(rawValue: $0.key) ?? "", $0.value) },
                        uniquingKeysWith: { $1 }))
                #expect(result.code == 1 && result.errors.contains("invalid_client"), "\(result)")
            }
            #expect(throws: (any Error).self) { try files.read("tokens") }
        }
    }

    private static func withServer(
        _ issuer: String, _ body: @Sendable @escaping (ProjectUnderTest) async throws -> Void
    ) async throws {
        try await ProjectUnderTest.with(
            shipyard: IntegrationTests.shipyard,
            arguments: ["--oidc-issuer", issuer, "--oidc-audience", "echo-service"], body)
    }

    /// A distributor without a token of Keptn's.
    private static func variables(_ issuer: String, secret: String) -> [String: String] {
        [
            "KEPTN_API_TOKEN": "", "PUBSUB_TOPIC": "sh.keptn.event.mytask.triggered",
            "OAUTH_CLIENT_ID": "echo-service", "OAUTH_CLIENT_SECRET": secret,
            "OAUTH_SCOPES": scopes.joined(separator: ","),
            "OAUTH_DISCOVERY": issuer + "/.well-known/openid-configuration",
        ]
    }

    /// The body gets the issuer, and the folder in which the provider writes down the scopes of each token.
    private static func withProvider(
        _ body: @Sendable @escaping (_ issuer: String, _ files: KeptnProcess) async throws -> Void
    ) async throws {
        let python = try #require(python, "KEPTN_TEST_PYTHON must be set in CI")
        try await KeptnProcess.withHome { files in
            let program = files.home.appending(path: "provider.py").path
            try provider.write(toFile: program, atomically: true, encoding: .utf8)
            _ = try await Subprocess.run(
                .path(FilePath(python)), arguments: [program, files.home.path], input: .none, output: .discarded,
                error: .discarded
            ) { execution in
                try await KeptnProcess.eventually("the provider is up") { (try? files.read("issuer")) != nil }
                try await body(files.read("issuer"), files)
                try execution.send(signal: .terminate)
            }
        }
    }

    /// RFC 6749 section 4.4 for one program, whose tokens (RFC 9068) end so soon that each request needs a new one;
    /// all else is the package's.
    private static let provider = """
        import os, sys, time
        import flask, oidc_provider_mock, werkzeug.serving
        from authlib import jose
        folder, app = sys.argv[1], oidc_provider_mock.app()

        @app.before_request
        def client_credentials():
            form, who = flask.request.form, flask.request.authorization
            if flask.request.path != "/oauth2/token" or form.get("grant_type") != "client_credentials": return None
            if who is None or (who.username, who.password) != ("echo-service", "s3cret"):
                return {"error": "invalid_client"}, 401
            with open(f"{folder}/tokens", "a") as file: file.write(form["scope"] + "\\n")
            claims = {"iss": issuer, "aud": who.username, "sub": who.username, "exp": int(time.time()) + 5,
                      "scope": form["scope"]}
            key = flask.g.oidc_provider_mock_storage.jwk
            token = jose.jwt.encode({"alg": "RS256", "kid": key.as_dict()["kid"]}, claims, key).decode()
            return {"access_token": token, "token_type": "Bearer", "expires_in": 5}

        server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
        issuer = f"http://127.0.0.1:{server.server_port}"
        with open(f"{folder}/issuer.part", "w") as file: file.write(issuer)
        os.rename(f"{folder}/issuer.part", f"{folder}/issuer")
        server.serve_forever()
        """
}
