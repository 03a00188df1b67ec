package import Core
package import KeptnModel
package import Logging
package import Ports
package import RemoteClients

/// Everything about a server that can be chosen.
package struct ServerConfiguration: Sendable {
    /// The data folder; made when it is not there.
    package var home: String
    /// Where the API listens; port 0 takes a free one.
    package var host = "127.0.0.1"
    package var port = 8080
    /// The host on which deployed services are reachable.
    package var proxyHost = "127.0.0.1"
    package var eventBytesMax = 1 << 20
    package var artifactBytesMax = 1 << 30
    package var deadlines = TaskDeadlines()
    /// Finished runs that are older are removed; nil keeps everything.
    package var retention: Duration?
    /// Tasks that the server answers itself, at once, with pass.
    package var answeredTasks: [String] = []
    /// The SLI provider of evaluations.
    package var sliProvider = "keptn"
    /// How long a test by real users lasts (`WAIT_DURATION`).
    package var waitDuration = Duration.seconds(180)
    /// The program of JMeter; nil for the one on the `PATH`.
    package var jmeter: String?
    /// How many JMeters run side by side; nil for the number of processors.
    package var jmetersMax: Int?
    /// The branch of a project's own files (`DEFAULT_REMOTE_GIT_BRANCH`).
    package var defaultGitBranch = "master"
    /// Whether new projects have a folder for each stage instead of a branch (`DIRECTORY_STAGE_STRUCTURE`).
    package var hasStageFolders = false
    /// Regular expressions of Git URLs that nobody may use.
    package var deniedGitURLs: [String] = []
    /// Of a service that makes a Git repository for every project that names none.
    package var provisioningURL: String?
    /// Whether users do not get to know where those repositories are.
    package var hidesProvisionedURL = false
    /// Integrations of ours that are left out, by name: somebody else does their tasks.
    package var leftOut: [String] = []
    /// Whether there are any integrations of ours.
    package var hasOwnIntegrations = true
    /// What stands between the log and those who hear it over HTTP.
    package var subscriptionsOverHTTP: @Sendable (any Subscriptions) -> any Subscriptions = { $0 }
    /// The hooks of the installation.
    package var hooks = EventMappings()
    /// What webhooks may call beside the world outside, and what they may not: `TargetPolicy.Pattern`.
    package var webhooksAllowed: [String] = []
    package var webhooksDenied: [String] = []
    /// Full paths of the programs that actions of remediations may run.
    package var commandsAllowed: [String] = []
    /// How long others have to take an action that is none of ours.
    package var actionPatience = Duration.seconds(30)
    /// Where the alert rules for the user's Prometheus are written.
    package var prometheusFolder: String?
    /// Of that Prometheus, which is asked to read its rules again.
    package var prometheusURL: String?
    /// With the id of its process, for the same purpose.
    package var prometheusPIDFile: String?
    /// Whose bearer tokens are believed; nil for nobody's but our own.
    package var identities: IdentityPolicy?
    /// As what browsers log in at that issuer; nil where they do not.
    package var loginClient: OAuthLogin.Client?
    package var log = Log.standardError(.notice)
    package var version = "0.0.0"

    package enum Log: Sendable {
        case standardError(Logger.Level)
        case file(String)
    }

    package init(home: String) { self.home = home }

    /// Throws `KeptnError.invalidInput` for a pattern that is none.
    func webhookTargets() throws -> TargetPolicy {
        func patterns(_ texts: [String]) throws -> [TargetPolicy.Pattern] {
            try texts.map { text in
                guard let pattern = TargetPolicy.Pattern(text) else {
                    throw KeptnError(
                        .invalidInput,
                        "webhook target '\(text)': a host, *.DOMAIN, an address or a range such as 10.0.0.0/8 is "
                            + "needed, each also with :PORT")
                }
                return pattern
            }
        }
        return TargetPolicy(allowed: try patterns(webhooksAllowed), denied: try patterns(webhooksDenied))
    }
}
