public import CloudEvents
public import KeptnModel

/// Carries out one task; a type of its own where a closure would be too much.
///
/// ```swift
/// struct Deploy: TaskHandler {
///     static let task = "deployment"
///     func handle(_ task: TaskContext) async throws -> TaskOutcome {
///         let url = try await roll(out: task.deployment.image)
///         return .deployed(Deployment(publicURIs: [url]))
///     }
/// }
/// ```
public protocol TaskHandler: Sendable {
    /// The task's name.
    static var task: String { get }
    /// After so long it is cancelled, and `.finished` says that it did not end; nil, the default, for no limit.
    static var timeMax: Duration? { get }
    func handle(_ task: TaskContext) async throws -> TaskOutcome
}

extension TaskHandler {
    public static var timeMax: Duration? { nil }
}

extension Integration {
    /// Carries out the handler's task.
    public func on<Handler: TaskHandler>(_ handler: Handler) -> Integration {
        on(task: Handler.task, within: Handler.timeMax) { try await handler.handle($0) }
    }
}

// MARK: - What the reserved tasks bring (Keptn spec 0.2.4, section "cloudevents")

/// Where and how a service was, or is to be, deployed: `data.deployment`, and the image of `data.configurationChange`.
public struct Deployment: Sendable, Hashable {
    /// `direct`, `blue_green_service` or `user_managed`; empty when nothing is said.
    public var strategy: String
    public var localURIs: [String]
    public var publicURIs: [String]
    public var names: [String]
    /// Nil when the run is about no new version.
    public var image: String?

    public init(
        strategy: String = "", localURIs: [String] = [], publicURIs: [String] = [], names: [String] = [],
        image: String? = nil
    ) {
        self.strategy = strategy
        self.localURIs = localURIs
        self.publicURIs = publicURIs
        self.names = names
        self.image = image
    }

    fileprivate init(_ data: JSON) {
        let deployment = data["deployment"]
        self.init(
            strategy: deployment?["deploymentstrategy"]?.stringValue ?? "",
            localURIs: deployment.texts("deploymentURIsLocal"), publicURIs: deployment.texts("deploymentURIsPublic"),
            names: deployment.texts("deploymentNames"),
            image: data["configurationChange", "values", "image"]?.stringValue)
    }

    fileprivate var json: JSON {
        .object([
            ("deploymentstrategy", strategy.isEmpty ? nil : .string(strategy)),
            ("deploymentURIsLocal", .texts(localURIs)), ("deploymentURIsPublic", .texts(publicURIs)),
            ("deploymentNames", .texts(names)),
        ])
    }
}

/// A stretch of time: RFC 3339 texts.
public struct Period: Sendable, Hashable {
    public var start: String
    public var end: String

    public init(start: String, end: String) {
        self.start = start
        self.end = end
    }

    fileprivate init?(_ json: JSON?) {
        guard let start = json?["start"]?.stringValue, let end = json?["end"]?.stringValue else { return nil }
        self.init(start: start, end: end)
    }
}

/// Which values are wanted: `data.get-sli`.
public struct IndicatorQuery: Sendable, Hashable {
    /// Who is asked, such as `prometheus`; whoever is not meant leaves the task alone.
    public var provider: String
    public var period: Period?
    public var indicators: [String]
    public var filters: [String: String]
}

/// The value of an indicator, or why there is none.
public struct IndicatorValue: Sendable, Hashable {
    public var metric: String
    public var value: Double
    /// Nil where the value could be had.
    public var failure: String?

    public init(_ metric: String, _ value: Double) {
        self.metric = metric
        self.value = value
    }

    public init(_ metric: String, failure: String) {
        self.metric = metric
        self.value = 0
        self.failure = failure
    }

    fileprivate var json: JSON {
        .object([
            ("metric", .string(metric)), ("value", .number(value)), ("success", .bool(failure == nil)),
            ("message", failure.map { .string($0) }),
        ])
    }
}

/// What is to be done about a problem: `data.action`.
public struct RemediationAction: Sendable, Hashable {
    public var name: String
    /// Such as `scaling`; whoever does not know it leaves the task alone.
    public var action: String
    public var description: String
    /// Whatever the remediation file gives the action.
    public var value: JSON
}

extension TaskContext {
    /// For `deployment`, `test`, `evaluation` and `release`.
    public var deployment: Deployment { Deployment(data) }

    /// For `test`: `functional`, `performance`, `healthcheck` or `real-user`; empty when nothing is said.
    public var testStrategy: String { data["test", "teststrategy"]?.stringValue ?? "" }

    /// For `evaluation`: what is given for it, else when the tests ran; nil when neither is known.
    public var evaluationPeriod: Period? { Period(data["evaluation"]) ?? Period(data["test"]) }

    /// For `get-sli`.
    public var indicatorQuery: IndicatorQuery {
        let wanted = data["get-sli"]
        let filters = (wanted?["customFilters"]?.elements ?? []).compactMap { filter -> (String, String)? in
            guard let key = filter["key"]?.stringValue, let value = filter["value"]?.stringValue else { return nil }
            return (key, value)
        }
        return IndicatorQuery(
            provider: wanted?["sliProvider"]?.stringValue ?? "", period: Period(wanted),
            indicators: wanted.texts("indicators"), filters: Dictionary(filters) { $1 })
    }

    /// For `action`.
    public var remediationAction: RemediationAction {
        let action = data["action"]
        return RemediationAction(
            name: action?["name"]?.stringValue ?? "", action: action?["action"]?.stringValue ?? "",
            description: action?["description"]?.stringValue ?? "", value: action?["value"] ?? .null)
    }
}

extension TaskOutcome {
    /// Of `deployment`: the tests that follow go to its addresses.
    public static func deployed(_ deployment: Deployment, _ message: String = "") -> TaskOutcome {
        .pass(message, data: ["deployment": deployment.json])
    }

    /// Of `test`: the evaluation that follows looks at this time.
    public static func tested(_ period: Period, result: KeptnResult = .pass, _ message: String = "") -> TaskOutcome {
        TaskOutcome(
            result: result, message: message,
            data: ["test": ["start": .string(period.start), "end": .string(period.end)]])
    }

    /// Of `get-sli`; fails when no value could be had.
    public static func measured(_ values: [IndicatorValue], for query: IndicatorQuery) -> TaskOutcome {
        let failures = values.compactMap(\.failure)
        let isFailed = failures.count == values.count && !values.isEmpty
        return TaskOutcome(
            result: isFailed ? .fail : failures.isEmpty ? .pass : .warning,
            message: failures.joined(separator: "; "),
            data: [
                "get-sli": .object([
                    ("start", query.period.map { .string($0.start) }), ("end", query.period.map { .string($0.end) }),
                    ("indicatorValues", .array(values.map(\.json))),
                ])
            ])
    }
}

extension JSON? {
    fileprivate func texts(_ member: String) -> [String] {
        (self?[member]?.elements ?? []).compactMap(\.stringValue)
    }
}

extension JSON {
    fileprivate static func texts(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}
