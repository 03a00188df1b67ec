import ArgumentParser
import Assembly
import FoundationEssentials
import Ports

/// Of `keptn server`: what actions may do, and where Prometheus reads.
struct RemediationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Lets actions of remediations run this program, by its full path; may be given several times.",
            valueName: "program"))
    var allowCommand: [String] = []
    @Option(help: "How long an integration may take to begin an action that is none of ours.")
    var actionTimeout = "30s"
    @Option(
        help: ArgumentHelp(
            "The folder for what 'keptn configure monitoring prometheus' writes: targets/*.json and rules/*.yaml.",
            valueName: "folder"))
    var prometheusFolder: String?
    @Option(help: "The Prometheus that then reads its rules again; it needs --web.enable-lifecycle.")
    var prometheusURL: String?
    @Option(help: "The file with its process id, which gets SIGHUP instead.")
    var prometheusPidFile: String?

    func apply(to configuration: inout ServerConfiguration) throws {
        configuration.commandsAllowed = allowCommand
        configuration.actionPatience = try ServerCommand.duration(actionTimeout, "--action-timeout")
        configuration.prometheusFolder = prometheusFolder.map {
            $0.hasPrefix("/") ? $0 : FileManager.default.currentDirectoryPath + "/" + $0
        }
        configuration.prometheusURL = prometheusURL
        configuration.prometheusPIDFile = prometheusPidFile
    }
}
