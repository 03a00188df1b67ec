package import ArgumentParser

/// The command `keptn`: verbs that talk to a server over HTTP, and `server`, which is one.
package struct KeptnCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "keptn",
        abstract: "Event-driven continuous delivery: stages, sequences, quality gates.",
        version: Version.text,
        subcommands: [
            ServerCommand.self, DemoCommand.self, CreateCommand.self, DeleteCommand.self, GetCommand.self,
            AddResourceCommand.self, TriggerCommand.self, SendCommand.self, SequenceCommand.self, StatusCommand.self,
            TokenCommand.self, ValidateCommand.self, VersionCommand.self,
        ])

    package init() {}
}
