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

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
    }

    var terminal: Terminal { Terminal(isQuiet: quiet) }
    var dataFolder: DataFolder { DataFolder(given: home) }
    var contexts: ContextFile { ContextFile(given: configFile, in: dataFolder) }
}
