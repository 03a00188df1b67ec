import ArgumentParser
import CloudEvents
import SpecFiles

/// `--output`: a table for people, with more columns when it is wide; JSON or YAML for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml
}

struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "How data is printed: table, wide, json or yaml.")
    var output: OutputFormat?

    /// A program reads what is printed.
    var isData: Bool { output == .json || output == .yaml }

    /// Prints the data, for people as the lines.
    func print(_ data: JSON, on terminal: Terminal, lines: () -> [String]) {
        switch output ?? .table {
        case .json: terminal.line(data.pretty())
        case .yaml: terminal.text(SpecFiles.yaml(from: data))
        case .table, .wide: lines().forEach { terminal.line($0) }
        }
    }

    /// Prints the data, for people as a table, or as the line `empty` when there are no rows.
    func print(_ data: JSON, on terminal: Terminal, empty: String, table: () -> Table) {
        print(data, on: terminal) { lines(table(), empty) }
    }

    /// Prints one document for each item, as Keptn 1.4.5 does for projects and services.
    func print(each items: [JSON], on terminal: Terminal, empty: String, table: () -> Table) {
        switch output ?? .table {
        case .json: items.forEach { terminal.line($0.pretty(indent: 3)) }
        case .yaml: terminal.text(items.map { SpecFiles.yaml(from: $0) }.joined(separator: "---\n"))
        case .table, .wide: lines(table(), empty).forEach { terminal.line($0) }
        }
    }

    private func lines(_ table: Table, _ empty: String) -> [String] {
        table.rows.isEmpty ? [empty] : table.lines(isWide: output == .wide)
    }
}
