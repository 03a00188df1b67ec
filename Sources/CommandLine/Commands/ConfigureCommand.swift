import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct ConfigureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configure", abstract: "Have a monitoring provider set itself up for a service.",
        subcommands: [
            ConfigureMonitoringCommand.self, ConfigureBridgeCommand.self, ConfigureDomainCommand.self,
        ])
}

struct ConfigureMonitoringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitoring", abstract: "Send monitoring.configure and print what the provider answers.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The provider, such as prometheus, dynatrace or datadog.") var provider: String
    @Option(name: [.short, .long], help: "The project.") var project: String?
    @Option(name: [.short, .long], help: "The service.") var service: String?
    @Option(help: "prometheus: the stretch of time that an alert looks at [default: 3m].") var alertWindow: String?
    @Option(help: "prometheus: how long an objective has to be missed before it is told [default: 1m].")
    var alertAfter: String?

    /// Files that Keptn 0.5 took here (K §4.1).
    @Option(help: .hidden) var serviceIndicators: String?
    @Option(help: .hidden) var serviceObjectives: String?
    @Option(help: .hidden) var remediation: String?

    /// How often and after which pause the answer is looked for (cli-wire-contract §6).
    static let attemptsMax = 10
    static let pause = Duration.seconds(3)

    func validate() throws {
        if let file = serviceIndicators ?? serviceObjectives ?? remediation {
            throw ValidationError(
                "\(file) is not stored by this command: say 'keptn add-resource --project PROJECT --all-stages "
                    + "--service SERVICE --resource \(file)'")
        }
        guard ["prometheus", "datadog"].contains(provider), project == nil || service == nil else { return }
        throw ValidationError("\(provider) needs --project and --service")
    }

    func run() async throws {
        let terminal = connection.terminal
        try await connection.withClient(at: Place(project: project, service: service)) { client in
            let answer = try await client.post(
                "v1/event",
                [
                    "specversion": "1.0", "type": "sh.keptn.event.monitoring.configure",
                    "contenttype": "application/json",
                    "source": "https://github.com/keptn/keptn/cli#configuremonitoring",
                    "data": [
                        "type": .string(provider), "project": project.map { .string($0) },
                        "service": service.map { .string($0) }, "alertWindow": alertWindow.map { .string($0) },
                        "alertAfter": alertAfter.map { .string($0) },
                    ],
                ])
            let query = [
                "keptnContext": answer.text("keptnContext"),
                "type": "sh.keptn.event.configure-monitoring.finished",
            ]
            for _ in 0..<Self.attemptsMax {
                let events = try await client.get("mongodb-datastore/event", query)["events"]?.elements ?? []
                for event in events { terminal.line(event["data"]?.text("message") ?? "") }
                if events.contains(where: { $0["data", "result"] == "fail" }) { throw ExitCode(1) }
                if !events.isEmpty { return }
                try await SystemTime().sleep(for: Self.pause)
            }
            terminal.error(
                "Nobody answered within \(Self.pause * Self.attemptsMax): is the integration of \(provider) running?")
        }
    }
}
