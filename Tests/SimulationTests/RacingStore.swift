import CloudEvents
import Core
import KeptnModel
import Ports
import Synchronization

/// A store where others may append between what a component reads and what it commits.
final class RacingStore: EventLog, EventQueries, SequenceStore, SubscriptionStore, Overviews {
    private let base: InMemoryStore
    private let racing = Mutex<[CloudEvent]>([])

    init(_ base: InMemoryStore) { self.base = base }

    /// These events come right before the next commit, if there is one.
    func race(_ events: [CloudEvent]) { racing.withLock { $0 = events } }

    func commit(_ transaction: Transaction) async throws -> [AppendReceipt] {
        let events = racing.withLock { events in
            defer { events = [] }
            return events
        }
        if !events.isEmpty { try await base.append(events) }
        return try await base.commit(transaction)
    }

    func events(after position: Position, limit: Int) async throws -> [RecordedEvent] {
        try await base.events(after: position, limit: limit)
    }
    func openCounts(in projects: [String]) async throws -> [OpenCount] { try await base.openCounts(in: projects) }
    func open(_ query: OpenQuery) async throws -> OpenPage { try await base.open(query) }
    func endedRemediations(in projects: [String], offset: Int, limit: Int) async throws -> RunPage {
        try await base.endedRemediations(in: projects, offset: offset, limit: limit)
    }
    func runs(beginningWith context: String, in projects: [String], limit: Int) async throws -> [SequenceExecution] {
        try await base.runs(beginningWith: context, in: projects, limit: limit)
    }
    func latestEvents(_ query: LatestEventQuery) async throws -> [LatestEvent] { try await base.latestEvents(query) }
    func latestResults(of type: String, in projects: [String]) async throws -> [ResultCount] {
        try await base.latestResults(of: type, in: projects)
    }
    func head() async throws -> Position { try await base.head() }
    func waitForEvents(
        after position: Position, matching isWanted: @escaping @Sendable (RecordedEvent) -> Bool
    ) async throws {
        try await base.waitForEvents(after: position, matching: isWanted)
    }
    func progress(of subscription: String) async throws -> SubscriptionProgress? {
        try await base.progress(of: subscription)
    }
    func events(at positions: [Position]) async throws -> [RecordedEvent] { try await base.events(at: positions) }
    func events(_ query: EventQuery) async throws -> [RecordedEvent] { try await base.events(query) }
    func page(_ query: EventQuery) async throws -> EventPage { try await base.page(query) }
    func openExecutions(in scope: Scope) async throws -> [StoredExecution] { try await base.openExecutions(in: scope) }
    func scopesWithOpenExecutions() async throws -> [Scope] { try await base.scopesWithOpenExecutions() }
    func scopesDue(at instant: Timestamp) async throws -> [Scope] { try await base.scopesDue(at: instant) }
    func nextWake() async throws -> Timestamp? { try await base.nextWake() }
    func isPaused(project: String, context: String, stage: String) async throws -> Bool {
        try await base.isPaused(project: project, context: context, stage: stage)
    }
    func pausedContexts() async throws -> Set<String> { try await base.pausedContexts() }
    func openTasks(
        named task: String, project: String?, stage: String?, service: String?, eventID: String?
    ) async throws -> [CloudEvent] {
        try await base.openTasks(named: task, project: project, stage: stage, service: service, eventID: eventID)
    }
    func deleteProject(_ project: String) async throws { try await base.deleteProject(project) }
    func runs(_ query: RunQuery) async throws -> RunPage { try await base.runs(query) }
}
