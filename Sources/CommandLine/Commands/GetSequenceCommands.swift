import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

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
        let answer = try await connection.withClient(at: Place(project: project)) { client in
            var query = ["pageSize": String(limit)]
            query["state"] = state
            query["name"] = name
            return try await client.get("controlPlane/v1/sequence/\(client.segment(project))", query)
        }
        let states = answer["states"]?.elements ?? []
        let empty = "No sequences found in project \(project)"
        format.print(.array(states), on: connection.terminal, empty: empty) {
            Table(
                header: ["CONTEXT", "NAME", "SERVICE", "STATE", "STAGES", "TIME"],
                rows: states.map { run in
                    [
                        run.text("shkeptncontext"), run.text("name"), run.text("service"), run.text("state"),
                        (run["stages"]?.elements ?? []).map { "\($0.text("name")):\($0.text("state"))" }
                            .joined(separator: " "), run.text("time"),
                    ]
                })
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
    @OptionGroup var watching: WatchOptions

    func run() async throws {
        let terminal = connection.terminal
        let (project, context) = (project, context)
        try await connection.withClient(at: Place(project: project)) { client in
            let project = if let project { project } else { try await Self.project(of: context, client) }
            let follower = SequenceWatch(client: client, project: project, context: context, terminal: terminal)
            if watching.watch { return try await follower.follow(watching, format) }
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
