import ArgumentParser
import CloudEvents
import RemoteClients

struct SequenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequence", abstract: "Pause, resume or abort a running sequence.",
        subcommands: [PauseCommand.self, ResumeCommand.self, AbortCommand.self])
}

struct ControlOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Option(name: [.short, .long], help: "The project.") var project: String
    @Option(name: [.customShort("c"), .long], help: "The Keptn context of the sequence.") var keptnContext: String
    @Option(name: [.short, .long], help: "Only this stage.") var stage: String?

    func send(_ state: String, _ done: String) async throws {
        try await connection.withClient(at: Place(project: project, stage: stage)) { client in
            _ = try await client.post(
                "controlPlane/v1/sequence/\(client.segment(project))/\(client.segment(keptnContext))/control",
                ["state": .string(state), "stage": .string(stage ?? "")])
        }
        connection.terminal.line("Successfully \(done) sequence")
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let the running task finish and start no other.")
    @OptionGroup var control: ControlOptions
    func run() async throws { try await control.send("pause", "paused") }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Go on with a paused sequence.")
    @OptionGroup var control: ControlOptions
    func run() async throws { try await control.send("resume", "resumed") }
}

struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "End a sequence now; a task that runs is not waited for.")
    @OptionGroup var control: ControlOptions
    func run() async throws { try await control.send("abort", "aborted") }
}

// MARK: - The verb first, as Keptn 1.4.5 has it

struct PauseVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Pause a sequence.", subcommands: [Sequence.self])

    struct Sequence: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sequence", abstract: PauseCommand.configuration.abstract)
        @OptionGroup var control: ControlOptions
        func run() async throws { try await control.send("pause", "paused") }
    }
}

struct ResumeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Resume a sequence.", subcommands: [Sequence.self])

    struct Sequence: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sequence", abstract: ResumeCommand.configuration.abstract)
        @OptionGroup var control: ControlOptions
        func run() async throws { try await control.send("resume", "resumed") }
    }
}

struct AbortVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Abort a sequence.", subcommands: [Sequence.self])

    struct Sequence: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sequence", abstract: AbortCommand.configuration.abstract)
        @OptionGroup var control: ControlOptions
        func run() async throws { try await control.send("abort", "aborted") }
    }
}
