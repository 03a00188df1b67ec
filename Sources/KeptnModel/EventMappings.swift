public import CloudEvents

/// `eventmappings.yaml`: what comes in from tools that know nothing of Keptn, and which events it stands for.
public struct EventMappings: Sendable, Hashable {
    public static let fileName = "eventmappings.yaml"
    public static let apiVersion = "keptn.sh/v1alpha1"

    public var hooks: [Hook]

    public init(hooks: [Hook] = []) { self.hooks = hooks }

    /// A place where requests come in: `POST /api/v1/hook/NAME`.
    public struct Hook: Sendable, Hashable {
        public var name: String
        public var authentication: Authentication
        /// All that match a request are sent, in this order.
        public var events: [Event]

        public init(name: String, authentication: Authentication, events: [Event]) {
            self.name = name
            self.authentication = authentication
            self.events = events
        }
    }

    /// How a sender shows that it is the one.
    public enum Authentication: Sendable, Hashable {
        /// It does not, and the file says so.
        case none
        /// The header has the HMAC-SHA256 of the body (RFC 2104) in hexadecimal, also behind `sha256=`, as GitHub.
        case hmacSHA256(header: String, secret: Secret)
        /// The header has the secret itself, as GitLab.
        case token(header: String, secret: Secret)
        /// `Authorization: Bearer SECRET` (RFC 6750).
        case bearer(secret: Secret)

        public var secret: Secret? {
            switch self {
            case .none: nil
            case .hmacSHA256(_, let secret), .token(_, let secret), .bearer(let secret): secret
            }
        }
    }

    /// A key of a secret of the scope `keptn-default`.
    public struct Secret: Sendable, Hashable {
        public var name: String
        public var key: String

        public init(name: String, key: String) {
            self.name = name
            self.key = key
        }
    }

    /// An event to send. Texts are Go templates over `.payload`, `.headers` (names in lower case) and, with `forEach`,
    /// `.item`.
    public struct Event: Sendable, Hashable {
        /// The path of a list in the payload, such as `alerts`: one event for each of its entries.
        public var forEach: [String]?
        /// Only when it becomes `true`.
        public var when: String?
        /// Requests with the same text have one effect.
        public var id: String?
        /// Events with the same text belong to one run.
        public var context: String?
        public var type: String
        /// An object, of which every text is a template; one that is nothing but `{{ .a.b }}` becomes that value.
        public var data: JSON

        public init(
            forEach: [String]? = nil, when: String? = nil, id: String? = nil, context: String? = nil, type: String,
            data: JSON
        ) {
            self.forEach = forEach
            self.when = when
            self.id = id
            self.context = context
            self.type = type
            self.data = data
        }
    }
}
