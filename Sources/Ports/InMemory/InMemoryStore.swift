import CloudEvents
import Core
import Synchronization

/// The store in memory, for tests and the simulation. Its hooks stand for crashes, its snapshots for what the disk
/// holds after one.
package final class InMemoryStore: EventLog, EventQueries, SequenceStore, SubscriptionStore {
    /// Everything that is stored, as a value.
    package struct Snapshot: Sendable {
        var events: [RecordedEvent] = []
        var positions: [EventIdentity: Position] = [:]
        var contexts: Set<String> = []
        var roots: Set<Position> = []
        var invalidated: Set<String> = []
        var executions: [String: ExecutionRow] = [:]
        var executionCount = 0
        var pauses: [PauseMark: Bool] = [:]
        /// What of a project came before its last deletion belongs to another one.
        var deletions: [String: Position] = [:]
        var progress: [String: SubscriptionProgress] = [:]

        package init() {}
    }

    struct EventIdentity: Hashable {
        let id: String
        let source: String
    }

    struct ExecutionRow {
        /// Counts up: tells which of two executions of the same instant came first.
        let number: Int
        var stored: StoredExecution
    }

    struct PauseMark: Hashable {
        let project: String
        let context: String
        /// Nil for the whole context.
        let stage: String?
    }

    package typealias Hook = @Sendable (Transaction) throws -> Void

    let state: Mutex<Snapshot>
    private let signal: EventSignal
    private let beforeCommit: Hook?
    private let afterCommit: Hook?

    /// - Parameters:
    ///   - snapshot: What is stored already.
    ///   - beforeCommit: What it throws, `commit` throws, and nothing is stored.
    ///   - afterCommit: What it throws, `commit` throws, and everything is stored.
    package init(snapshot: Snapshot = Snapshot(), beforeCommit: Hook? = nil, afterCommit: Hook? = nil) {
        state = Mutex(snapshot)
        signal = EventSignal(at: snapshot.events.last?.position ?? .start)
        self.beforeCommit = beforeCommit
        self.afterCommit = afterCommit
    }

    package func snapshot() -> Snapshot { state.withLock { $0 } }

    package func commit(_ transaction: Transaction) async throws -> [AppendReceipt] {
        let events = try transaction.events.map { try StorableEvent($0) }
        try beforeCommit?(transaction)
        let (receipts, new) = try state.withLock { state in
            let count = state.events.count
            let receipts = try state.apply(transaction, events)
            return (receipts, Array(state.events[count...]))
        }
        signal.advance(with: new)
        try afterCommit?(transaction)
        return receipts
    }

    package func events(after position: Position, limit: Int) async throws -> [RecordedEvent] {
        state.withLock { Array($0.events.dropFirst(Int(clamping: position.value)).prefix(max(limit, 0))) }
    }

    package func head() async throws -> Position {
        state.withLock { $0.events.last?.position ?? .start }
    }

    package func waitForEvents(
        after position: Position, matching isWanted: @escaping @Sendable (RecordedEvent) -> Bool
    ) async throws {
        try await signal.wait(after: position, matching: isWanted)
    }

    package func progress(of subscription: String) async throws -> SubscriptionProgress? {
        state.withLock { $0.progress[subscription] }
    }

    package func events(at positions: [Position]) async throws -> [RecordedEvent] {
        state.withLock { state in positions.compactMap { state.event(at: $0) } }
    }
}

extension InMemoryStore.Snapshot {
    /// Positions are indices that begin at 1.
    func event(at position: Position) -> RecordedEvent? {
        let index = Int(clamping: position.value) - 1
        return events.indices.contains(index) ? events[index] : nil
    }

    /// All or nothing: versions are checked before anything changes.
    fileprivate mutating func apply(_ transaction: Transaction, _ events: [StorableEvent]) throws -> [AppendReceipt] {
        var versions: [String: Int] = [:]
        for change in transaction.executions {
            let id = change.execution.id
            guard versions[id] ?? executions[id]?.stored.version ?? 0 == change.expectedVersion else {
                throw StoreConflict(executionID: id)
            }
            versions[id] = change.expectedVersion + 1
        }
        for change in transaction.executions { save(change) }
        for change in transaction.pauses { mark(change) }
        for progress in transaction.progress { self.progress[progress.subscription] = progress }
        return events.map { append($0) }
    }

    private mutating func append(_ entry: StorableEvent) -> AppendReceipt {
        let identity = InMemoryStore.EventIdentity(id: entry.event.id, source: entry.event.source)
        if let position = positions[identity] { return AppendReceipt(position: position, isNew: false) }
        let position = Position(Int64(events.count + 1))
        events.append(RecordedEvent(position: position, event: entry.event, facts: entry.facts))
        positions[identity] = position
        if let context = entry.facts.context, contexts.insert(context).inserted { roots.insert(position) }
        if entry.event.type.hasSuffix(".invalidated"), let id = entry.facts.triggeredID { invalidated.insert(id) }
        return AppendReceipt(position: position, isNew: true)
    }

    private mutating func save(_ change: ExecutionChange) {
        let stored = StoredExecution(execution: change.execution, version: change.expectedVersion + 1)
        if executions[change.execution.id] != nil {
            executions[change.execution.id]?.stored = stored
        } else {
            executionCount += 1
            executions[change.execution.id] = InMemoryStore.ExecutionRow(number: executionCount, stored: stored)
        }
    }

    private mutating func mark(_ change: PauseChange) {
        if change.stage == nil {
            pauses = pauses.filter { $0.key.project != change.project || $0.key.context != change.context }
        }
        pauses[.init(project: change.project, context: change.context, stage: change.stage)] = change.isPaused
    }
}
