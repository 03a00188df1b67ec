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
        Call(arguments: "status", output: ["Starting to authenticate", "Successfully authenticated against http://"]),
        Call(arguments: "version", output: ["Keptn CLI version: ", "Keptn cluster version: "]),
        Call(arguments: "get projects", output: ["No projects found"]),
        Call(arguments: "get services", output: ["No services found"]),
        Call(
            arguments: "create project shop --shipyard SHIPYARD",
            output: ["Starting to create project", "Project created successfully"]),
        Call(arguments: "create project quiet -q -s SHIPYARD", output: [""]),
        Call(arguments: "get project shop", output: ["NAME", "CREATION DATE", "SHIPYARD VERSION", "shop"]),
        Call(arguments: "get project shop -o json", output: ["{\n   \"projectName\": \"shop\""]),
        Call(arguments: "get projects -o yaml", output: ["projectName: quiet", "---\n", "projectName: shop"]),
        Call(arguments: "get projects -o wide", output: ["STAGES", "dev"]),
        Call(arguments: "get project shopp", output: ["No project shopp found"]),
        Call(
            arguments: "create service cart -p shop",
            output: ["Starting to create service", "Service created successfully"]),
        Call(
            arguments: "create service cart -p shopp", code: 1,
            errors: ["Create service was unsuccessful. Project not found: shopp; known projects: quiet, shop"]),
        Call(arguments: "get services --project shop", output: ["NAME", "PROJECT", "STAGE", "CREATION DATE", "cart"]),
        Call(arguments: "get service cart", output: ["cart  shop     dev"]),
        Call(arguments: "get service cart -p shop -o wide", output: ["DEPLOYED"]),
        Call(arguments: "get service cartt -p shop", output: ["No services cartt found in project shop"]),
        Call(arguments: "get services -p shop -s prod", code: 1, errors: ["Stage not found: prod in project shop"]),
        Call(arguments: "get stages --project shop", output: ["NAME", "CREATION DATE", "dev   n/a"]),
        Call(arguments: "get stage dev --project shop", output: ["dev"]),
        Call(arguments: "get stage prod --project shop", output: ["No stage prod found in project shop"]),
        Call(
            arguments: "get stages -p nowhere", code: 1,
            errors: ["Failed to retrieve stages for project nowhere: Project not found: nowhere"]),
        Call(arguments: "get event evaluation.finished --project shop", output: ["No event returned"]),
        Call(
            arguments: "get event approval.triggered --project shop --stage dev",
            output: ["Starting to get approval.triggered events", "No approval.triggered events have been found"]),
        Call(arguments: "get event", code: 1, errors: ["--project or --keptn-context"]),
        Call(arguments: "get event -p shop --page-size 0", code: 1, errors: ["1 to 100"]),
        Call(arguments: "get event -p shop --watch-time 5", code: 1, errors: ["--watch-time needs --watch"]),
        Call(
            arguments: "trigger sequence hold --project shop --stage dev --service crat", code: 1,
            output: ["Triggering sequence hold in project shop in stage dev service crat"],
            errors: ["trigger sequence was unsuccessful. Service not found: crat in stage dev", "cart"]),
        Call(
            arguments: "trigger delivery --project shop --service cart --image a:1 --stage prod", code: 1,
            errors: ["trigger delivery was unsuccessful. Stage not found: prod", "known stages: dev"]),
        Call(
            arguments: "trigger evaluation --project shop --stage dev --service cart --start 2026-01-01T00:00:00Z",
            code: 1, output: ["Starting to trigger evaluation of the service cart in project shop"],
            errors: ["'start' needs 'end' or 'timeframe'"]),
        Call(
            arguments: "trigger evaluation --project shop --stage dev --service cart --timeframe 5s",
            code: 1, errors: ["shorter than one minute"]),
        Call(
            arguments: "trigger evaluation --project shop --stage dev --service cart --timeframe 5x",
            code: 1, errors: ["5x", "a duration such as 5m"]),
        Call(
            arguments: "create secret key --from-literal=token=a=b -s keptn-default",
            output: ["Secret key created successfully"]),
        Call(arguments: "update secret key --from-literal token=c", output: ["Secret key updated successfully"]),
        Call(arguments: "get secrets", output: ["NAME", "key"]),
        Call(arguments: "delete secret key", output: ["Secret key has been deleted"]),
        Call(arguments: "get secret", output: ["No secrets found"]),
        Call(arguments: "create secret key --from-literal hush", code: 1, errors: ["name=value is needed"]),
        Call(
            arguments: "add-resource -p shop -r SHIPYARD --resourceUri a/b",
            output: ["as a project resource to project shop was successful", "Resource has been uploaded."]),
        Call(
            arguments: "add-resource -p shop -s dev -r SHIPYARD --resourceUri a/b",
            output: ["as a stage resource to stage dev for project shop was successful"]),
        Call(
            arguments: "add-resource -p shop -s dev --service cart -r SHIPYARD --resourceUri a/b",
            output: ["as a service resource to service cart for stage dev for project shop was successful"]),
        Call(
            arguments: "add-resource -p shop --all-stages -r SHIPYARD --resourceUri a/b",
            output: ["to all stages for project shop", "to stage dev for project shop was successful"]),
        Call(
            arguments: "add-resource -p shop -s prod -r SHIPYARD", code: 1,
            errors: ["could not be uploaded as a stage resource: Stage not found: prod"]),
        Call(
            arguments: "add-resource -p shop --service cart -r SHIPYARD", code: 1, errors: ["Flag 'stage' is missing"]),
        Call(
            arguments: "add-resource -p shop -r no-such-file", code: 1,
            errors: ["File no-such-file not found on local file system"]),
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

    @Test("Events are shown in Keptn's form, page by page, and followed for as long as it is wished")
    func events() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "service", "cart", "--project", "shop")
                let hold = ["trigger", "sequence", "hold", "-p", "shop", "-s", "dev", "--service", "cart"]
                let first = try await keptn.keptn(hold)
                let context = try #require(first.output.split(separator: " ").last).trimmingCharacters(in: .newlines)
                #expect(first.output.contains("ID of Keptn context: \(context)"))

                let type = "sh.keptn.event.dev.hold.triggered"
                let one = try await keptn.keptn("get", "event", type, "--project", "shop")
                #expect(one.output.hasPrefix("{\n    \""))
                #expect(try JSON(parsing: one.output)["shkeptncontext"]?.stringValue == context)

                try await keptn.keptn(hold)
                let two = try await keptn.keptn("get", "events", "dev.hold.triggered", "-p", "shop", "-o", "json")
                #expect(try JSON(parsing: two.output).elements.count == 2)
                let page = ["get", "event", type, "-p", "shop", "--page-size", "1"]
                let newest = try JSON(parsing: try await keptn.keptn(page).output)
                #expect(newest["id"] == (try JSON(parsing: two.output)).elements.first?["id"])
                let both = try await keptn.keptn(page + ["--num-of-pages", "2"])
                #expect(try JSON(parsing: both.output).elements.count == 2)
                #expect(try await keptn.keptn(page + ["-o", "yaml"]).output.contains("shkeptncontext: "))
                #expect(try await keptn.keptn(page + ["-o", "table"]).output.hasPrefix("TIME"))

                let watched = try await keptn.keptn(
                    "get", "event", type, "-p", "shop", "--watch", "--watch-time", "3")
                #expect(watched.code == 0, "\(watched.errors)")
                #expect(watched.output.components(separatedBy: "\"type\": \"\(type)\"").count == 3)
                let followed = try await keptn.keptn(hold + ["--watch", "--watch-time", "3"])
                #expect(followed.code == 0, "\(followed.errors)")
                #expect(followed.output.contains("dev hold: triggered"))
                let ended = try await keptn.keptn("abort", "sequence", "-p", "shop", "-c", context)
                #expect(ended.output.contains("Successfully aborted sequence"))
                let told = try await keptn.keptn("get", "sequence", context, "--watch", "-o", "json")
                #expect(told.code == 3 && told.output.contains("\"result\": "), "\(told.errors)")
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
