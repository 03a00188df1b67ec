public import CloudEvents

/// An action of a remediation that the server's own executors carry out, with its value read.
public enum BuiltInAction: Sendable, Hashable {
    /// So many processes more, or fewer.
    case scaling(by: Int)
    /// To the last version that passed its gate.
    case rollback
    case restart
    /// A client's requests take so much longer.
    case slowdown(delay: Duration, ClientLimit)
    /// A client's requests are refused with this status.
    case abort(status: Int, ClientLimit)
    /// Flags and the variants that they are to have, in order.
    case featureToggle([FlagChange])
    case webhook(WebhookSpec.Webhook)
    case command(LocalCommand)

    /// Of the actions themselves, as files call them.
    public enum Name: String, Sendable, CaseIterable {
        case scaling, rollback, restart, slowdown, abort, featuretoggle
        /// Keptn's unleash-service calls it so.
        case toggleFeature = "toggle-feature"
        case webhook, command
    }

    /// Whom a limit of the proxy concerns, and how long.
    public struct ClientLimit: Sendable, Hashable {
        /// Nil: the client that the problem names.
        public var client: String?
        /// Undone after this time, if the problem is not over before.
        public var duration: Duration

        public static let durationDefault = Duration.seconds(600)
        public static let durationMax = Duration.seconds(86_400)

        public init(client: String? = nil, duration: Duration = durationDefault) {
            self.client = client
            self.duration = duration
        }
    }

    public struct FlagChange: Sendable, Hashable {
        public var flag: String
        /// Such as `on` and `off`.
        public var variant: String

        public init(flag: String, variant: String) {
            self.flag = flag
            self.variant = variant
        }
    }

    /// A program of the server's machine. No shell is involved.
    public struct LocalCommand: Sendable, Hashable {
        public var program: String
        public var arguments: [String]
        public var timeout: Duration

        public static let timeoutMax = Duration.seconds(3600)

        public init(program: String, arguments: [String] = [], timeout: Duration = .seconds(60)) {
            self.program = program
            self.arguments = arguments
            self.timeout = timeout
        }
    }
}

/// Why an action's value cannot be used.
public struct ActionMistake: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ action: BuiltInAction.Name, needs: String, found value: JSON) {
        let found = value.isNull ? "nothing" : String(value.text.prefix(80))
        description = "'value' of \(action.rawValue) needs \(needs), found \(found)"
    }
}

extension BuiltInAction {
    private static let delayMax = Duration.seconds(60)
    private static let stepMax = 63

    /// - Parameters:
    ///   - value: In one of Keptn's forms, or an object with more.
    ///   - Throws: What would be right.
    public init(_ name: Name, value: JSON) throws(ActionMistake) {
        switch name {
        case .scaling: self = .scaling(by: try Self.step(value))
        case .rollback: self = .rollback
        case .restart: self = .restart
        case .slowdown:
            guard let delay = Self.duration(value.kind == .object ? value["delay"] : value), delay > .zero,
                delay <= Self.delayMax
            else { throw ActionMistake(name, needs: "a delay of at most 60s, such as 5s", found: value) }
            self = .slowdown(delay: delay, try ClientLimit(name, value))
        case .abort:
            let status = value["status"] ?? 403
            guard let status = status.intValue, (400...599).contains(status) else {
                throw ActionMistake(name, needs: "a 'status' from 400 to 599", found: value)
            }
            self = .abort(status: status, try ClientLimit(name, value))
        case .featuretoggle, .toggleFeature: self = .featureToggle(try Self.changes(name, value))
        case .webhook: self = .webhook(try Self.call(value))
        case .command: self = .command(try LocalCommand(value))
        }
    }

    /// A whole number, as text too, which is how Keptn writes it: `1`, `"+1"`, `"-1"`.
    private static func step(_ value: JSON) throws(ActionMistake) -> Int {
        guard let step = value.intValue ?? value.stringValue.flatMap({ Int($0) }), step != 0,
            (-stepMax...stepMax).contains(step)
        else {
            throw ActionMistake(.scaling, needs: "a whole number other than 0, such as \"1\" or \"-1\"", found: value)
        }
        return step
    }

    /// `5s`, or a number of seconds.
    fileprivate static func duration(_ value: JSON?) -> Duration? {
        if let seconds = value?.intValue, (0...1_000_000).contains(seconds) { return .seconds(seconds) }
        return value?.stringValue.flatMap { Duration(go: $0) }
    }

    /// `NAME:on`, or an object of names and variants.
    private static func changes(_ name: Name, _ value: JSON) throws(ActionMistake) -> [FlagChange] {
        let needs = "a flag and its variant, such as \"promotion:off\" or {promotion: \"off\"}"
        var changes: [FlagChange] = []
        if let text = value.stringValue, let colon = text.lastIndex(of: ":") {
            changes = [
                FlagChange(flag: String(text[..<colon]), variant: String(text[text.index(after: colon)...]))
            ]
        } else {
            for (flag, variant) in value.members {
                guard let variant = variant.stringValue ?? variant.boolValue.map({ $0 ? "on" : "off" }) else {
                    throw ActionMistake(name, needs: needs, found: value)
                }
                changes.append(FlagChange(flag: flag, variant: variant))
            }
        }
        guard !changes.isEmpty, !changes.contains(where: { $0.flag.isEmpty || $0.variant.isEmpty }) else {
            throw ActionMistake(name, needs: needs, found: value)
        }
        return changes
    }
}

extension BuiltInAction.ClientLimit {
    fileprivate init(_ name: BuiltInAction.Name, _ value: JSON) throws(ActionMistake) {
        self.init(client: value["client"]?.stringValue)
        guard let text = value["for"] else { return }
        guard let duration = BuiltInAction.duration(text), duration > .zero, duration <= Self.durationMax else {
            throw ActionMistake(name, needs: "'for' to be a duration of at most 24h, such as 10m", found: text)
        }
        self.duration = duration
    }
}

extension BuiltInAction.LocalCommand {
    /// A program, or an object with `program`, `arguments`, `timeout`.
    fileprivate init(_ value: JSON) throws(ActionMistake) {
        func mistake(_ needs: String) -> ActionMistake { ActionMistake(.command, needs: needs, found: value) }
        guard let program = value.stringValue ?? value["program"]?.stringValue, program.hasPrefix("/") else {
            throw mistake("the full path of a program, also as {program: /usr/local/bin/repair, arguments: [now]}")
        }
        self.init(program: program)
        if let given = value["arguments"] {
            let texts = given.elements.compactMap { $0.stringValue ?? $0.intValue.map(String.init) }
            guard given.kind == .array, texts.count == given.elements.count else {
                throw mistake("'arguments' to be a list of texts")
            }
            arguments = texts
        }
        if let given = value["timeout"] {
            guard let time = BuiltInAction.duration(given), time > .zero, time <= Self.timeoutMax else {
                throw mistake("'timeout' to be a duration of at most 1h, such as 60s")
            }
            timeout = time
        }
    }
}

extension BuiltInAction {
    /// A URL, or an object with `url`, `method`, `headers`, `payload` and `envFrom` as in `webhook.yaml`. All texts are
    /// templates over the event.
    private static func call(_ value: JSON) throws(ActionMistake) -> WebhookSpec.Webhook {
        func mistake(_ needs: String) -> ActionMistake { ActionMistake(.webhook, needs: needs, found: value) }
        guard let url = value.stringValue ?? value["url"]?.stringValue, !url.isEmpty else {
            throw mistake("a URL, also as {url: https://example.com, method: POST, payload: text}")
        }
        var request = WebhookSpec.Request(method: .post, url: url)
        if let word = value["method"] {
            guard let method = WebhookSpec.Method(rawValue: word.stringValue ?? "") else {
                throw mistake(
                    "'method' to be one of " + WebhookSpec.Method.allCases.map(\.rawValue).joined(separator: ", "))
            }
            request.method = method
        }
        for (name, text) in (value["headers"] ?? .emptyObject).members {
            guard let text = text.stringValue else { throw mistake("'headers' to be names with texts") }
            request.headers.append(.init(name: name, value: text))
        }
        if let payload = value["payload"] { request.body = payload.stringValue ?? payload.text }
        if request.body?.first == "{", !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            request.headers.append(.init(name: "Content-Type", value: "application/json"))
        }
        var secrets: [WebhookSpec.SecretVariable] = []
        for entry in (value["envFrom"] ?? .null).elements {
            guard let name = entry["name"]?.stringValue, let secret = entry["secretRef", "name"]?.stringValue,
                let key = entry["secretRef", "key"]?.stringValue
            else { throw mistake("'envFrom' to have entries {name: VARIABLE, secretRef: {name: SECRET, key: KEY}}") }
            secrets.append(.init(name: name, secret: secret, key: key))
        }
        return WebhookSpec.Webhook(
            type: "", subscriptionID: "", sendsStarted: false, sendsFinished: true, secrets: secrets,
            requests: [request])
    }
}
