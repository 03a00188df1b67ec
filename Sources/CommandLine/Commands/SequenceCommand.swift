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

/// `pause`, `resume` or `abort`.
protocol ControlCommand: AsyncParsableCommand {
    /// As the API takes it.
    static var state: String { get }
    static var done: String { get }
    var control: ControlOptions { get }
}

extension ControlCommand {
    func run() async throws { try await control.send(Self.state, Self.done) }
}

struct PauseCommand: ControlCommand {
    static let (state, done) = ("pause", "paused")
    static let configuration = CommandConfiguration(
        commandName: state, abstract: "Let the running task finish and start no other.")
    @OptionGroup var control: ControlOptions
}

struct ResumeCommand: ControlCommand {
    static let (state, done) = ("resume", "resumed")
    static let configuration = CommandConfiguration(commandName: state, abstract: "Go on with a paused sequence.")
    @OptionGroup var control: ControlOptions
}

struct AbortCommand: ControlCommand {
    static let (state, done) = ("abort", "aborted")
    static let configuration = CommandConfiguration(
        commandName: state, abstract: "End a sequence now; a task that runs is not waited for.")
    @OptionGroup var control: ControlOptions
}

// MARK: - The verb first, as Keptn 1.4.5 has it

struct PauseVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: PauseCommand.state, abstract: "Pause a sequence.", subcommands: [OfSequence<PauseCommand>.self])
}

struct ResumeVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ResumeCommand.state, abstract: "Resume a sequence.", subcommands: [OfSequence<ResumeCommand>.self])
}

struct AbortVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: AbortCommand.state, abstract: "Abort a sequence.", subcommands: [OfSequence<AbortCommand>.self])
}

/// The command behind its verb.
struct OfSequence<Command: ControlCommand>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "sequence", abstract: Command.configuration.abstract)
    }
    @OptionGroup var control: ControlOptions
    func run() async throws { try await control.send(Command.state, Command.done) }
}
