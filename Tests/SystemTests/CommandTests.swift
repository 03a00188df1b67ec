import CloudEvents
import Foundation
import Testing

@Suite("The commands of Keptn 1.4.5", .timeLimit(.minutes(10)))
struct CommandTests {
    /// A call and what a script finds in its output.
    struct Call: Sendable {
        var arguments: String
        var code: Int32 = 0
        var output: [String] = []
        var errors: [String] = []
    }

    /// One after the other against one server (K §4.2); `SHIPYARD` stands for the path of a shipyard.
    static let calls = [
        Call(arguments: "auth", output: ["Starting to authenticate", "Successfully authenticated against http://"]),
        Call(arguments: "get projects", output: ["No projects found"]),
        Call(
            arguments: "create project shop --shipyard SHIPYARD",
            output: ["Starting to create project", "Project created successfully"]),
        Call(arguments: "create project quiet -q -s SHIPYARD", output: [""]),
        Call(arguments: "get project shop", output: ["NAME", "shop"]),
        Call(
            arguments: "create service cart -p shop",
            output: ["Starting to create service", "Service created successfully"]),
        Call(
            arguments: "create service cart -p shopp", code: 1,
            errors: ["no project shopp; known projects:", "shop"]),
        Call(arguments: "get services --project shop", output: ["NAME", "cart"]),
        Call(arguments: "get stages --project shop", output: ["NAME", "dev"]),
        Call(
            arguments: "create secret key --from-literal=token=a=b -s keptn-default",
            output: ["Secret key created successfully"]),
        Call(arguments: "update secret key --from-literal token=c", output: ["Secret key updated successfully"]),
        Call(arguments: "get secrets", output: ["NAME", "key"]),
        Call(arguments: "delete secret key", output: ["Secret key has been deleted"]),
        Call(arguments: "get secret", output: ["No secrets found"]),
        Call(arguments: "create secret key --from-literal hush", code: 1, errors: ["name=value is needed"]),
        Call(arguments: "add-resource -p shop -r SHIPYARD --resourceUri a/b", output: ["Resource has been uploaded."]),
        Call(
            arguments: "delete service cart -p shop",
            output: ["Starting to delete service", "Service deleted successfully"]),
        Call(
            arguments: "delete project shop --keep-services",
            output: ["Starting to delete project", "Project deleted successfully"]),
        Call(arguments: "set config AutomaticVersionCheck false"),
        Call(arguments: "set config Colour red", code: 1, errors: ["Unsupported key Colour"]),
        Call(arguments: "creat project x", code: 1, errors: ["did you mean 'create'?"]),
        Call(arguments: "get project --colour", code: 1, errors: ["--colour"]),
        Call(arguments: "status -q -v", code: 1, errors: ["exclude each other"]),
        Call(arguments: "install --platform gke", code: 1, errors: ["keptn server"]),
        Call(arguments: "configure domain example.com", code: 1, errors: ["--listen"]),
        Call(
            arguments: "create project p -s SHIPYARD -t x", code: 1, errors: ["GIT remote URL must be set"]),
        Call(
            arguments: "create project p -s SHIPYARD -r https://h/r.git -t x -p proxy:1", code: 1,
            errors: ["--git-proxy-scheme"]),
        Call(arguments: "completion tcsh", code: 1, errors: ["bash"]),
    ]

    @Test("Every command prints what scripts depend on and ends with 0, or says what is wrong and ends with 1")
    func transcripts() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                for call in Self.calls {
                    let words = call.arguments.split(separator: " ").map { $0 == "SHIPYARD" ? shipyard : String($0) }
                    let result = try await keptn.keptn(words)
                    #expect(result.code == call.code, "\(call.arguments): \(result.errors)")
                    for text in call.output {
                        #expect(
                            text.isEmpty ? result.output.isEmpty : result.output.contains(text),
                            "\(call.arguments) prints \(result.output) \(result.errors)")
                    }
                    for text in call.errors {
                        #expect(result.errors.contains(text), "\(call.arguments) says \(result.errors)")
                    }
                }
                return .gracefully
            }
        }
    }

    @Test("A named server is used until another one is named; its token goes nowhere else and is for its owner only")
    func contexts() async throws {
        try await KeptnProcess.withHome { keptn in
            let first = try await keptn.keptn("set-context", "far", "-e", "http://127.0.0.1:1", "-a", "secret-1")
            #expect(first.code == 0, "\(first.errors)")
            let second = try await keptn.keptn("set-context", "near", "-e", "127.0.0.1:2", "-a", "secret-2")
            #expect(second.code == 0, "\(second.errors)")
            let list = try await keptn.keptn("get-contexts", "-o", "json")
            let found = try JSON(parsing: list.output).elements.map {
                [$0["name"]?.text, $0["endpoint"]?.text, $0["current"]?.text]
            }
            #expect(
                found == [
                    ["\"far\"", "\"http://127.0.0.1:1/api\"", "false"],
                    ["\"near\"", "\"http://127.0.0.1:2/api\"", "true"],
                ])
            #expect(!list.output.contains("secret"))
            #expect(try await keptn.keptn("auth", "--export").output.contains("API Token:  secret-2"))
            #expect(try await keptn.keptn("set-context", "far").code == 0)
            #expect(try await keptn.keptn("auth", "--export").output.contains("API Token:  secret-1"))

            let elsewhere = try await keptn.keptn("get", "projects", "--endpoint", "http://127.0.0.1:3/api")
            #expect(elsewhere.code == 1)
            #expect(elsewhere.errors.contains("No API token is known for http://127.0.0.1:3/api"))
            let moved = try await keptn.keptn("set-context", "far", "--endpoint", "http://127.0.0.1:4/api")
            #expect(moved.errors.contains("needs --api-token"))
            let unknown = try await keptn.keptn("set-context", "middle")
            #expect(unknown.errors.contains("known: far, near"))

            let file = keptn.home.appending(path: "contexts.json").path
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("Every flag of every command is in its manual page, its document and the completion of every shell")
    func everyFlag() async throws {
        try await KeptnProcess.withHome { keptn in
            for kind in ["man", "docs"] {
                let made = try await keptn.keptn("generate", kind, "--dir", keptn.home.appending(path: kind).path)
                #expect(made.code == 0, "\(made.errors)")
            }
            var completions: [String: String] = [:]
            for shell in ["bash", "zsh", "fish"] {
                completions[shell] = try await keptn.keptn("completion", shell).output
            }
            let tree = try JSON(parsing: try await keptn.keptn("--experimental-dump-help").output)
            let flags = Self.flags(try #require(tree["command"]), path: [])
            #expect(flags.count > 200)
            for (path, name) in flags {
                let file = path.joined(separator: "-")
                let man = try String(contentsOf: keptn.home.appending(path: "man/\(file).1"), encoding: .utf8)
                #expect(man.contains("--" + name) || man.contains("\\-\\-" + Self.roff(name)), "\(file) --\(name)")
                let page = try String(contentsOf: keptn.home.appending(path: "docs/\(file).md"), encoding: .utf8)
                #expect(page.contains("--\(name)"), "\(file) --\(name)")
                for (shell, script) in completions {
                    #expect(script.contains(name), "\(shell): \(file) --\(name)")
                }
            }
        }
    }

    private static func roff(_ text: String) -> String { text.replacingOccurrences(of: "-", with: "\\-") }

    /// The long flags that are shown, with the command that takes them.
    private static func flags(_ command: JSON, path: [String]) -> [(path: [String], name: String)] {
        let path = path + [command["commandName"]?.stringValue ?? ""]
        guard path.last != "help", command["shouldDisplay"]?.boolValue ?? true else { return [] }
        let own = (command["arguments"]?.elements ?? []).filter { $0["shouldDisplay"]?.boolValue ?? true }
            .flatMap { $0["names"]?.elements ?? [] }
            .filter { $0["kind"]?.stringValue == "long" }
            .map { (path: path, name: $0["name"]?.stringValue ?? "") }
        return own + (command["subcommands"]?.elements ?? []).flatMap { flags($0, path: path) }
    }
}
