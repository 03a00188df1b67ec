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
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "Send the event in a JSON file.",
        discussion: "keptn send event --file event.json",
        subcommands: [
            SendApprovalFinishedCommand.self, SendStartEvaluationCommand.self, SendNewArtifactCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The file with the CloudEvent.") var file: String?

    func run() async throws {
        guard let file else {
            throw KeptnError(.invalidInput, "--file is missing, such as: keptn send event --file event.json")
        }
        let event: JSON
        do {
            event = try JSON(parsing: try InputFile.read(file))
        } catch let error as JSONError {
            throw KeptnError(.invalidInput, "\(file) is not JSON: \(error)")
        }
        let answer = try await connection.withClient(failure: "Send event was unsuccessful.") {
            try await $0.post("v1/event", event)
        }
        connection.terminal.line("ID of Keptn context: \(answer.text("keptnContext"))")
    }
}

// MARK: - Names of older Keptn versions (K §4.1)

struct SendStartEvaluationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start-evaluation", abstract: "The older name of 'keptn trigger evaluation'.",
        shouldDisplay: false)

    @OptionGroup var evaluation: TriggerEvaluationCommand

    func run() async throws {
        evaluation.options.connection.terminal.error(
            "'keptn send event start-evaluation' is deprecated: say 'keptn trigger evaluation', with the same flags")
        try await evaluation.run()
    }
}

struct SendNewArtifactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-artifact", abstract: "The older name of 'keptn trigger delivery'.", shouldDisplay: false)

    @OptionGroup var delivery: TriggerDeliveryCommand
    @Option(help: "The image's tag.") var tag: String?

    func run() async throws {
        delivery.options.connection.terminal.error(
            "'keptn send event new-artifact' is deprecated: say 'keptn trigger delivery', with --image NAME:TAG")
        var delivery = delivery
        if let tag { delivery.image += ":\(tag)" }
        try await delivery.run()
    }
}
