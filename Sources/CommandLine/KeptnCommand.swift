package import ArgumentParser

/// The command `keptn`: verbs that talk to a server over HTTP, and `server`, which is one.
package struct KeptnCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keptn",
        abstract: "Event-driven continuous delivery: stages, sequences, quality gates.",
        discussion: "Before the command may stand: --quiet, --verbose, --yes, --namespace, --config-file, --home.",
        version: Version.text,
        subcommands: [
            ServerCommand.self, RunCommand.self, DemoCommand.self, AuthCommand.self, StatusCommand.self,
            BridgeCommand.self,
            VersionCommand.self,
            CreateCommand.self, UpdateCommand.self, DeleteCommand.self, GetCommand.self, AddResourceCommand.self,
            TriggerCommand.self, EvaluateCommand.self, ImportCommand.self, SendCommand.self, ConfigureCommand.self,
            SequenceCommand.self, PauseVerb.self,
            ResumeVerb.self, AbortVerb.self, SetContextCommand.self, GetContextsCommand.self, SetCommand.self,
            TokenCommand.self, ReplayCommand.self, ValidateCommand.self, TestCommand.self, GenerateCommand.self,
            CompletionCommand.self,
            InstallCommand.self, UpgradeCommand.self, UninstallCommand.self, OnboardCommand.self,
        ])

    package init() {}

    /// Runs the command in the arguments and ends the process: with 0, 1 after any error (K §4.2), or its own code.
    package static func runAndExit(_ given: [String]) async -> Never {
        let arguments = GlobalOptions.behindCommand(given, of: Self.self)
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit()
        } catch is CancellationError {
            Terminal().error("Interrupted")
            exit(withError: ExitCode(1))
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Terminal().error(WrongCall(arguments: arguments).text(for: error))
            exit(withError: ExitCode(1))
        }
    }
}
