/// `process.yaml`: how process-service runs a service's artifact as local processes.
public struct ProcessSpec: Sendable, Hashable, Codable {
    /// The program: a path inside the artifact (`./carts`) or an absolute one. In `command`, `arguments` and
    /// `environment`, `$PORT`, `$HOST`, `$PROJECT`, `$STAGE`, `$SERVICE`, `$DEPLOYMENT` (`direct`, `primary`,
    /// `canary`) and `$ARTIFACT` (the unpacked folder) stand for their values; the same names are set in the
    /// process's environment.
    public var command: String
    public var arguments: [String]
    public var environment: [String: String]
    public var replicas: Int
    public var healthCheck: HealthCheck
    /// How long a process may go on after SIGTERM before it is killed.
    public var gracefulStop: Duration

    public static let replicasLimits = 1...64

    public struct HealthCheck: Sendable, Hashable, Codable {
        public var path: String
        /// How long a new process may take until its first good answer.
        public var startTimeout: Duration
        public var interval: Duration
        public var timeout: Duration

        public init(
            path: String = "/health", startTimeout: Duration = .seconds(30), interval: Duration = .milliseconds(200),
            timeout: Duration = .seconds(2)
        ) {
            self.path = path
            self.startTimeout = startTimeout
            self.interval = interval
            self.timeout = timeout
        }
    }

    public init(
        command: String, arguments: [String] = [], environment: [String: String] = [:], replicas: Int = 1,
        healthCheck: HealthCheck = HealthCheck(), gracefulStop: Duration = .seconds(10)
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.replicas = replicas
        self.healthCheck = healthCheck
        self.gracefulStop = gracefulStop
    }
}
