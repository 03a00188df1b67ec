import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show projects, stages, services, sequences, events, secrets and statistics.",
        subcommands: [
            GetProjectsCommand.self, GetStagesCommand.self, GetServicesCommand.self, GetSequencesCommand.self,
            GetSequenceCommand.self, GetEventCommand.self, GetSecretsCommand.self,
            GetSubscriptionsCommand.self, GetDeliveriesCommand.self, GetIntegrationsCommand.self,
            GetStatisticsCommand.self,
        ])
}

struct GetProjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects", abstract: "List projects, or show one.", aliases: ["project"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "Only this project.") var name: String?

    func run() async throws {
        let projects = try await connection.withClient { client in
            try await client.pages("controlPlane/v1/project", items: "projects")
                .filter { name == nil || $0.text("projectName") == name }
        }
        let empty = name.map { "No project \($0) found" } ?? "No projects found"
        format.print(each: projects, on: connection.terminal, empty: empty) {
            Table(
                header: ["NAME", "CREATION DATE", "SHIPYARD VERSION", "STAGES", "UPSTREAM"], narrow: 3,
                rows: projects.map {
                    [
                        $0.text("projectName"), $0.creationDate, $0.text("shipyardVersion"),
                        ($0["stages"]?.elements ?? []).map { $0.text("stageName") }.joined(separator: ","),
                        $0["gitCredentials"]?.text("remoteURL") ?? "",
                    ]
                })
        }
    }
}

struct GetStagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages", abstract: "List the stages of a project, or show one.", aliases: ["stage"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Argument(help: "Only this stage.") var name: String?

    func run() async throws {
        let place = Place(project: project)
        let failure = "Failed to retrieve stages for project \(project):"
        let stages = try await connection.withClient(at: place, failure: failure) { client in
            try await client.pages("controlPlane/v1/project/\(client.segment(project))/stage", items: "stages")
                .filter { name == nil || $0.text("stageName") == name }
        }
        let empty = name.map { "No stage \($0) found in project \(project)" } ?? "No stages found"
        format.print(.array(stages), on: connection.terminal, empty: empty) {
            Table(
                header: ["NAME", "CREATION DATE", "AFTER", "SERVICES"], narrow: 2,
                rows: stages.map { stage in
                    [
                        stage.text("stageName"), "n/a",
                        (stage["parentStages"]?.elements ?? []).compactMap(\.stringValue).joined(separator: ","),
                        "\(stage["services"]?.elements.count ?? 0)",
                    ]
                })
        }
    }
}

struct GetServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "List services, stage by stage, or show one.", aliases: ["service"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project; without it all.") var project: String?
    @Option(name: [.short, .long], help: "Only this stage.") var stage: String?
    @Argument(help: "Only this service.") var name: String?

    /// A service in a stage, with where that is.
    private struct Found {
        var project: String
        var stage: String
        var service: JSON

        var row: [String] {
            [
                service.text("serviceName"), project, stage, service.creationDate,
                Artifact.short(service.text("deployedImage")), "\(service["openApprovals"]?.elements.count ?? 0)",
            ]
        }
    }

    func run() async throws {
        let found = try await connection.withClient(at: Place(project: project, stage: stage)) { client in
            try await places(client).flatMap { project, stage in
                (stage["services"]?.elements ?? []).filter { name == nil || name == $0.text("serviceName") }.map {
                    Found(project: project, stage: stage.text("stageName"), service: $0)
                }
            }
        }
        let which = name.map { "services \($0)" } ?? "services"
        let items = found.map {
            $0.service.setting("project", to: .string($0.project)).setting("stage", to: .string($0.stage))
        }
        format.print(
            each: items, on: connection.terminal,
            empty: "No \(which) found" + (project.map { " in project \($0)" } ?? "")
        ) {
            Table(
                header: ["NAME", "PROJECT", "STAGE", "CREATION DATE", "DEPLOYED", "OPEN APPROVALS"], narrow: 4,
                rows: found.map(\.row))
        }
    }

    /// The stages that are asked for, each with all its services: one request for a project, however many there are.
    private func places(_ client: APIClient) async throws -> [(project: String, stage: JSON)] {
        let base = "controlPlane/v1/project"
        if let project, let stage {
            let path = "\(base)/\(client.segment(project))/stage/\(client.segment(stage))"
            return [(project, try await client.get(path))]
        }
        let projects =
            if let project {
                [try await client.get("\(base)/\(client.segment(project))")]
            } else {
                try await client.pages(base, items: "projects")
            }
        return projects.flatMap { project in
            (project["stages"]?.elements ?? []).filter { stage == nil || stage == $0.text("stageName") }
                .map { (project.text("projectName"), $0) }
        }
    }
}

extension JSON {
    /// A member as text, empty when it is absent.
    func text(_ key: String) -> String { self[key]?.stringValue ?? "" }

    /// Keptn gives creation dates as Unix nanoseconds in a string.
    var creationDate: String {
        Int64(text("creationDate")).map { Timestamp(nanoseconds: $0).rfc3339 } ?? "n/a"
    }
}
