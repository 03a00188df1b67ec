/// How an SLI provider is reached: `PROVIDER/provider.yaml` of a service, a stage or a project.
public struct SLIProviderSpec: Sendable, Hashable {
    /// What answers, whatever name the provider has.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case prometheus, http, file
    }

    /// Nil: the provider is called like its kind.
    public var kind: Kind?
    /// Where the server is, without the API's own path; for `file` the resource with the measurements.
    public var url: String?
    public var headers: [Header]
    /// All of them are sent.
    public var authentication: [Authentication]
    /// Authorities that are trusted beside the machine's, in PEM.
    public var certificate: String?
    /// Any certificate will do.
    public var skipsVerification: Bool
    /// For one query.
    public var timeout: Duration
    /// How far apart the samples of an indicator are, where samples are wanted.
    public var step: Duration

    public static let standardTimeout = Duration.seconds(30)
    public static let standardStep = Duration.seconds(60)

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A key of a secret; the value itself is never in a file.
    public struct SecretKey: Sendable, Hashable {
        public var name: String
        public var key: String

        public init(name: String, key: String) {
            self.name = name
            self.key = key
        }
    }

    public enum Authentication: Sendable, Hashable {
        case basic(user: String, password: SecretKey)
        case bearer(SecretKey)
        /// The secret, behind a prefix such as `Api-Token `, is the value of a header.
        case header(name: String, prefix: String, SecretKey)
    }

    public init(
        kind: Kind? = nil, url: String? = nil, headers: [Header] = [], authentication: [Authentication] = [],
        certificate: String? = nil, skipsVerification: Bool = false, timeout: Duration = standardTimeout,
        step: Duration = standardStep
    ) {
        self.kind = kind
        self.url = url
        self.headers = headers
        self.authentication = authentication
        self.certificate = certificate
        self.skipsVerification = skipsVerification
        self.timeout = timeout
        self.step = step
    }
}

/// The query of an indicator that a JSON API answers: a mapping in `sli.yaml` instead of a text.
public struct SLIWebQuery: Sendable, Hashable {
    public var method: String
    /// Behind the provider's URL, or a URL of its own; a Go template.
    public var path: String
    public var headers: [SLIProviderSpec.Header]
    /// A Go template.
    public var body: String?
    /// Where the value stands in the answer.
    public var value: JSONSelector
    /// Where samples stand in it: numbers that the value was made from.
    public var samples: JSONSelector?
    /// What the numbers are multiplied by.
    public var factor: Double

    public init(
        method: String = "GET", path: String, headers: [SLIProviderSpec.Header] = [], body: String? = nil,
        value: JSONSelector, samples: JSONSelector? = nil, factor: Double = 1
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.value = value
        self.samples = samples
        self.factor = factor
    }

    /// Units that are known, with the factor that makes them Keptn's usual one: milliseconds, and shares of 1.
    public static let units: [(name: String, factor: Double)] = [
        ("ns", 1e-6), ("us", 1e-3), ("ms", 1), ("s", 1000), ("min", 60_000), ("percent", 0.01), ("ratio", 1),
    ]
}
