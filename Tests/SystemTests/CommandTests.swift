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

    /// One after the other against one server (K §4.2, cli-wire-contract). `SHIPYARD` stands for the path of a
    /// shipyard, `CONTEXT` for the context that was printed last.
    static let calls = places + runs + mistakes

    private static let places = [
        Call(arguments: "auth", output: ["Starting to authenticate", "Successfully authenticated against http://"]),
        Call(arguments: "status", output: ["Successfully authenticated against http://", "Keptn cluster version: "]),
        Call(arguments: "version", output: ["Keptn CLI version: ", "Keptn cluster version: "]),
        Call(arguments: "get projects", output: ["No projects found"]),
        Call(arguments: "get services", output: ["No services found"]),
        Call(
            arguments: "create project shop --shipyard SHIPYARD",
            output: ["Starting to create project", "Project created successfully"]),
        Call(arguments: "create project quiet -q -s SHIPYARD", output: [""]),
        Call(arguments: "get project shop", output: ["NAME", "CREATION DATE", "SHIPYARD VERSION", "shop"]),
        Call(arguments: "get project nope", output: ["No project nope found"]),
        Call(arguments: "get project shop -o json", output: ["{\n   \"projectName\": \"shop\""]),
        Call(
            arguments: "create service cart -p shop",
            output: ["Starting to create service", "Service created successfully"]),
        Call(arguments: "create service pay -p shop"),
        Call(
            arguments: "create service cart -p shopp", code: 1,
            errors: ["Create service was unsuccessful. Project not found: shopp; known projects: quiet, shop"]),
        Call(arguments: "get services --project shop", output: ["NAME", "PROJECT", "STAGE", "CREATION DATE", "cart"]),
        Call(arguments: "get service cart", output: ["cart", "shop", "dev"]),
        Call(arguments: "get service nope --project shop", output: ["No services nope found in project shop"]),
        Call(arguments: "get services -p shop -o wide", output: ["DEPLOYED"]),
        Call(arguments: "get stages --project shop", output: ["NAME", "dev", "n/a"]),
        Call(arguments: "get stage dev --project shop", output: ["dev"]),
        Call(arguments: "get stage prod --project shop", output: ["No stage prod found in project shop"]),
        Call(
            arguments: "get stage --project shopp", code: 1,
            errors: ["Failed to retrieve stages for project shopp: Project not found: shopp"]),
        Call(
            arguments: "create secret key --from-literal=token=a=b -s keptn-default",
            output: ["Secret key created successfully"]),
        Call(arguments: "update secret key --from-literal token=c", output: ["Secret key updated successfully"]),
        Call(arguments: "get secrets", output: ["NAME", "key"]),
        Call(arguments: "delete secret key", output: ["Secret key has been deleted"]),
        Call(arguments: "get secret", output: ["No secrets found"]),
        Call(
            arguments: "add-resource -p shop -r SHIPYARD --resourceUri a/b",
            output: [
                "Adding resource ", " as a project resource to project shop was successful",
                "Resource has been uploaded.",
            ]),
        Call(
            arguments: "add-resource -p shop -s dev --service cart -r SHIPYARD --resourceUri a",
            output: ["as a service resource to service cart for stage dev for project shop was successful"]),
        Call(
            arguments: "add-resource -p shop --all-stages -r SHIPYARD --resourceUri a",
            output: [
                " to all stages for project shop", " as a stage resource to stage dev for project shop was successful",
            ]),
        Call(
            arguments: "add-resource -p shop -s prod -r SHIPYARD --resourceUri a", code: 1,
            errors: ["could not be uploaded as a stage resource: Stage not found: prod in project shop"]),
    ]

    private static let runs = [
        Call(
            arguments: "trigger sequence hold --project shop --stage dev --service cart -l a=b,c.d=e -d x.y=z,p=q",
            output: ["Triggering sequence hold in project shop in stage dev service cart", "ID of Keptn context: "]),
        Call(
            arguments: "get event sh.keptn.event.dev.hold.triggered --project shop --keptn-context CONTEXT",
            output: ["{\n    \"", "\"y\": \"z\"", "\"p\": \"q\"", "\"a\": \"b\"", "\"c.d\": \"e\""]),
        Call(arguments: "get event dev.hold.triggered -c CONTEXT -o yaml", output: ["type: sh.keptn.event.dev.hold"]),
        Call(arguments: "get event -p shop -o table", output: ["TIME", "sh.keptn.event.dev.hold.triggered"]),
        Call(arguments: "get event -p shop --page-size 1 --num-of-pages 2", output: ["[\n    {\n"]),
        Call(arguments: "get event no.such --project shop", output: ["No event returned"]),
        Call(
            arguments: "get event approval.triggered -p shop -s dev",
            output: ["Starting to get approval.triggered events", "No approval.triggered events have been found"]),
        Call(
            arguments: "get event evaluation.finished --keptn-context CONTEXT",
            output: ["Starting to get evaluation.finished event", "No event returned"]),
        Call(
            arguments: "get event dev.hold.triggered -p shop --watch --watch-time 1",
            output: ["\"type\": \"sh.keptn.event.dev.hold.triggered\""]),
        Call(arguments: "get sequences -p shop", output: ["CONTEXT", "hold", "started"]),
        Call(arguments: "abort sequence -q -p shop -c CONTEXT", output: ["Successfully aborted sequence"]),
        Call(
            arguments:
                "trigger evaluation --project shop --stage dev --service pay --timeframe=5m --labels a=b --watch",
            output: [
                "Starting to trigger evaluation of the service pay in project shop", "ID of Keptn context: ",
                "dev evaluation: finished pass",
            ]),
        Call(
            arguments: "get event evaluation.finished --keptn-context CONTEXT",
            output: ["\"type\": \"sh.keptn.event.evaluation.finished\""]),
        Call(
            arguments: "--suppress-websocket get event evaluation-done --keptn-context CONTEXT",
            output: ["\"type\": \"sh.keptn.event.evaluation.finished\""],
            errors: ["deprecated: say 'keptn get event evaluation.finished'"]),
        Call(
            arguments: "trigger delivery --project shop --service pay --sequence hold --image x:1 --values a.b=c,d=e=f",
            output: ["Starting to deliver the service pay in project shop with image: x:1", "ID of Keptn context: "]),
        Call(
            arguments: "get event dev.hold.triggered -c CONTEXT",
            output: ["\"image\": \"x:1\"", "\"b\": \"c\"", "\"d\": \"e=f\""]),
        Call(
            arguments: "send event new-artifact --project shop --service pay --sequence hold --image x --tag 2",
            output: ["ID of Keptn context: "], errors: ["deprecated: say 'keptn trigger delivery'"]),
        Call(arguments: "get event dev.hold.triggered -c CONTEXT", output: ["\"image\": \"x:2\""]),
        Call(
            arguments: "send event start-evaluation --project shop --stage dev --service pay --timeframe 5m -l a=b",
            output: ["Starting to trigger evaluation", "ID of Keptn context: "],
            errors: ["deprecated: say 'keptn trigger evaluation'"]),
        Call(
            arguments: "delete service cart -p shop",
            output: ["Starting to delete service", "Service deleted successfully"]),
        Call(
            arguments: "delete project shop --keep-services",
            output: ["Starting to delete project", "Project deleted successfully"]),
        Call(arguments: "set config AutomaticVersionCheck false"),
    ]

    private static let mistakes = [
        Call(arguments: "create secret key --from-literal hush", code: 1, errors: ["name=value is needed"]),
        Call(arguments: "set config Colour red", code: 1, errors: ["Unsupported key Colour"]),
        Call(
            arguments: "creat project x", code: 1,
            errors: ["Error: 'creat' is no command of 'keptn'; did you mean 'create'?\nUsage:"]),
        Call(
            arguments: "-q get -o json projets", code: 1,
            errors: ["'projets' is no command of 'keptn get'; did you mean 'projects'?"]),
        Call(
            arguments: "get project --colour", code: 1,
            errors: ["Unknown option '--colour'", "Usage: keptn get projects [<name>] [<options>]\n"]),
        Call(arguments: "get event", code: 1, errors: ["--project or --keptn-context is needed"]),
        Call(arguments: "get event -p quiet --page-size 0", code: 1, errors: ["--page-size 0: a number from 1 to 100"]),
        Call(arguments: "get event -p quiet --watch-time 5", code: 1, errors: ["--watch-time needs --watch"]),
        Call(
            arguments: "trigger evaluation --project quiet --stage dev --service s", code: 1,
            errors: ["trigger evaluation was unsuccessful. service s not found in stage dev of project quiet"]),
        Call(
            arguments: "trigger evaluation --project quiet --stage dev --service s --end 2026-01-01T00:00:00Z", code: 1,
            errors: ["trigger evaluation was unsuccessful."]),
        Call(arguments: "status -q -v", code: 1, errors: ["exclude each other"]),
        Call(arguments: "install --platform gke", code: 1, errors: ["keptn server"]),
        Call(arguments: "configure domain example.com", code: 1, errors: ["--listen"]),
        Call(
            arguments: "configure bridge --output", code: 1,
            errors: ["'keptn configure bridge' does nothing here", "keptn token create"]),
        Call(arguments: "onboard service s --project quiet --chart c", code: 1, errors: ["keptn create service"]),
        Call(arguments: "send event", code: 1, errors: ["--file is missing"]),
        Call(arguments: "send event --file SHIPYARD", code: 1, errors: ["is not JSON"]),
        Call(
            arguments: "send event approval.finished -p quiet -s dev", code: 1,
            errors: ["Either --id or --service is needed"]),
        Call(
            arguments: "send event approval.finished -p quiet -s dev --id nothing",
            output: ["No open approval.triggered event with the ID nothing has been found"]),
        Call(arguments: "validate .", code: 1, errors: [". is a folder; a file is needed"]),
        Call(arguments: "validate nothing.yaml", code: 1, errors: ["nothing.yaml not found on local file system"]),
        Call(
            arguments: "evaluate --slo SHIPYARD --provider prometheus", code: 1,
            errors: ["by --url, or by --provider-config"]),
        Call(arguments: "server --event-bytes-max 0", code: 1, errors: ["at least 1024 bytes are needed"]),
        Call(arguments: "server --jmeters-max 0", code: 1, errors: ["at least 1 is needed"]),
        Call(arguments: "server --jmeter nothing", code: 1, errors: ["there is no program that can be run"]),
        Call(
            arguments: "get projects --endpoint http://127.0.0.1:1/api --token x", code: 1,
            errors: ["the server at http://127.0.0.1:1/api does not answer: Connection refused\n"]),
        Call(arguments: "create project p", code: 1, errors: ["--shipyard is missing"]),
        Call(
            arguments: "create project p -r https://127.0.0.1:1/r.git -u u -t x", code: 1,
            errors: ["Create project was unsuccessful. "]),
        Call(
            arguments: "create project p -s SHIPYARD -t x", code: 1, errors: ["GIT remote URL must be set"]),
        Call(
            arguments: "create project p -s SHIPYARD -r https://h/r.git -t x -p proxy:1", code: 1,
            errors: ["--git-proxy-scheme"]),
        Call(
            arguments: "trigger sequence hold --project quiet --stage dev --service s -l a=b,c,d=e", code: 1,
            errors: ["trigger sequence was unsuccessful."]),
        Call(
            arguments: "configure monitoring prometheus --project quiet --service s --remediation remediation.yaml",
            code: 1, errors: ["--service SERVICE --resource remediation.yaml"]),
        Call(arguments: "completion tcsh", code: 1, errors: ["bash"]),
    ]

    @Test("Every command prints what scripts depend on and ends with 0, or says what is wrong and ends with 1")
    func transcripts() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                var context = ""
                for call in Self.calls {
                    let words = call.arguments.split(separator: " ").map { word in
                        word == "SHIPYARD" ? shipyard : word == "CONTEXT" ? context : String(word)
                    }
                    let result = try await keptn.keptn(words)
                    context = Self.context(in: result.output) ?? context
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

    /// What scripts cut out.
    static func context(in output: String) -> String? {
        output.split(separator: "\n").first { $0.hasPrefix("ID of Keptn context: ") }
            .map { String($0.dropFirst("ID of Keptn context: ".count)) }
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
