import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Send an event, or the answer to an approval.",
        subcommands: [SendEventCommand.self, SendApprovalCommand.self])
}

struct SendEventCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "event", abstract: "Send the event in a JSON file.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The file with the CloudEvent.") var file: String

    func run() async throws {
        let terminal = connection.terminal
        let event: JSON
        do {
            event = try JSON(parsing: try InputFile.read(file))
        } catch let error as JSONError {
            throw KeptnError(.invalidInput, "\(file) is not JSON: \(error)")
        }
        let answer = try await connection.withClient { try await $0.post("v1/event", event) }
        terminal.line("ID of Keptn context: \(answer["keptnContext"]?.stringValue ?? "")")
    }
}

struct SendApprovalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval", abstract: "Approve or decline what waits for an approval.")

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.short, .long], help: "The stage.") var stage: String
    @Option(help: "The service.") var service: String?
    @Option(help: "The id of the approval.triggered event; needed when several wait.") var id: String?
    @Flag(inversion: .prefixedNo, help: "Approve, or decline with --no-approve.") var approve = true
    @Option(name: [.short, .long], help: "Why.") var message: String?

    func run() async throws {
        let terminal = connection.terminal
        try await connection.withClient { client in
            var query = ["project": project, "stage": stage]
            query["service"] = service
            query["eventID"] = id
            let waiting =
                try await client.get(
                    "controlPlane/v1/event/triggered/sh.keptn.event.approval.triggered", query)["events"]?.elements
                ?? []
            guard let approval = waiting.first else {
                throw KeptnError(.notFound, "Nothing waits for an approval in stage \(stage) of project \(project)")
            }
            guard waiting.count == 1 else {
                let ids = waiting.map { "\($0["id"]?.stringValue ?? "") (\($0["data", "service"]?.stringValue ?? ""))" }
                throw KeptnError(.invalidInput, "Several wait; name one with --id: \(ids.joined(separator: ", "))")
            }
            _ = try await client.post("v1/event", answer(to: approval))
        }
        terminal.line(approve ? "Approved." : "Declined.")
    }

    private func answer(to approval: JSON) -> JSON {
        [
            "specversion": "1.0",
            "type": "sh.keptn.event.approval.finished",
            "source": "https://github.com/keptn/keptn/cli#sh.keptn.event.approval.finished",
            "shkeptncontext": approval["shkeptncontext"],
            "triggeredid": approval["id"],
            "data": [
                "project": .string(project), "stage": .string(stage), "service": approval["data", "service"],
                "labels": approval["data", "labels"], "status": "succeeded", "result": approve ? "pass" : "fail",
                "message": .string(message ?? ""),
            ],
        ]
    }
}
