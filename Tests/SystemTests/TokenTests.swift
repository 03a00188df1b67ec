import CloudEvents
import Foundation
import Testing

@Suite("Tokens of the built server", .timeLimit(.minutes(5)))
struct TokenTests {
    @Test("A token is made, limited, renewed and ended by the command line, and outlives the server")
    func life() async throws {
        try await KeptnProcess.withHome { keptn in
            let first = keptn.home.appending(path: "first-text")
            _ = try await keptn.withServer { keptn in
                let made = try await keptn.keptn("token", "create", "ci", "--scopes", "read", "--expires-in", "24h")
                #expect(made.code == 0 && made.output.hasPrefix("keptn_"), "\(made.errors)")
                try made.output.write(to: first, atomically: true, encoding: .utf8)
                let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(try await keptn.keptn("get", "projects", "--token", token).code == 0)
                let refused = try await keptn.keptn("delete", "project", "shop", "--token", token)
                #expect(refused.code == 1 && refused.errors.contains("'ci' lacks the scope projects:delete"))
                return .gracefully
            }
            for name in ["token", "secret.key"] {
                let path = keptn.home.appending(path: name).path
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
            let old = try String(contentsOf: first, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            _ = try await keptn.withServer { keptn in
                let listed = try await keptn.keptn("token", "list", "--output", "json")
                let ci = try JSON(parsing: listed.output).elements.first { $0["name"] == "ci" }
                #expect(ci?["scopes"]?.elements == ["read"], "\(listed.output)")
                #expect(ci?["lastUsedAt"]?.stringValue != nil, "\(listed.output)")
                #expect(!listed.output.contains(old))
                let rotated = try await keptn.keptn("token", "rotate", "ci")
                let new = rotated.output.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(try await keptn.keptn("get", "projects", "--token", new).code == 0)
                let refused = try await keptn.keptn("get", "projects", "--token", old)
                #expect(refused.code == 1 && refused.errors.contains("unauthenticated"))
                #expect(try await keptn.keptn("token", "revoke", "ci").code == 0)
                #expect(try await keptn.keptn("get", "projects", "--token", new).code == 1)
                let table = try await keptn.keptn("token", "list")
                #expect(table.output.contains("first") && !table.output.contains("ci "))
                return .gracefully
            }
        }
    }

    @Test("A token or a key that is there and cannot be read is not made anew, and half a one counts for none")
    func unreadable() async throws {
        try await KeptnProcess.withHome { keptn in
            let files = FileManager.default
            let token = keptn.home.appending(path: "token")
            try files.createDirectory(at: token, withIntermediateDirectories: true)
            let refused = try await keptn.keptn(["server", "--listen", "127.0.0.1:0"])
            #expect(refused.code == 1 && refused.errors.contains("token cannot be read: Is a directory"))
            try files.removeItem(at: token)
            // As a crash would leave it.
            try Data("0123".utf8).write(to: keptn.home.appending(path: "token.part"))
            _ = try await keptn.withServer { _ in .gracefully }
            let text = try String(contentsOf: token, encoding: .utf8)
            #expect(text.count == 65 && !text.hasPrefix("0123"))
        }
    }

    @Test("A port that is taken is named, with what to do")
    func portTaken() async throws {
        try await KeptnProcess.withHome { keptn in
            _ = try await keptn.withServer { first in
                let url = try String(contentsOf: first.home.appending(path: "endpoint"), encoding: .utf8)
                let port = try #require(url.split(separator: "/").dropFirst().first?.split(separator: ":").last)
                try await KeptnProcess.withHome { second in
                    let refused = try await second.keptn(["server", "--listen", "127.0.0.1:\(port)"])
                    #expect(refused.code == 1)
                    let said =
                        "Error: nobody can be served at 127.0.0.1:\(port): another program listens there: end it, or "
                        + "choose another port (0 takes a free one)\n"
                    #expect(refused.errors == said)
                }
                return .gracefully
            }
        }
    }

    @Test(
        "An identity provider that could not be trusted stops the start, with what would be right",
        arguments: [
            (["--oidc-issuer", "http://id.example", "--oidc-audience", "k"], "an https:// URL is needed"),
            (["--oidc-issuer", "id.example", "--oidc-audience", "k"], "an https:// URL is needed"),
            (["--oidc-issuer", "https://id.example"], "needs --oidc-audience"),
            (["--oidc-audience", "k"], "needs --oidc-issuer"),
        ])
    func identityOptions(arguments: [String], says: String) async throws {
        try await KeptnProcess.withHome { keptn in
            let result = try await keptn.keptn(["server", "--listen", "127.0.0.1:0"] + arguments)
            #expect(result.code == 1 && result.errors.contains(says), "\(result.errors)")
        }
    }
}
