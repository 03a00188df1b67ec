/// `webhook/webhook.yaml` of a service, a stage or a project: the requests that answer a subscription's events
/// (K §3.5). Both of Keptn's forms, command lines of curl and structured requests, become the same values.
public struct WebhookSpec: Sendable, Hashable {
    public static let apiVersionPrefix = "webhookconfig.keptn.sh/"
    public static let fileName = "webhook/webhook.yaml"

    public var webhooks: [Webhook]

    public init(webhooks: [Webhook]) { self.webhooks = webhooks }

    /// What one subscription's events lead to.
    public struct Webhook: Sendable, Hashable {
        /// The type of the subscription's events; for people, as the subscription decides what comes.
        public var type: String
        public var subscriptionID: String
        /// Whether we say that the task was begun. Else the called tool does.
        public var sendsStarted: Bool
        /// Whether we say what the task came to. Else the called tool does.
        public var sendsFinished: Bool
        public var secrets: [SecretVariable]
        /// Made one after the other, up to the first that fails.
        public var requests: [Request]

        public init(
            type: String, subscriptionID: String, sendsStarted: Bool = true, sendsFinished: Bool = false,
            secrets: [SecretVariable] = [], requests: [Request]
        ) {
            self.type = type
            self.subscriptionID = subscriptionID
            self.sendsStarted = sendsStarted
            self.sendsFinished = sendsFinished
            self.secrets = secrets
            self.requests = requests
        }
    }

    /// A key of a secret, and the name by which templates call its value: `{{.env.NAME}}`.
    public struct SecretVariable: Sendable, Hashable {
        public var name: String
        public var secret: String
        public var key: String

        public init(name: String, secret: String, key: String) {
            self.name = name
            self.secret = secret
            self.key = key
        }
    }

    /// One HTTP request. All its texts are Go templates over the event.
    public struct Request: Sendable, Hashable {
        public var method: Method
        public var url: String
        public var headers: [Header]
        public var body: String?
        /// `name:password` for basic authentication.
        public var credentials: String?
        /// The URL of a proxy, through which the request goes.
        public var proxy: String?
        /// For the whole request.
        public var timeout: Duration
        public var followsRedirects: Bool

        public init(
            method: Method = .get, url: String, headers: [Header] = [], body: String? = nil,
            credentials: String? = nil, proxy: String? = nil, timeout: Duration = .seconds(60),
            followsRedirects: Bool = false
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.credentials = credentials
            self.proxy = proxy
            self.timeout = timeout
            self.followsRedirects = followsRedirects
        }
    }

    /// Keptn's documents list PATCH and DELETE, its code HEAD; all of them are good.
    public enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case head = "HEAD"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}
