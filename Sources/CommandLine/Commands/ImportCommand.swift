import ArgumentParser
import Core
import FoundationEssentials
import KeptnModel
import Ports
import SpecFiles

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Write Keptn's files from those of other tools.",
        subcommands: [ImportOpenSLOCommand.self])
}

struct ImportOpenSLOCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openslo",
        abstract: "Write slo.yaml and prometheus/sli.yaml from objectives of OpenSLO version 1.",
        discussion: """
            Each objective becomes one with criteria on the burn rate of its error budget over the window of the \
            evaluation, and its indicator a query for Prometheus that says the share of bad events.
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Files with objectives.") var files: [String]
    @Option(help: "The folder that is written to; it is made.") var dir = "."
    @Option(help: "A criterion that each objective has to meet; repeatable.") var pass: [String] = ["burn_rate<1"]
    @Option(help: "A criterion that is good enough for a warning; repeatable.") var warning: [String] = ["burn_rate<2"]
    @Flag(help: "Write over files that are there.") var force = false

    func run() async throws {
        let terminal = global.terminal
        for text in pass + warning {
            do {
                _ = try ObjectiveCriterion(parsing: text)
            } catch {
                throw KeptnError(.invalidInput, "\(error)")
            }
        }
        var objectives: [OpenSLO] = []
        for file in files {
            let parsed = try SpecFiles.openSLOs(try InputFile.read(file), file: file)
            parsed.warnings.forEach { terminal.error($0.description) }
            objectives += parsed.value
        }
        guard !objectives.isEmpty else { throw KeptnError(.invalidInput, "the files have no objectives") }
        let imported = OpenSLOImport(objectives, pass: pass, warning: warning)
        let written = ["\(dir)/slo.yaml", "\(dir)/prometheus/sli.yaml"]
        for path in written where !force && FileManager.default.fileExists(atPath: path) {
            throw KeptnError(.conflict, "\(path) is there already; --force writes over it")
        }
        try InputFile.write([("slo.yaml", SpecFiles.yaml(from: imported.slo))], into: dir)
        try InputFile.write([("sli.yaml", SpecFiles.yaml(from: imported.sli))], into: "\(dir)/prometheus")
        for path in written { terminal.info("\(path) has been written") }
        imported.notes.forEach { terminal.error($0) }
    }
}
