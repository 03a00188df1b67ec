import ArgumentParser
import CloudEvents
import RemoteClients

struct AddResourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add-resource",
        abstract: "Store a file in the configuration of a project, a stage or a service.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "The stage; without it the file belongs to the project.") var stage: String?
    @Option(help: "The service; needs a stage or --all-stages.") var service: String?
    @Flag(help: "Store the file in every stage.") var allStages = false
    @Option(name: [.short, .long], help: "The file.") var resource: String
    @Option(
        name: [.customLong("resourceUri"), .customLong("resource-uri")],
        help: "Its path in the configuration; default as typed.")
    var resourceURI: String?

    func validate() throws {
        if allStages, stage != nil { throw ValidationError("--stage and --all-stages exclude each other") }
        if service != nil, stage == nil, !allStages {
            throw ValidationError("Flag 'stage' is missing: --service needs --stage or --all-stages")
        }
    }

    func run() async throws {
        let terminal = connection.terminal
        let bytes = try InputFile.read(resource)
        let uri = resourceURI ?? resource
        let body: JSON = [
            "resources": [["resourceURI": .string(uri), "resourceContent": .string(Base64.encode(bytes))]]
        ]
        let kind = service != nil ? "service" : stage != nil || allStages ? "stage" : "project"
        let failure = "Resource \(resource) could not be uploaded as a \(kind) resource:"
        let place = Place(project: project, stage: stage, service: service)
        try await connection.withClient(at: place, failure: failure) { client in
            let base = "resource-service/v1/project/\(client.segment(project))"
            guard allStages else {
                terminal.info(line(stage))
                _ = try await client.post(base + path(stage, client), body)
                return terminal.info("\(line(stage)) was successful")
            }
            terminal.info("Adding resource \(resource) to all stages for project \(project)")
            let stages = try await client.pages(
                "controlPlane/v1/project/\(client.segment(project))/stage", items: "stages")
            for stage in stages.map({ $0.text("stageName") }) {
                _ = try await client.post(base + path(stage, client), body)
                terminal.info("\(line(stage)) was successful")
            }
        }
        terminal.info("Resource has been uploaded.")
    }

    /// What is told of one upload (cli-wire-contract §5).
    private func line(_ stage: String?) -> String {
        let kind =
            switch (service, stage) {
            case (let service?, let stage?): "a service resource to service \(service) for stage \(stage) for"
            case (_, let stage?): "a stage resource to stage \(stage) for"
            case (_, nil): "a project resource to"
            }
        return "Adding resource \(resource) as \(kind) project \(project)"
    }

    private func path(_ stage: String?, _ client: APIClient) -> String {
        (stage.map { "/stage/\(client.segment($0))" } ?? "")
            + (service.map { "/service/\(client.segment($0))" } ?? "") + "/resource"
    }
}
