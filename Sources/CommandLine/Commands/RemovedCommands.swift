import ArgumentParser
import Ports

/// Commands of older Keptn versions that have no use here: each says what takes its place and ends with 1.
protocol RemovedCommand: ParsableCommand {
    static var name: String { get }
    /// The commands above it, with a blank at the end.
    static var parents: String { get }
    static var instead: String { get }
    var rest: [String] { get }
}

extension RemovedCommand {
    static var parents: String { "" }

    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: name, abstract: "No longer a command: \(instead)", shouldDisplay: false)
    }

    func run() throws {
        throw KeptnError(.invalidInput, "'keptn \(Self.parents)\(Self.name)' does nothing here: \(Self.instead)")
    }
}

struct InstallCommand: RemovedCommand {
    static let name = "install"
    static let instead = "this program is the whole control plane, start it with 'keptn server'"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}

struct UpgradeCommand: RemovedCommand {
    static let name = "upgrade"
    static let instead = "replace the program and start it again with 'keptn server'"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}

struct UninstallCommand: RemovedCommand {
    static let name = "uninstall"
    static let instead = "stop the server and remove the program and its data folder"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}

struct OnboardCommand: RemovedCommand {
    static let name = "onboard"
    static let instead =
        "say 'keptn create service NAME --project PROJECT', then store its files with 'keptn add-resource', such as "
        + "a Helm chart with '--service NAME --all-stages --resource NAME.tgz --resourceUri helm/NAME.tgz'"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}

struct ConfigureDomainCommand: RemovedCommand {
    static let (parents, name) = ("configure ", "domain")
    static let instead = "say where the server listens with 'keptn server --listen HOST:PORT'"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}

struct ConfigureBridgeCommand: RemovedCommand {
    static let (parents, name) = ("configure ", "bridge")
    static let instead =
        "there is no password to set; everybody has a token of their own, made by "
        + "'keptn token create NAME --scopes read,write'"
    @Argument(parsing: .allUnrecognized, help: .hidden) var rest: [String] = []
}
