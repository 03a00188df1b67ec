import ArgumentParser
import Assembly
import Core
import FoundationEssentials
import KeptnModel
import Logging
import Ports
import SpecFiles

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run the whole control plane in this process.",
        discussion: """
            Everything is kept in the data folder; the API token is made at the first start and lies there in the file \
            'token'. SIGTERM or Ctrl-C ends the server gracefully, together with the services that it runs.
            """)

    @Option(help: "The data folder [env: KEPTN_HOME; default ~/.keptn].") var home: String?
    @Option(help: "Where the API listens, HOST:PORT; port 0 takes a free one.") var listen = "127.0.0.1:8080"
    @Option(help: "The host on which deployed services are reachable.") var proxyHost = "127.0.0.1"
    @Option(help: "The least important log lines shown: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "notice"
    @Option(help: "The largest accepted event in bytes.") var eventBytesMax = 1 << 20
    @Option(help: "How long a task may wait for its first .started event.") var taskStartTimeout = "10m"
    @Option(help: "How long a started task may take until .finished.") var taskFinishTimeout = "24h"
    @Option(help: "How long an approval may wait for an answer.") var approvalTimeout = "720h"
    @Option(help: "How long a test by real users lasts [env: WAIT_DURATION; default 3m].") var waitDuration: String?
    @Option(help: "Apache JMeter, for .jmx scripts [default: jmeter on the PATH, or in JMETER_HOME].")
    var jmeter: String?
    @Option(help: "How many JMeters run side by side; further tests wait [default: the number of processors].")
    var jmetersMax: Int?
    @Option(help: "The SLI provider of projects that have not chosen one; '' for none.")
    var sliProvider = "keptn"
    @Option(help: "Remove events and finished sequences older than this, such as 2160h [default: keep everything].")
    var retention: String?
    @Option(help: "The Git branch of a project's own files [env: DEFAULT_REMOTE_GIT_BRANCH; default master].")
    var defaultGitBranch: String?
    @Flag(
        help: """
            New projects have a folder for each stage instead of a branch \
            [env: DIRECTORY_STAGE_STRUCTURE=true].
            """)
    var directoryStages = false
    @Option(help: "A regular expression of Git URLs that nobody may use; may be given several times.")
    var denyGitURL: [String] = []
    @Option(
        help:
            "A service that makes a Git repository for every project that names none [env: AUTOMATIC_PROVISIONING_URL]."
    )
    var gitProvisioningURL: String?
    @Flag(help: "Show nobody where such repositories are [env: HIDE_AUTOMATIC_PROVISIONED_URL=true].")
    var hideProvisionedURL = false
    @Option(
        help: ArgumentHelp(
            "Leaves out an integration of ours, such as jmeter-service, for one of yours; may be given several times.",
            valueName: "name"))
    var without: [String] = []
    @Option(help: "A file with hooks of the installation, like a project's eventmappings.yaml.")
    var eventMappings: String?
    @Option(
        help: ArgumentHelp(
            "Lets webhooks call a host of inside: NAME, *.DOMAIN, ADDRESS or ADDRESS/BITS, each also with :PORT.",
            valueName: "target"))
    var allowWebhook: [String] = []
    @Option(help: ArgumentHelp("Lets no webhook call such a host.", valueName: "target"))
    var denyWebhook: [String] = []
    @Option(
        help: ArgumentHelp(
            "Tasks that this server answers itself with pass, at once: to try out a shipyard.",
            valueName: "name,name"))
    var answerTasks: String?

    @OptionGroup(title: "Remediation and monitoring") var remediation: RemediationOptions
    @OptionGroup(title: "Identity provider") var identities: IdentityOptions

    func validate() throws {
        guard eventBytesMax >= 1024 else {
            throw ValidationError("--event-bytes-max \(eventBytesMax): at least 1024 bytes are needed")
        }
        if let jmetersMax, jmetersMax < 1 {
            throw ValidationError("--jmeters-max \(jmetersMax): at least 1 is needed")
        }
        if let jmeter, !FileManager.default.isExecutableFile(atPath: jmeter) {
            throw ValidationError("--jmeter \(jmeter): there is no program that can be run")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        var configuration = ServerConfiguration(home: DataFolder(given: home).path)
        (configuration.host, configuration.port) = try Self.address(listen)
        configuration.proxyHost = proxyHost
        configuration.eventBytesMax = eventBytesMax
        let environment = ProcessInfo.processInfo.environment
        configuration.defaultGitBranch = defaultGitBranch ?? environment["DEFAULT_REMOTE_GIT_BRANCH"] ?? "master"
        configuration.hasStageFolders = directoryStages || environment["DIRECTORY_STAGE_STRUCTURE"] == "true"
        configuration.deniedGitURLs = denyGitURL
        configuration.provisioningURL = gitProvisioningURL ?? environment["AUTOMATIC_PROVISIONING_URL"]
        configuration.hidesProvisionedURL =
            hideProvisionedURL || environment["HIDE_AUTOMATIC_PROVISIONED_URL"] == "true"
        configuration.leftOut = without
        if let eventMappings {
            configuration.hooks = try SpecFiles.eventMappings(InputFile.read(eventMappings), file: eventMappings).value
        }
        (configuration.webhooksAllowed, configuration.webhooksDenied) = (allowWebhook, denyWebhook)
        configuration.answeredTasks = (answerTasks ?? "").split(separator: ",").map(String.init)
        configuration.deadlines.start = try Self.duration(taskStartTimeout, "--task-start-timeout")
        configuration.deadlines.finish = try Self.duration(taskFinishTimeout, "--task-finish-timeout")
        configuration.deadlines.approval = try Self.duration(approvalTimeout, "--approval-timeout")
        if let waitDuration = waitDuration ?? environment["WAIT_DURATION"] {
            let source = self.waitDuration == nil ? "WAIT_DURATION" : "--wait-duration"
            configuration.waitDuration = try Self.duration(waitDuration, source)
        }
        (configuration.jmeter, configuration.jmetersMax) = (jmeter, jmetersMax)
        configuration.retention = try retention.map { try Self.duration($0, "--retention") }
        configuration.sliProvider = sliProvider
        try remediation.apply(to: &configuration)
        configuration.identities = try identities.policy()
        configuration.loginClient = try identities.client(environment)
        configuration.log = .standardError(try Self.level(logLevel))
        configuration.version = Version.text
        try await Server.runUntilSignal(configuration) { server in
            terminal.line("Keptn \(Version.text) is ready.")
            terminal.line("API    \(server.apiURL)")
            terminal.line("Token  in \(server.home)/token")
        }
    }

    static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw KeptnError(.invalidInput, "--log-level \(text): one of \(known) is needed")
        }
        return level
    }

    static func address(_ text: String) throws -> (host: String, port: Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon > text.startIndex
        else { throw KeptnError(.invalidInput, "--listen \(text): HOST:PORT is needed, such as 127.0.0.1:8080") }
        return (text[..<colon].filter { $0 != "[" && $0 != "]" }, port)
    }

    static func duration(_ text: String, _ option: String) throws -> Duration {
        guard let duration = Duration(go: text), duration > .zero else {
            throw KeptnError(.invalidInput, "\(option) \(text): a duration such as 90s, 10m or 1h30m is needed")
        }
        return duration
    }
}
