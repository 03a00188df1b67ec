import ArgumentParser
import Assembly
import FoundationEssentials
import Ports
import RemoteClients

struct RemediationDemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remediation",
        abstract: "See a problem of production be found by Prometheus and repaired by Keptn.",
        discussion: """
            Starts a control plane on an empty data folder, a Prometheus and an Alertmanager, and delivers a version \
            that gets slow when it is used. Prometheus notices, a first action does not help, a second one does. \
            Exits with 0 only if every promised outcome was seen. Prometheus and Alertmanager have to be installed.
            """)

    @Option(help: "The data folder; default a new temporary one.") var home: String?
    @Option(help: "The folder with the example.") var example = "examples/remediation"
    @Option(help: "What a request of Alertmanager means.") var mappings = "examples/eventmappings/alertmanager.yaml"
    @Option(help: "The built example service; default the program 'carts' beside this one.") var carts: String?

    func run() async throws {
        let terminal = Terminal()
        let programs = try MonitoringPrograms()
        let folder = try DeliveryDemoCommand.emptyFolder(home)
        defer { if home == nil { try? FileManager.default.removeItem(atPath: folder) } }
        var configuration = ServerConfiguration(home: folder)
        configuration.port = 0
        configuration.version = Version.text
        configuration.log = .file("\(folder)/server.log")
        configuration.prometheusFolder = "\(folder)/prometheus"
        configuration.prometheusURL = programs.prometheusURL
        var demo = Demo(
            example: example, carts: carts ?? DeliveryDemoCommand.besideThisProgram("carts"), folder: folder,
            terminal: terminal)
        demo.stages = [RemediationDemo.stage]
        demo.resources = RemediationDemo.resources
        let story = demo
        let token = UUID().uuidString
        let mappings = mappings
        let isGood = try await Server.run(configuration) { server in
            terminal.line(
                "Control plane ready: API \(server.apiURL), Prometheus \(programs.prometheusURL), log in "
                    + "\(folder)/server.log")
            let demo = RemediationDemo(
                demo: story, mappings: mappings, programs: programs, server: String(server.apiURL.dropLast(4)))
            return try await demo.run(APIClient(endpoint: server.apiURL, token: server.token), hookToken: token)
        }
        if !isGood { throw ExitCode(1) }
    }
}
