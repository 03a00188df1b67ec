import ArgumentParser
import SpecFiles

/// Arguments that the parser does not take, and what is said about them.
struct WrongCall {
    let arguments: [String]

    /// What is wrong, how the command is called, and where more is said.
    func text(for error: any Error) -> String {
        let message = KeptnCommand.message(for: error)
        return KeptnCommand.fullMessage(for: error)
            .replacing(message, with: unknownCommand ?? message, maxReplacements: 1)
            .split(separator: "\n", omittingEmptySubsequences: false).map(Self.shortened).joined(separator: "\n")
    }

    /// The first word that is no command where one is needed, with the nearest that is; nil when there is none.
    private var unknownCommand: String? {
        var path = ["keptn"]
        var known: [any ParsableCommand.Type] = KeptnCommand.configuration.subcommands
        for (word, previous) in zip(arguments, [""] + arguments) where !known.isEmpty {
            let isValue = previous.hasPrefix("-") && !GlobalOptions.flags.contains(previous)
            guard !word.hasPrefix("-"), !isValue || previous.contains("=") else { continue }
            guard let next = known.first(where: { $0.isCalled(word) }) else {
                let names = known.compactMap { $0.configuration.commandName }
                return "'\(word)' is no command of '\(path.joined(separator: " "))'\(didYouMean(word, among: names))"
            }
            path.append(word)
            known = next.configuration.subcommands
        }
        return nil
    }

    /// Every command has a dozen flags that may be left out: a usage line shows those that may not.
    private static func shortened(_ line: Substring) -> String {
        let needed = line.replacing(#/ \[-[^\]]*\]/#, with: "")
        guard line.hasPrefix("Usage: "), needed != line, !needed.contains("[<options>]") else { return String(line) }
        return "\(needed) [<options>]"
    }
}
