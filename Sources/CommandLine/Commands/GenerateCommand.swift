import ArgumentParser
import CloudEvents
import FoundationEssentials
import Ports

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Write documents about this program, or an archive for support.",
        subcommands: [
            GenerateDocsCommand.self, GenerateManCommand.self, GenerateEventReferenceCommand.self,
            GenerateSupportArchiveCommand.self,
        ])
}

struct GenerateDocsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs", abstract: "Write a page of Markdown for every command.")
    @OptionGroup var global: GlobalOptions
    @Option(help: "The folder; it is made.") var dir = "./docs"

    func run() throws {
        try InputFile.write(
            CommandTree.keptn().all.map { (name: "\($0.fileName).md", text: $0.markdown) }, into: dir)
        global.terminal.info("Docs have been written to: \(dir)")
    }
}

struct GenerateManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man", abstract: "Write a manual page for every command.")
    @OptionGroup var global: GlobalOptions
    @Option(help: "The folder; it is made.") var dir = "./man/man1"

    func run() throws {
        try InputFile.write(
            CommandTree.keptn().all.map { (name: "\($0.fileName).1", text: $0.manualPage) }, into: dir)
        global.terminal.info("Manual pages have been written to: \(dir)")
    }
}

struct GenerateEventReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud-events-spec", abstract: "Write a page of Markdown about Keptn's events.")
    @OptionGroup var global: GlobalOptions
    @Option(help: "The folder; it is made.") var dir = "./ce-docs"

    func run() throws {
        try InputFile.write([(name: "cloudevents.md", text: EventReference().markdown)], into: dir)
        global.terminal.info("Docs have been written to: \(dir)")
    }
}
