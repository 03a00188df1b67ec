import ArgumentParser
import CloudEvents
import SpecFiles

/// `--output`: a table for people, JSON or YAML for programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, yaml
}

struct OutputOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "How data is printed: table, json or yaml.")
    var output: OutputFormat = .table

    /// Prints the data, in a table as `table` makes it.
    func print(_ data: JSON, on terminal: Terminal, table: () -> [String]) {
        switch output {
        case .json: terminal.line(data.pretty())
        case .yaml: terminal.text(SpecFiles.yaml(from: data))
        case .table: table().forEach { terminal.line($0) }
        }
    }
}
