import ArgumentParser
import CloudEvents
import KeptnModel
import SpecFiles

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check shipyard, SLO, SLI, test and process files; exit code 1 if one cannot be used.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The files.") var files: [String]

    func run() async throws {
        let terminal = global.terminal
        var rows: [JSON] = []
        var lines: [String] = []
        var isGood = true
        for file in files {
            var kind: String?
            let diagnostics: [Diagnostic]
            do {
                let checked = try SpecFiles.validate(try InputFile.read(file), file: file)
                kind = checked.kind.rawValue
                diagnostics = checked.warnings
                lines.append("\(file): \(checked.kind.rawValue) ok")
            } catch let error as InvalidFile {
                diagnostics = error.diagnostics
                isGood = false
            }
            lines += diagnostics.map(\.description)
            rows.append([
                "file": .string(file), "kind": kind.map { .string($0) }, "valid": .bool(kind != nil),
                "diagnostics": .array(diagnostics.map(Self.json)),
            ])
        }
        format.print(.array(rows), on: terminal) { lines }
        if !isGood { throw ExitCode(1) }
    }

    private static func json(_ diagnostic: Diagnostic) -> JSON {
        [
            "line": .integer(diagnostic.line), "column": .integer(diagnostic.column),
            "severity": .string(diagnostic.severity.rawValue), "path": .string(diagnostic.path),
            "message": .string(diagnostic.message),
        ]
    }
}
