import ArgumentParser
import CloudEvents
import RemoteClients

struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a project or a service.",
        subcommands: [CreateProjectCommand.self, CreateServiceCommand.self])
}

struct CreateProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Create a project with the stages of a shipyard.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The project's name.") var name: String
    @Option(name: [.short, .long], help: "The shipyard file.") var shipyard: String

    func run() async throws {
        let terminal = Terminal()
        let file = try InputFile.read(shipyard)
        terminal.line("Starting to create project")
        try await connection.withClient { client in
            _ = try await client.post(
                "controlPlane/v1/project",
                ["name": .string(name), "shipyard": .string(Base64.encode(file))])
        }
        terminal.line("Project created successfully")
    }
}

struct CreateServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Create a service in every stage of a project.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The service's name.") var name: String
    @Option(name: [.short, .long], help: "The project.") var project: String

    func run() async throws {
        let terminal = Terminal()
        terminal.line("Starting to create service")
        try await connection.withClient { client in
            _ = try await client.post(
                "controlPlane/v1/project/\(client.segment(project))/service", ["serviceName": .string(name)])
        }
        terminal.line("Service created successfully")
    }
}
