import ArgumentParser
import Assembly
import Core
import FoundationEssentials
import Logging
import Ports

/// Components as processes of their own.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run one component in a process of its own.",
        subcommands: [RunBridgeCommand.self, RunDistributorCommand.self])
}

struct RunBridgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract: "Serve the Bridge in front of the API of a server elsewhere.",
        discussion: """
            It hands everything but its own files on to that API, logins too, and keeps nothing. Everybody logs in as \
            at the server itself: Keptn's API_TOKEN is not used, so that the Bridge may no more than its user may.
            """)
    @Option(help: "The server's API [env: API_URL], such as https://keptn.example.com/api.") var apiURL: String?
    @Option(help: "Where the Bridge listens, HOST:PORT; port 0 takes a free one.") var listen = "127.0.0.1:3000"
    @Option(help: "The least important log lines shown: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "notice"

    func run() async throws {
        guard let api = apiURL ?? ProcessInfo.processInfo.environment["API_URL"], !api.isEmpty else {
            throw KeptnError(.invalidInput, "keptn run bridge needs --api-url or API_URL, the address of the API")
        }
        let (host, port) = try ServerCommand.address(listen)
        let terminal = Terminal()
        let log = ServerConfiguration.Log.standardError(try ServerCommand.level(logLevel))
        try await BridgeProgram.runUntilSignal(api: api, host: host, port: port, log: log) { port in
            terminal.line("The Bridge of \(api) is at http://\(host):\(port)/bridge/")
        }
    }
}

struct RunDistributorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distributor",
        abstract: "Forward events to an integration that listens, and its events to Keptn.",
        discussion: """
            The variables are those of Keptn's distributor: KEPTN_API_ENDPOINT, KEPTN_API_TOKEN, K8S_DEPLOYMENT_NAME \
            (the integration's name), PUBSUB_TOPIC, PUBSUB_RECIPIENT, PUBSUB_RECIPIENT_PORT, PUBSUB_RECIPIENT_PATH, \
            PROJECT_FILTER, STAGE_FILTER, SERVICE_FILTER, API_PROXY_PORT and others; docs/integrations.md lists them.
            """)
    @Option(help: "The least important log lines shown: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "notice"

    func run() async throws {
        let settings: SidecarSettings
        do {
            settings = try SidecarSettings(environment: ProcessInfo.processInfo.environment)
        } catch {
            throw KeptnError(.invalidInput, error.description)
        }
        let terminal = Terminal()
        let log = ServerConfiguration.Log.standardError(try ServerCommand.level(logLevel))
        try await SidecarProgram.runUntilSignal(settings, log: log) { port in
            terminal.line("Events of \(settings.name) go to \(settings.recipient).")
            terminal.line("Its own are taken at http://127.0.0.1:\(port)\(settings.forwardingPath).")
        }
    }
}
