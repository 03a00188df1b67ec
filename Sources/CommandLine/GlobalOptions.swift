import ArgumentParser

/// The flags that every command takes, as Keptn 1.4.5 has them (K §4.2).
struct GlobalOptions: ParsableArguments {
    @Option(help: "The data folder of a local server [env: KEPTN_HOME; default ~/.keptn].")
    var home: String?

    @Option(help: "The file with the contexts [default: contexts.json in $KEPTN_CONFIG_HOME, else in the data folder].")
    var configFile: String?

    @Option(name: [.short, .long], help: "Accepted for Keptn's scripts: a server here is one namespace.")
    var namespace = "keptn"

    @Flag(name: [.short, .long], help: "Print only data and errors.")
    var quiet = false

    @Flag(name: [.short, .long], help: "Say on standard error which server is asked.")
    var verbose = false

    @Flag(name: [.short, .long], help: "Answer every question with yes.")
    var yes = false

    @Flag(help: "Accepted for Keptn's scripts; it changes nothing.")
    var mock = false

    @Flag(help: .hidden) var suppressWebsocket = false  // Keptn 0.5's (K §4.1): no command opens one.

    /// Those that take no value.
    static let flags: Set = ["-q", "--quiet", "-v", "--verbose", "-y", "--yes", "--mock", "--suppress-websocket"]
    private static let options: Set = ["--home", "--config-file", "-n", "--namespace"]

    /// The arguments with those of these flags that stand before a subcommand behind it, where the parser wants them.
    static func behindCommand(_ arguments: [String], of root: any ParsableCommand.Type) -> [String] {
        var (path, moved): ([String], [String]) = ([], [])
        var known = root.configuration.subcommands
        var rest = arguments[...]
        while let word = rest.first, !known.isEmpty {
            if let next = known.first(where: { $0.isCalled(word) }) {
                path.append(word)
                known = next.configuration.subcommands
                rest = rest.dropFirst()
            } else if flags.contains(word) || options.contains(where: { word.hasPrefix("\($0)=") }) {
                moved.append(word)
                rest = rest.dropFirst()
            } else if options.contains(word) {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        return path + moved + rest
    }

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }

    var terminal: Terminal { Terminal(isQuiet: quiet) }
    var dataFolder: DataFolder { DataFolder(given: home) }
    var contexts: ContextFile { ContextFile(given: configFile, in: dataFolder) }
}

extension ParsableCommand {
    /// The word is the command's name, or another one for it.
    static func isCalled(_ word: String) -> Bool {
        configuration.commandName == word || configuration.aliases.contains(word)
    }
}
