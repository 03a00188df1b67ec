import CloudEvents
import Core
import FoundationEssentials
import GRDB
import KeptnModel
import Ports

/// What the writer is asked to do.
enum StoreChange: Sendable {
    case transaction(PreparedTransaction)
    case deletion(project: String)
    /// Brings the summaries to the end of the log.
    case summaries

    var isSummaries: Bool {
        if case .summaries = self { true } else { false }
    }

    /// About how many rows it writes.
    var rows: Int {
        switch self {
        case .transaction(let transaction): transaction.events.count + transaction.executions.count
        case .deletion, .summaries: 1
        }
    }

    /// Whether it must be on the disk before anybody hears of it.
    var needsSync: Bool {
        switch self {
        case .transaction(let transaction): !transaction.events.isEmpty
        case .deletion: true
        case .summaries: false
        }
    }

    var bytes: Int {
        switch self {
        case .transaction(let transaction):
            transaction.events.reduce(0) { $0 + $1.bytes.count }
                + transaction.executions.reduce(0) { $0 + $1.body.count }
        case .deletion, .summaries: 0
        }
    }
}

/// A transaction with everything encoded: that is the caller's work, the writer has enough of its own.
struct PreparedTransaction: Sendable {
    struct Execution: Sendable {
        let value: SequenceExecution
        let expectedVersion: Int
        let body: Data
    }

    let events: [StorableEvent]
    let executions: [Execution]
    let pauses: [PauseChange]
    let progress: [SubscriptionProgress]

    init(_ transaction: Transaction) throws {
        events = try transaction.events.map { try StorableEvent($0) }
        executions = transaction.executions.map {
            Execution(
                value: $0.execution, expectedVersion: $0.expectedVersion, body: Data($0.execution.encoded.bytes))
        }
        pauses = transaction.pauses
        progress = transaction.progress
    }
}

/// Writes changes inside an SQLite transaction that is open already.
struct ChangeWriter {
    /// The new events, in their order.
    private(set) var events: [StoredEvent] = []
    /// The position of the newest event.
    private(set) var last: Int64
    private let db: Database

    init(head: Position, db: Database) {
        last = head.value
        self.db = db
    }

    mutating func apply(_ change: StoreChange) throws -> [AppendReceipt] {
        switch change {
        case .transaction(let transaction):
            try check(transaction.executions)
            for execution in transaction.executions { try save(execution) }
            for pause in transaction.pauses { try mark(pause) }
            for progress in transaction.progress { try save(progress) }
            return try transaction.events.map { try append($0) }
        case .deletion(let project):
            try Summaries.update(db)
            try run("DELETE FROM executions WHERE project = ?", [project])
            try run("DELETE FROM pauses WHERE project = ?", [project])
            try run("DELETE FROM latest_events WHERE project = ?", [project])
            return []
        case .summaries:
            // After all of the batch.
            return []
        }
    }

    // MARK: - Events

    private mutating func append(_ entry: StorableEvent) throws -> AppendReceipt {
        let (event, facts) = (entry.event, entry.facts)
        let insert = try db.cachedStatement(sql: Self.insertionIfNew)
        let position = try Int64.fetchOne(
            insert, arguments: Self.row(entry, at: last + 1) + [facts.context, facts.context])
        guard position != nil else { return try receiptOfFirstArrival(event) }
        last += 1
        let recorded = RecordedEvent(position: Position(last), event: event, facts: facts)
        events.append(StoredEvent(recorded: recorded, bytes: entry.bytes.count))
        return AppendReceipt(position: recorded.position, isNew: true)
    }

    private static let insertionIfNew =
        insertion(isRoot: "? IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events WHERE context = ?)")
        + " ON CONFLICT (id, source) DO NOTHING RETURNING seq"

    /// The statement that stores an event, given its `row` and whatever `isRoot` asks for.
    static func insertion(isRoot: String) -> String {
        """
        INSERT INTO events (
            seq, id, source, type, context, project, stage, service, triggered_id, result, time_ns, body, is_root
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \(isRoot))
        """
    }

    static func row(_ entry: StorableEvent, at position: Int64) -> StatementArguments {
        let (event, facts) = (entry.event, entry.facts)
        return [
            position, event.id, event.source, event.type, facts.context, facts.project ?? "", facts.stage,
            facts.service, facts.triggeredID, facts.result, event.time?.nanoseconds, Data(entry.bytes),
        ]
    }

    private func receiptOfFirstArrival(_ event: CloudEvent) throws -> AppendReceipt {
        let statement = try db.cachedStatement(sql: "SELECT seq FROM events WHERE id = ? AND source = ?")
        guard let seq = try Int64.fetchOne(statement, arguments: [event.id, event.source]) else {
            throw KeptnError(.internalFailure, "event '\(event.id)' can neither be stored nor found")
        }
        return AppendReceipt(position: Position(seq), isNew: false)
    }

    // MARK: - Executions, pauses, progress

    private func check(_ executions: [PreparedTransaction.Execution]) throws {
        var versions: [String: Int] = [:]
        for execution in executions {
            let id = execution.value.id
            let version = try versions[id] ?? storedVersion(of: id)
            guard version == execution.expectedVersion else { throw StoreConflict(executionID: id) }
            versions[id] = version + 1
        }
    }

    private func storedVersion(of id: String) throws -> Int {
        let statement = try db.cachedStatement(sql: "SELECT version FROM executions WHERE id = ?")
        return try Int.fetchOne(statement, arguments: [id]) ?? 0
    }

    private func save(_ execution: PreparedTransaction.Execution) throws {
        let value = execution.value
        if execution.expectedVersion == 0 { try insert(value) }
        try run(
            """
            UPDATE executions
            SET version = ?, state = ?, is_open = ?, wake_at = ?, task = ?, task_event_id = ?, body = ? WHERE id = ?
            """,
            [
                execution.expectedVersion + 1, value.state.rawValue, value.state.isOpen, value.wakeAt?.nanoseconds,
                value.openTask?.name, value.openTask?.eventID, execution.body, value.id,
            ])
    }

    /// What never changes, in a row that the update completes.
    private func insert(_ execution: SequenceExecution) throws {
        let (scope, at) = (execution.scope, execution.triggeredAt.nanoseconds)
        // A run begins with its oldest execution, even if that one comes in later.
        try run(
            """
            UPDATE executions SET is_first = 0
            WHERE project = ? AND context = ? AND is_first = 1 AND triggered_at > ?
            """,
            [scope.project, execution.context, at])
        try run(
            """
            INSERT INTO executions (
                id, version, project, stage, service, context, name, triggered_at, state, is_open, body, is_first
            ) VALUES (
                ?, 1, ?, ?, ?, ?, ?, ?, 'triggered', 1, x'',
                NOT EXISTS (SELECT 1 FROM executions WHERE project = ? AND context = ? AND is_first = 1)
            )
            """,
            [
                execution.id, scope.project, scope.stage, scope.service, execution.context, execution.definition.name,
                at, scope.project, execution.context,
            ])
        try run(
            "INSERT INTO definitions (execution, body) VALUES (?, ?)",
            [db.lastInsertedRowID, Data(execution.definition.encoded.bytes)])
    }

    private func mark(_ pause: PauseChange) throws {
        if pause.stage == nil {
            try run("DELETE FROM pauses WHERE project = ? AND context = ?", [pause.project, pause.context])
        }
        try run(
            "INSERT OR REPLACE INTO pauses (project, context, stage, is_paused) VALUES (?, ?, ?, ?)",
            [pause.project, pause.context, pause.stage ?? "", pause.isPaused])
    }

    private func save(_ progress: SubscriptionProgress) throws {
        try run(
            "INSERT OR REPLACE INTO subscriptions (name, position, open) VALUES (?, ?, ?)",
            [
                progress.subscription, progress.position.value,
                JSON.array(progress.open.map { .integer($0.value) }).text,
            ])
    }

    private func run(_ sql: String, _ arguments: StatementArguments) throws {
        let statement = try db.cachedStatement(sql: sql)
        statement.setUncheckedArguments(arguments)
        try statement.execute()
    }
}
