package import CloudEvents
import Core
import FoundationEssentials
import GRDB
package import KeptnModel
package import Ports

extension SQLiteStore: SequenceStore {
    package func openExecutions(in scope: Scope) async throws -> [StoredExecution] {
        try await read("the open executions of \(scope)") { db in
            try Self.executions(
                "is_open = 1 AND project = ? AND stage = ? AND service = ?",
                [scope.project, scope.stage, scope.service], db)
        }
    }

    package func scopesWithOpenExecutions() async throws -> [Scope] {
        try await read("open executions") { try Self.places("is_open = 1", [], $0) }
    }

    package func scopesDue(at instant: Timestamp) async throws -> [Scope] {
        try await read("due executions") { try Self.places("wake_at <= ?", [instant.nanoseconds], $0) }
    }

    package func nextWake() async throws -> Timestamp? {
        try await read("the next deadline") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT wake_at FROM executions WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1")
            return try Int64.fetchOne(statement).map { Timestamp(nanoseconds: $0) }
        }
    }

    package func isPaused(project: String, context: String, stage: String) async throws -> Bool {
        try await read("the pauses of context \(context)") { db in
            // The stage's own mark comes before that of the whole context, whose stage is ''.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT is_paused FROM pauses WHERE project = ? AND context = ? AND stage IN (?, '')
                    ORDER BY stage DESC LIMIT 1
                    """)
            return try Bool.fetchOne(statement, arguments: [project, context, stage]) ?? false
        }
    }

    package func pausedContexts() async throws -> Set<String> {
        try await read("the paused contexts") { db in
            let statement = try db.cachedStatement(sql: "SELECT DISTINCT context FROM pauses WHERE is_paused = 1")
            return try String.fetchSet(statement)
        }
    }

    package func openTasks(
        named task: String, project: String?, stage: String?, service: String?, eventID: String?
    ) async throws -> [CloudEvent] {
        var conditions = Conditions()
        conditions.equal("x.task", task)
        conditions.equal("x.project", project)
        conditions.equal("x.stage", stage)
        conditions.equal("x.service", service)
        conditions.equal("x.task_event_id", eventID)
        conditions.add("e.type = ?", [EventType.task(name: task, kind: .triggered).text])
        let (terms, arguments) = (conditions.sql, conditions.arguments)
        return try await read("open tasks") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.seq, e.body
                    FROM executions AS x INDEXED BY executions_by_task
                    CROSS JOIN events AS e INDEXED BY events_by_identity ON e.id = x.task_event_id
                    WHERE x.task IS NOT NULL AND \(terms) ORDER BY e.seq
                    """)
            return try RecordedEvent.fetchAll(statement, arguments).map(\.event)
        }
    }

    package func runs(_ query: RunQuery) async throws -> RunPage {
        let conditions = query.conditions
        return try await read("runs of project \(query.project)") { db in
            let index = query.contexts.isEmpty ? "INDEXED BY executions_by_time" : ""
            let first = "FROM executions AS f \(index) WHERE f.is_first = 1 AND \(conditions.sql)"
            let page = try db.cachedStatement(
                sql: "SELECT f.context \(first) ORDER BY f.triggered_at DESC, f.number DESC LIMIT ? OFFSET ?")
            let limit = query.limit == 0 ? -1 : max(query.limit, 0)
            let contexts = try String.fetchAll(
                page, arguments: conditions.arguments + [limit, max(query.offset, 0)])
            let total = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT COUNT(*) \(first)"), arguments: conditions.arguments)
            let runs = try contexts.map { context in
                SequenceRun(
                    context: context,
                    executions: try Self.executions("project = ? AND context = ?", [query.project, context], db)
                        .map(\.execution))
            }
            return RunPage(runs: runs, total: total ?? 0)
        }
    }

    // MARK: - Rows

    private static func places(
        _ condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Scope] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT DISTINCT project, stage, service FROM executions WHERE \(condition)
                ORDER BY project, stage, service
                """)
        return try Row.fetchAll(statement, arguments: arguments)
            .map { Scope(project: $0[0], stage: $0[1], service: $0[2]) }
    }

    static func executions(
        _ condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [StoredExecution] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT x.id, x.version, x.body, d.body
                FROM executions AS x JOIN definitions AS d ON d.execution = x.number
                WHERE \(condition) ORDER BY triggered_at, number
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            let (body, definition): (Data, Data) = (row[2], row[3])
            do {
                let execution = try SequenceExecution(
                    decoding: JSON(parsing: Array(body)),
                    definition: SequenceDefinition(decoding: JSON(parsing: Array(definition))))
                return StoredExecution(execution: execution, version: row[1])
            } catch {
                throw KeptnError(
                    .internalFailure, "the stored sequence execution \(row[0] as String) cannot be read: \(error)")
            }
        }
    }
}

extension RunQuery {
    /// Over `f`, the first execution of each run.
    fileprivate var conditions: Conditions {
        var conditions = Conditions()
        conditions.equal("f.project", project)
        conditions.equal("f.name", name)
        conditions.oneOf("f.context", contexts)
        conditions.between("f.triggered_at", after: from, before: before)
        if stage.wanted != nil || service.wanted != nil {
            var place = Conditions()
            place.equal("e.stage", stage)
            place.equal("e.service", service)
            conditions.add("EXISTS (SELECT 1 \(Self.sameRun) AND \(place.sql))", place.arguments)
        }
        if !results.isEmpty {
            conditions.add(
                "(\(Self.worstResult)) IN (SELECT value FROM json_each(?))",
                [JSON.array(results.map { .string($0.rawValue) }).text])
        }
        if !states.isEmpty {
            let (open, ended) = (states.filter(\.isOpen), states.filter { !$0.isOpen })
            switch (open.isEmpty, ended.isEmpty) {
            case (false, true): conditions.add(Self.isOpenInState, [project, Self.list(open)])
            case (true, _): conditions.add(Self.hasEndedInState, [Self.list(ended)])
            case (false, false):
                conditions.add(
                    "(\(Self.isOpenInState) OR \(Self.hasEndedInState))",
                    [project, Self.list(open), Self.list(ended)])
            }
        }
        return conditions
    }

    private static let sameRun = "FROM executions AS e WHERE e.project = f.project AND e.context = f.context"

    /// The worst result of the run's executions (`SequenceRun.result`).
    private static let worstResult = """
        SELECT json_extract(CAST(e.body AS TEXT), '$.outcome.result') AS result \(sameRun) AND result IS NOT NULL
        ORDER BY CASE result WHEN 'fail' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END LIMIT 1
        """

    /// One of the run's open executions is in one of these states. Asked once, not for each run.
    private static let isOpenInState = """
        f.context IN (
            SELECT context FROM executions INDEXED BY executions_open
            WHERE is_open = 1 AND project = ? AND state IN (SELECT value FROM json_each(?))
        )
        """

    /// None is open, and the last one that was triggered is in one of these states.
    private static let hasEndedInState = """
        (
            NOT EXISTS (SELECT 1 \(sameRun) AND e.is_open = 1)
            AND (SELECT e.state \(sameRun) ORDER BY e.triggered_at DESC, e.number DESC LIMIT 1)
                IN (SELECT value FROM json_each(?))
        )
        """

    private static func list(_ states: [SequenceExecution.State]) -> String {
        JSON.array(states.map { .string($0.rawValue) }).text
    }
}
