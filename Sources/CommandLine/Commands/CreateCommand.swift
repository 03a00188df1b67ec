import ArgumentParser
import CloudEvents
import RemoteClients

struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a project, a service, a secret, a subscription or a link.",
        subcommands: [
            CreateProjectCommand.self, CreateServiceCommand.self, CreateSecretCommand.self,
            CreateSubscriptionCommand.self, CreateWebhookSubscriptionCommand.self, CreateApprovalLinkCommand.self,
        ])
}

struct CreateProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Create a project with the stages of a shipyard.",
        discussion: "Without --shipyard the project is taken over that is in the upstream repository already.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var git: GitOptions
    @Argument(help: "The project's name.") var name: String
    @Option(name: [.short, .long], help: "The shipyard: a file or an http(s) URL.") var shipyard: String?

    func validate() throws {
        if shipyard == nil, git.gitRemoteUrl == nil {
            throw ValidationError("--shipyard is missing: only a project that is in --git-remote-url needs none")
        }
    }

    func run() async throws {
        let terminal = connection.terminal
        var file: JSON?
        if let shipyard {
            let isURL = shipyard.hasPrefix("http://") || shipyard.hasPrefix("https://")
            let bytes = isURL ? try await APIClient.download(shipyard) : try InputFile.read(shipyard)
            file = .string(Base64.encode(bytes))
        }
        let credentials = try git.credentials()
        terminal.info("Starting to create project")
        try await connection.withClient(failure: "Create project was unsuccessful.") { client in
            _ = try await client.post(
                "controlPlane/v1/project",
                ["name": .string(name), "shipyard": file, "gitCredentials": credentials])
        }
        terminal.info("Project created successfully")
    }
}

struct CreateServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Create a service in every stage of a project.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The service's name.") var name: String
    @Option(name: [.short, .long], help: "The project.") var project: String

    func run() async throws {
        let terminal = connection.terminal
        terminal.info("Starting to create service")
        let place = Place(project: project)
        try await connection.withClient(at: place, failure: "Create service was unsuccessful.") { client in
            _ = try await client.post(
                "controlPlane/v1/project/\(client.segment(project))/service", ["serviceName": .string(name)])
        }
        terminal.info("Service created successfully")
    }
}
