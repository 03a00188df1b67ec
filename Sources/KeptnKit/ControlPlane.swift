public import CloudEvents
public import KeptnModel

/// What an integration needs of Keptn: to hear events, to send its own, and to read the configuration and secrets. In
/// one process with Keptn, or over HTTP (`HTTPControlPlane`).
public protocol ControlPlane: Sendable {
    /// Opens a durable subscription, or goes on with the one of this name: first what was handed out and never
    /// settled, then what came since. Whoever had it open before gets nothing more.
    func subscribe(_ interest: Interest) async throws -> any EventSubscription

    /// Sends events; they are durable when it returns. An event that Keptn has already (same source and id) changes
    /// nothing.
    func send(_ events: [CloudEvent]) async throws

    /// An event of this type that answers the event with the id `triggeredID`, if there is one already.
    func answer(to triggeredID: String, type: String, context: String) async throws -> CloudEvent?

    /// A file of the service, else of its stage, else of its project; nil when none of them has it.
    ///
    /// - Parameters:
    ///   - path: Such as `helm/values.yaml`.
    ///   - scope: Project, stage and service.
    ///   - commit: Of the stage's configuration; nil for the newest.
    func file(_ path: String, of scope: Scope, commit: String?) async throws -> [UInt8]?

    /// The values of a secret by their keys; nil when there is none of this name. In one process with Keptn it is one
    /// of Keptn's secrets of the scope `keptn-default`; Keptn tells none of them over HTTP, where it is what this
    /// machine has under the name.
    func secret(_ name: String) async throws -> [String: String]?

    /// Makes an integration known, so that Keptn lists it with what it hears, as seen now.
    func announce(_ integration: Integration) async throws

    /// The time between two announcements; nil, the default, where Keptn knows its integrations anyway.
    var announcementInterval: Duration? { get }
}

extension ControlPlane {
    public func announce(_ integration: Integration) async throws {}
    public var announcementInterval: Duration? { nil }
}

/// Which events an integration wants to hear.
public struct Interest: Sendable, Hashable {
    /// The subscription's name, under which Keptn remembers how far it has come.
    public var name: String
    /// Event types; `*` stands for one word between dots, `>` at the end for one or more.
    public var patterns: [String]
    /// Only events of these; empty for all.
    public var projects: [String]
    public var stages: [String]
    public var services: [String]
    /// The most events that are handed out and not settled.
    public var window: Int

    public init(
        name: String, patterns: [String], projects: [String] = [], stages: [String] = [], services: [String] = [],
        window: Int = 256
    ) {
        self.name = name
        self.patterns = patterns
        self.projects = projects
        self.stages = stages
        self.services = services
        self.window = window
    }
}

/// An open subscription. Events come in the order in which Keptn accepted them, each at least once.
public protocol EventSubscription: Sendable {
    /// The next events, at most `count`: waits until there is one. For one caller at a time.
    func receive(upTo count: Int) async throws -> [ReceivedEvent]

    /// Marks events as done and sends others, both or neither; the events are durable when it returns.
    func settle(_ positions: [Int64], sending events: [CloudEvent]) async throws

    /// Marks events as left alone: nothing was done about them, and they may come again after a crash. Settles them
    /// where nothing is saved by knowing that.
    func pass(over positions: [Int64]) async throws
}

extension EventSubscription {
    public func pass(over positions: [Int64]) async throws { try await settle(positions, sending: []) }
}

/// An event with its place in Keptn's log, by which it is settled.
public struct ReceivedEvent: Sendable, Hashable {
    public let position: Int64
    public let event: CloudEvent
    /// It may have been handed out before, to somebody who was not heard of again but may have acted on it.
    public let isRepeated: Bool

    public init(position: Int64, event: CloudEvent, isRepeated: Bool = false) {
        self.position = position
        self.event = event
        self.isRepeated = isRepeated
    }
}

/// Why Keptn could not be heard or told.
public struct ControlPlaneError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// It does not answer now; trying again may help.
        case unavailable
        /// It does not take this: trying again does not help.
        case rejected
        /// What was asked for is not there.
        case notFound
        /// Somebody else opened the subscription.
        case takenOver
    }

    public var kind: Kind
    public var description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
