/// `jmeter/jmeter.conf.yaml`: which workload a test strategy runs.
public struct TestConfiguration: Sendable, Hashable {
    public var specVersion: String
    public var workloads: [Workload]

    public struct Workload: Sendable, Hashable {
        public var testStrategy: String
        /// Virtual users that work side by side.
        public var virtualUsers: Int
        /// How often each user runs the script.
        public var loopCount: Int
        /// Pause of a user between two requests.
        public var thinkTime: Duration
        /// The script's path in the service's configuration.
        public var script: String
        /// 0...1: the share of failed requests that is still accepted.
        public var acceptedErrorRate: Double
        /// The highest accepted average response time in milliseconds; 0 for no limit.
        public var averageResponseTimeMillisecondsMax: Int
        public var properties: [String: String]
        /// Requests a second, sent when their time has come, whether or not the ones before were answered; nil for
        /// users who wait for their answers.
        public var rate: Double?
        /// How long requests are sent at that rate.
        public var duration: Duration?
        /// A test that has not ended by then is ended, and fails.
        public var timeout: Duration

        public static let timeoutDefault = Duration.seconds(3600)

        public init(
            testStrategy: String, virtualUsers: Int, loopCount: Int, thinkTime: Duration, script: String,
            acceptedErrorRate: Double, averageResponseTimeMillisecondsMax: Int = 0, properties: [String: String] = [:],
            rate: Double? = nil, duration: Duration? = nil, timeout: Duration = timeoutDefault
        ) {
            self.testStrategy = testStrategy
            self.virtualUsers = virtualUsers
            self.loopCount = loopCount
            self.thinkTime = thinkTime
            self.script = script
            self.acceptedErrorRate = acceptedErrorRate
            self.averageResponseTimeMillisecondsMax = averageResponseTimeMillisecondsMax
            self.properties = properties
            self.rate = rate
            self.duration = duration
            self.timeout = timeout
        }
    }

    public init(specVersion: String = "0.1.0", workloads: [Workload]) {
        self.specVersion = specVersion
        self.workloads = workloads
    }

    /// What jmeter-service runs for a strategy when no file says otherwise (K §2.10).
    public static let defaults: [Workload] = [
        Workload(
            testStrategy: "healthcheck", virtualUsers: 1, loopCount: 1, thinkTime: .milliseconds(250),
            script: "jmeter/basiccheck.jmx", acceptedErrorRate: 0),
        Workload(
            testStrategy: "performance", virtualUsers: 10, loopCount: 500, thinkTime: .milliseconds(250),
            script: "jmeter/load.jmx", acceptedErrorRate: 0.1),
        Workload(
            testStrategy: "functional", virtualUsers: 1, loopCount: 1, thinkTime: .milliseconds(250),
            script: "jmeter/load.jmx", acceptedErrorRate: 0.1),
    ]
}

/// An HTTP plan: a list of requests with what is expected of each answer, which one virtual user sends in order.
public struct TestPlan: Sendable, Hashable {
    public var requests: [Request]

    public struct Request: Sendable, Hashable {
        public var name: String
        public var method: String
        /// Absolute path with an optional query.
        public var path: String
        public var headers: [String: String]
        public var body: String?
        public var timeout: Duration
        public var expect: Expectation

        public init(
            name: String, method: String = "GET", path: String, headers: [String: String] = [:], body: String? = nil,
            timeout: Duration = .seconds(10), expect: Expectation = Expectation()
        ) {
            self.name = name
            self.method = method
            self.path = path
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.expect = expect
        }
    }

    /// All that is given must hold. Without a status every one below 400 is good.
    public struct Expectation: Sendable, Hashable {
        public var statuses: [Int]
        public var bodyContains: [String]

        public init(statuses: [Int] = [], bodyContains: [String] = []) {
            self.statuses = statuses
            self.bodyContains = bodyContains
        }
    }

    public init(requests: [Request]) { self.requests = requests }
}
