import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show projects, stages, services, sequences, events and secrets.",
        subcommands: [
            GetProjectsCommand.self, GetStagesCommand.self, GetServicesCommand.self, GetSequencesCommand.self,
            GetSequenceCommand.self, GetEventCommand.self, GetSecretsCommand.self,
        ])
}

struct GetProjectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "projects", abstract: "List projects, or show one.", aliases: ["project"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "Only this project.") var name: String?

    func run() async throws {
        let terminal = connection.terminal
        let projects = try await connection.withClient { client in
            if let name { return [try await client.get("controlPlane/v1/project/\(client.segment(name))")] }
            return try await client.pages("controlPlane/v1/project", items: "projects")
        }
        format.print(.array(projects), on: terminal) {
            guard !projects.isEmpty else { return ["No projects found"] }
            return Table(
                header: ["NAME", "CREATION DATE", "STAGES", "SHIPYARD VERSION"],
                rows: projects.map {
                    [
                        $0.text("projectName"), $0.creationDate,
                        ($0["stages"]?.elements ?? []).map { $0.text("stageName") }.joined(separator: ", "),
                        $0.text("shipyardVersion"),
                    ]
                }
            ).lines
        }
    }
}

struct GetStagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages", abstract: "List the stages of a project.", aliases: ["stage"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project.") var project: String

    func run() async throws {
        let terminal = connection.terminal
        let stages = try await connection.withClient {
            try await $0.pages("controlPlane/v1/project/\($0.segment(project))/stage", items: "stages")
        }
        format.print(.array(stages), on: terminal) {
            Table(
                header: ["NAME", "AFTER", "SERVICES"],
                rows: stages.map { stage in
                    [
                        stage.text("stageName"),
                        (stage["parentStages"]?.elements ?? []).compactMap(\.stringValue).joined(separator: ", "),
                        "\(stage["services"]?.elements.count ?? 0)",
                    ]
                }
            ).lines
        }
    }
}

struct GetServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services", abstract: "List the services of a project, stage by stage.", aliases: ["service"])

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "Only this stage.") var stage: String?
    @Argument(help: "Only this service.") var name: String?

    func run() async throws {
        let terminal = connection.terminal
        let found = try await connection.withClient { client in
            var found: [(stage: String, service: JSON)] = []
            let base = "controlPlane/v1/project/\(client.segment(project))/stage"
            for entry in try await client.pages(base, items: "stages") {
                let stageName = entry.text("stageName")
                guard stage == nil || stage == stageName else { continue }
                for service in try await client.pages("\(base)/\(client.segment(stageName))/service", items: "services")
                where name == nil || name == service.text("serviceName") {
                    found.append((stageName, service))
                }
            }
            return found
        }
        let data = JSON.array(found.map { $0.service.setting("stage", to: .string($0.stage)) })
        format.print(data, on: terminal) {
            guard !found.isEmpty else { return ["No services found in project \(project)"] }
            return Table(
                header: ["NAME", "STAGE", "DEPLOYED", "CREATION DATE"],
                rows: found.map {
                    [
                        $0.service.text("serviceName"), $0.stage, Artifact.short($0.service.text("deployedImage")),
                        $0.service.creationDate,
                    ]
                }
            ).lines
        }
    }
}

struct GetSequencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequences", abstract: "List the sequences of a project, newest first.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(help: "Only sequences in this state, such as started or waitingForApproval.") var state: String?
    @Option(help: "Only sequences of this name.") var name: String?
    @Option(help: "At most so many.") var limit = 20

    func run() async throws {
        let terminal = connection.terminal
        let answer = try await connection.withClient { client in
            var query = ["pageSize": String(limit)]
            query["state"] = state
            query["name"] = name
            return try await client.get("controlPlane/v1/sequence/\(client.segment(project))", query)
        }
        let states = answer["states"]?.elements ?? []
        format.print(.array(states), on: terminal) {
            guard !states.isEmpty else { return ["No sequences found in project \(project)"] }
            return Table(
                header: ["CONTEXT", "NAME", "SERVICE", "STATE", "STAGES", "TIME"],
                rows: states.map { run in
                    [
                        run.text("shkeptncontext"), run.text("name"), run.text("service"), run.text("state"),
                        (run["stages"]?.elements ?? []).map { "\($0.text("name")):\($0.text("state"))" }
                            .joined(separator: " "), run.text("time"),
                    ]
                }
            ).lines
        }
    }
}

struct GetSequenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequence",
        abstract: "Show the run of a context with its tasks.",
        discussion: "With --watch the exit code tells how the run ended: 0 pass, 1 fail, 2 warning, 3 aborted.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The Keptn context.") var context: String
    @Option(name: [.short, .long], help: "The project; found by the context if it is left out.") var project: String?
    @Flag(name: [.short, .long], help: "Follow it until it ends.") var watch = false

    func run() async throws {
        let terminal = connection.terminal
        try await connection.withClient { client in
            let project = if let project { project } else { try await Self.project(of: context, client) }
            let follower = SequenceWatch(client: client, project: project, context: context, terminal: terminal)
            if watch { return try await follower.follow() }
            let data = try await follower.state()
            let lines = try await follower.lines()
            format.print(data, on: terminal) { lines }
        }
    }

    private static func project(of context: String, _ client: APIClient) async throws -> String {
        let answer = try await client.get("mongodb-datastore/event", ["keptnContext": context, "pageSize": "1"])
        guard let project = answer["events"]?.elements.first?["data", "project"]?.stringValue else {
            throw KeptnError(.notFound, "No sequence has the context \(context)")
        }
        return project
    }
}

struct GetEventCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "event", abstract: "Show events, newest first.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The event type; 'sh.keptn.event.' may be left out.") var type: String
    @Option(name: [.short, .long], help: "The project.") var project: String?
    @Option(name: [.short, .long], help: "The stage.") var stage: String?
    @Option(help: "The service.") var service: String?
    @Option(name: [.customShort("c"), .long], help: "The Keptn context.") var keptnContext: String?
    @Option(help: "At most so many (100 at the most).") var limit = 20

    func run() async throws {
        let terminal = connection.terminal
        let answer = try await connection.withClient { client in
            var query = ["type": type.hasPrefix("sh.keptn.") ? type : "sh.keptn.event.\(type)"]
            query["pageSize"] = String(limit)
            query["project"] = project
            query["stage"] = stage
            query["service"] = service
            query["keptnContext"] = keptnContext
            return try await client.get("mongodb-datastore/event", query)
        }
        let events = answer["events"]?.elements ?? []
        format.print(.array(events), on: terminal) {
            guard !events.isEmpty else { return ["No event returned"] }
            return Table(
                header: ["TIME", "PROJECT", "STAGE", "SERVICE", "RESULT", "CONTEXT", "ID"],
                rows: events.map {
                    [
                        $0.text("time"), $0["data"]?.text("project") ?? "", $0["data"]?.text("stage") ?? "",
                        $0["data"]?.text("service") ?? "", $0["data"]?.text("result") ?? "",
                        $0.text("shkeptncontext"), $0.text("id"),
                    ]
                }
            ).lines
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
