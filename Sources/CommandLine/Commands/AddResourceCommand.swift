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
            throw ValidationError("--service needs --stage or --all-stages")
        }
    }

    func run() async throws {
        let terminal = connection.terminal
        let bytes = try InputFile.read(resource)
        let uri = resourceURI ?? resource
        let body: JSON = [
            "resources": [["resourceURI": .string(uri), "resourceContent": .string(Base64.encode(bytes))]]
        ]
        try await connection.withClient(project: project) { client in
            let base = "resource-service/v1/project/\(client.segment(project))"
            var places = [stage.map { "/stage/\(client.segment($0))" } ?? ""]
            if allStages {
                let stages = try await client.get("controlPlane/v1/project/\(client.segment(project))/stage")
                places = (stages["stages"]?.elements ?? []).compactMap { $0["stageName"]?.stringValue }
                    .map { "/stage/\(client.segment($0))" }
            }
            for place in places {
                let path = base + place + (service.map { "/service/\(client.segment($0))" } ?? "") + "/resource"
                _ = try await client.post(path, body)
            }
        }
        terminal.info("Resource has been uploaded.")
    }
}
