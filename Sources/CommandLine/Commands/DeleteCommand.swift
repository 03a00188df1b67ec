import ArgumentParser
import CloudEvents
import RemoteClients

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a project, a service, a secret or a subscription.",
        subcommands: [
            DeleteProjectCommand.self, DeleteServiceCommand.self, DeleteSecretCommand.self,
            DeleteSubscriptionCommand.self, DeleteWebhookSubscriptionCommand.self,
        ])
}

struct DeleteProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "project", abstract: "Delete a project.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The project's name.") var name: String
    @Flag(help: "Accepted for Keptn's scripts; what is deployed goes with the project.") var keepServices = false

    func run() async throws {
        let terminal = connection.terminal
        terminal.info("Starting to delete project")
        let place = Place(project: name)
        let answer = try await connection.withClient(at: place, failure: "Delete project was unsuccessful.") {
            try await $0.delete("controlPlane/v1/project/\($0.segment(name))")
        }
        terminal.info("Project deleted successfully")
        if let message = answer["message"]?.stringValue, !message.isEmpty { terminal.info(message) }
    }
}

struct DeleteServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Delete a service from every stage of a project.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The service's name.") var name: String
    @Option(name: [.short, .long], help: "The project.") var project: String

    func run() async throws {
        let terminal = connection.terminal
        terminal.info("Starting to delete service")
        let place = Place(project: project, service: name)
        let answer = try await connection.withClient(at: place, failure: "Delete service was unsuccessful.") {
            try await $0.delete("controlPlane/v1/project/\($0.segment(project))/service/\($0.segment(name))")
        }
        terminal.info("Service deleted successfully")
        if let message = answer["message"]?.stringValue, !message.isEmpty { terminal.info(message) }
    }
}
