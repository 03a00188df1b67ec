package import CloudEvents
package import Core
package import KeptnModel

/// Keeps what can be deployed, named by its content.
package protocol ArtifactStore: Sendable {
    /// Takes an upload: a tar archive (plain or gzip) or any other file, which counts as one program. Durable when it
    /// returns; the same bytes are kept once. Throws `KeptnError.invalidInput` for a name that is no file name,
    /// `.tooLarge` for too many bytes.
    func store(
        _ content: any AsyncSequence<[UInt8], any Error> & Sendable, name: String
    ) async throws -> ArtifactReference

    /// The folder that holds the artifact's files: those of the archive, or the program under its name. Unpacked at the
    /// first call. Throws `KeptnError.notFound` for an unknown artifact, `.invalidInput` for an archive that cannot be
    /// used.
    func unpacked(_ artifact: ArtifactReference) async throws -> String
}

/// A program to be started as a process that outlives us.
package struct ProcessCommand: Sendable, Hashable {
    /// An absolute path, or relative to `folder` when it contains a slash, else a name that is looked up in `PATH`.
    package var program: String
    package var arguments: [String]
    /// Beyond what every process gets (`PATH`, `HOME`, `LANG`, `TZ`).
    package var environment: [String: String]
    package var folder: String
    /// Where standard output and error are appended to.
    package var logFile: String

    package init(
        program: String, arguments: [String], environment: [String: String], folder: String, logFile: String
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.logFile = logFile
    }
}

/// How a process ended.
package enum ProcessExit: Sendable, Hashable, CustomStringConvertible {
    case exited(code: Int32)
    case killed(signal: Int32)
    /// It was no child of ours: only that it is gone is known.
    case gone

    package var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .killed(let signal): "was ended by signal \(signal)"
        case .gone: "is gone"
        }
    }
}

/// Runs processes of this machine. They go on when we end, and can be found again.
package protocol ProcessRunner: Sendable {
    /// Starts a process in a process group of its own. Throws `KeptnError.invalidInput` when the program cannot be
    /// started.
    func start(_ command: ProcessCommand) async throws -> ProcessHandle

    /// Whether the process still runs.
    func isRunning(_ process: ProcessHandle) async -> Bool

    /// Returns when the process has ended, also for one that an earlier run of ours started. Throws
    /// `CancellationError`.
    func exited(_ process: ProcessHandle) async throws -> ProcessExit

    /// Asks the process and its group to end (SIGTERM), and kills them (SIGKILL) when they still run after `grace`.
    /// Returns when the process has ended; does nothing for one that has.
    func stop(_ process: ProcessHandle, grace: Duration) async

    /// The processes that this runner, or an earlier one with the same name, started and that still run.
    func running() async -> Set<ProcessHandle>

    /// A TCP port of this host on which nobody listens, for a process that is started next.
    func freePort() async throws -> Int

    /// Whether nobody has the port now.
    func isFree(_ port: Int) async -> Bool

    /// The last lines of a log file; empty when it cannot be read.
    func lastLines(of logFile: String, max: Int) async -> [String]
}

/// Asks a process whether it is well.
package protocol HealthProbe: Sendable {
    /// Nil when GET of the path was answered with 2xx within the time, else what came instead.
    func problem(at endpoint: Endpoint, path: String, timeout: Duration) async -> String?
}

/// Where a process can be reached.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { "\(host):\(port)" }
}

/// Who answers the requests of a route.
package struct Upstreams: Sendable, Hashable {
    /// The deployment that the traffic is measured for.
    package var deployment: String
    /// When the deployment was started; nil where that does not matter.
    package var startedAt: Timestamp?
    /// The processes that are up; requests go to them in turn.
    package var endpoints: [Endpoint]

    package init(deployment: String, startedAt: Timestamp? = nil, endpoints: [Endpoint]) {
        self.deployment = deployment
        self.startedAt = startedAt
        self.endpoints = endpoints
    }
}

/// Where the outside reaches a route.
package struct RouteAddress: Sendable, Hashable {
    /// For programs on this machine.
    package var local: String
    /// For everybody else.
    package var `public`: String
    package var port: Int

    package init(local: String, public: String, port: Int) {
        self.local = local
        self.public = `public`
        self.port = port
    }
}

/// The proxy between the users of a service and its processes. Every route has an address that stays.
package protocol TrafficRouter: TrafficMeasurements {
    /// Opens the route's address: at this port, or at a free one (nil). Opening it again changes nothing. Until
    /// upstreams are set it answers 503. Throws `KeptnError.unavailable` when another program has the port.
    func open(_ route: RouteKey, port: Int?) async throws -> RouteAddress

    /// From now on every new request goes to these endpoints; requests that are under way end where they are. Without
    /// upstreams the route answers 503.
    func setUpstreams(_ upstreams: Upstreams?, of route: RouteKey) async

    /// Returns when no request of the route is at the endpoint any more: true, or false when the time is over.
    func drain(_ endpoint: Endpoint, of route: RouteKey, within time: Duration) async -> Bool

    /// Takes the address away; requests that are under way are finished.
    func close(_ route: RouteKey) async
}

/// What the proxy measured. A request counts as failed when it got no answer or one of 500 and more.
package protocol TrafficMeasurements: Sendable {
    /// The traffic of one deployment between two instants: of the one that served last before `to` at the address that
    /// the name (`direct`, `primary`, `canary`; nil: what the stage serves) means. Nil when there was none, or when its
    /// figures are not kept any more.
    func summary(of scope: Scope, deployment: String?, from: Timestamp, to: Timestamp) async -> TrafficSummary?

    /// What each address has had since the proxy was started.
    func totals() async -> [RouteKey: TrafficTotals]
}

/// Remembers what runs, so that it is found again after a restart.
package protocol ReleaseStore: Sendable {
    func load(_ scope: Scope) async throws -> Release?
    /// Durable when it returns; what was stored before is there until then.
    func save(_ release: Release) async throws
    func remove(_ scope: Scope) async throws
    /// Everything that is stored, and one error for each entry that cannot be read.
    func all() async throws -> (releases: [Release], problems: [KeptnError])
    /// The file that a replica of a deployment writes its output to.
    func logFile(of scope: Scope, deployment: String, replica: Int) -> String
}
