package import CloudEvents
package import KeptnModel

/// A place in the event log. Positions grow; they need not be dense.
package struct Position: Sendable, Hashable, Comparable, Codable {
    package var value: Int64
    package init(_ value: Int64) { self.value = value }

    /// Before the first event.
    package static let start = Position(0)

    package static func < (left: Position, right: Position) -> Bool { left.value < right.value }
}

/// What everybody asks of an event, read from its bytes once, when it enters the log.
package struct EventFacts: Sendable, Hashable {
    package var type: EventType?
    package var context: String?
    package var triggeredID: String?
    package var project: String?
    package var stage: String?
    package var service: String?
    package var result: String?
    package var status: String?

    package init(of event: CloudEvent) {
        type = event.eventType
        context = event.keptnContext
        triggeredID = event.triggeredID
        guard let data = event.keptnData else { return }
        project = data.project
        stage = data.stage
        service = data.service
        result = data.result
        status = data.status
    }

    /// Where the event happens; nil unless all three names are there.
    package var scope: Scope? {
        guard let project, let stage, let service, !project.isEmpty, !stage.isEmpty, !service.isEmpty else {
            return nil
        }
        return Scope(project: project, stage: stage, service: service)
    }
}

/// An event in the log. Shared by all who read it: a copy costs one reference.
package struct RecordedEvent: Sendable, Hashable {
    package let position: Position
    private let content: Content

    private final class Content: Sendable {
        let event: CloudEvent
        let facts: EventFacts

        init(event: CloudEvent, facts: EventFacts) {
            self.event = event
            self.facts = facts
        }
    }

    package init(position: Position, event: CloudEvent, facts: EventFacts) {
        self.position = position
        content = Content(event: event, facts: facts)
    }

    package var event: CloudEvent { content.event }
    package var facts: EventFacts { content.facts }

    package static func == (left: RecordedEvent, right: RecordedEvent) -> Bool {
        left.position == right.position && (left.content === right.content || left.event == right.event)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(position) }
}

/// What became of an appended event.
package struct AppendReceipt: Sendable, Hashable {
    /// Where the event stands: the place of the first arrival when it came again.
    package let position: Position
    /// False when the log already had an event of this source and id; then nothing was added.
    package let isNew: Bool

    package init(position: Position, isNew: Bool) {
        self.position = position
        self.isNew = isNew
    }
}

/// The ordered, durable log of every accepted event, and the only way to change what is stored beside it.
package protocol EventLog: Sendable {
    /// Stores everything in the transaction or nothing: events in their order, executions, pauses and the progress of
    /// subscriptions. Durable when it returns; without any event only against the end of the process, until one comes:
    /// then everything before it is durable too. Events that are there already (same source and id) are left out.
    /// Throws `StoreConflict` when an execution's version is not the expected one.
    @discardableResult
    func commit(_ transaction: Transaction) async throws -> [AppendReceipt]

    /// The next events behind a position, oldest first, at most `limit`.
    func events(after position: Position, limit: Int) async throws -> [RecordedEvent]

    /// The position of the newest event.
    func head() async throws -> Position

    /// Returns at once when there is anything behind the position already, and else when a wanted event comes, or so
    /// many others that it is time to read them. Throws `CancellationError` when cancelled.
    func waitForEvents(
        after position: Position, matching isWanted: @escaping @Sendable (RecordedEvent) -> Bool
    ) async throws
}

extension EventLog {
    /// Returns when there is an event behind the position.
    package func waitForEvents(after position: Position) async throws {
        try await waitForEvents(after: position) { _ in true }
    }

    /// Appends events, durable when it returns.
    @discardableResult
    package func append(_ events: [CloudEvent]) async throws -> [AppendReceipt] {
        try await commit(Transaction(events: events))
    }
}

/// Changes that become visible together or not at all.
package struct Transaction: Sendable {
    package var events: [CloudEvent]
    package var executions: [ExecutionChange]
    package var pauses: [PauseChange]
    package var progress: [SubscriptionProgress]

    package init(
        events: [CloudEvent] = [], executions: [ExecutionChange] = [], pauses: [PauseChange] = [],
        progress: [SubscriptionProgress] = []
    ) {
        self.events = events
        self.executions = executions
        self.pauses = pauses
        self.progress = progress
    }

    package var isEmpty: Bool { events.isEmpty && executions.isEmpty && pauses.isEmpty && progress.isEmpty }
}

/// Somebody else changed the same execution first: load again and decide again.
package struct StoreConflict: Error, Sendable, CustomStringConvertible {
    package let executionID: String
    package init(executionID: String) { self.executionID = executionID }
    package var description: String { "sequence execution \(executionID) was changed by somebody else" }
}

/// How far a subscription has come: everything up to `position` was handed out, and of that everything but `open` is
/// done.
package struct SubscriptionProgress: Sendable, Hashable {
    package var subscription: String
    package var position: Position
    /// Handed out and not yet settled, ascending; handed out again after a restart.
    package var open: [Position]

    package init(subscription: String, position: Position, open: [Position]) {
        self.subscription = subscription
        self.position = position
        self.open = open
    }
}

/// Where subscriptions' progress is read; it is written by `EventLog.commit`.
package protocol SubscriptionStore: Sendable {
    /// Nil for a subscription that has never settled anything.
    func progress(of subscription: String) async throws -> SubscriptionProgress?
    /// The events at these positions; those that do not exist (any more) are left out.
    func events(at positions: [Position]) async throws -> [RecordedEvent]
}
