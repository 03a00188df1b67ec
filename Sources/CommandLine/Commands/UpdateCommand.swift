import ArgumentParser
import CloudEvents
import RemoteClients

struct UpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a project or a secret.",
        subcommands: [UpdateProjectCommand.self, UpdateSecretCommand.self])
}

struct UpdateProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Change the upstream repository of a project, or its shipyard.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var git: GitOptions
    @Argument(help: "The project's name.") var name: String
    @Option(name: [.short, .long], help: "The new shipyard; its stages must stay the same.") var shipyard: String?

    func validate() throws {
        if git.gitRemoteUrl == nil, shipyard == nil {
            throw ValidationError("Nothing to change: say --git-remote-url or --shipyard")
        }
    }

    func run() async throws {
        let terminal = connection.terminal
        let file = try shipyard.map { JSON.string(Base64.encode(try InputFile.read($0))) }
        let credentials = try git.credentials()
        terminal.info("Starting to update project")
        let place = Place(project: name)
        try await connection.withClient(at: place, failure: "Update project was unsuccessful.") { client in
            _ = try await client.put(
                "controlPlane/v1/project",
                ["name": .string(name), "shipyard": file, "gitCredentials": credentials])
        }
        terminal.info("Project updated successfully")
    }
}
