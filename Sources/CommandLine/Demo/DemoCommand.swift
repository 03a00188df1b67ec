import ArgumentParser
import Assembly
import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "See Keptn deliver, and repair what goes wrong.",
        subcommands: [DeliveryDemoCommand.self, RemediationDemoCommand.self],
        defaultSubcommand: DeliveryDemoCommand.self)
}

struct DeliveryDemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delivery",
        abstract: "See three versions of a service travel through three stages behind quality gates.",
        discussion: """
            Starts a control plane on an empty data folder, delivers a good, a slow and a better version of the \
            example service, and keeps requesting production all the while. Exits with 0 only if every promised \
            outcome was seen.
            """)

    @Flag(help: "Leave everything running at the end, until Ctrl-C.") var keep = false
    @Option(help: "The data folder; default a new temporary one.") var home: String?
    @Option(help: "The folder with the example.") var example = "examples/sockshop"
    @Option(help: "The built example service; default the program 'carts' beside this one.") var carts: String?

    func run() async throws {
        let terminal = Terminal()
        let folder = try Self.emptyFolder(home)
        defer { if home == nil { try? FileManager.default.removeItem(atPath: folder) } }
        var configuration = ServerConfiguration(home: folder)
        configuration.port = 0
        configuration.version = Version.text
        configuration.log = .file("\(folder)/server.log")
        let demo = Demo(
            example: example, carts: carts ?? Self.besideThisProgram("carts"), folder: folder, terminal: terminal)
        let isGood = try await Server.run(configuration) { server in
            terminal.line(
                "Control plane ready: API \(server.apiURL), token in \(folder)/token, log in \(folder)/server.log")
            let client = APIClient(endpoint: server.apiURL, token: server.token)
            let isGood = try await demo.run(client)
            if keep {
                terminal.line("\nEverything stays up until Ctrl-C. The whole story can be followed in the Bridge:")
                terminal.line("  \(BridgeLink.address(of: server.apiURL))project/\(Demo.project)")
                terminal.line("  logged in at once, within two minutes: \(try await BridgeLink.make(client))")
                terminal.line("Or try, in another terminal:")
                terminal.line("  export KEPTN_HOME=\(folder)")
                terminal.line("  keptn bridge")
                terminal.line("  keptn get services --project \(Demo.project) -o wide")
                // Ctrl-C ends the server, and with it this: the story was told.
                do { try await SystemTime().sleep(for: .seconds(365 * 86_400)) } catch is CancellationError {}
            }
            return isGood
        }
        if !isGood { throw ExitCode(1) }
    }

    /// The given folder, which has to be empty, or a new temporary one.
    static func emptyFolder(_ given: String?) throws -> String {
        let folder =
            given ?? FileManager.default.temporaryDirectory.path + "/keptn-demo-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else {
            throw KeptnError(.invalidInput, "--home \(folder): the demo wants an empty folder")
        }
        return folder
    }

    static func besideThisProgram(_ name: String) -> String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "keptn"
        return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/"
            + name
    }
}
