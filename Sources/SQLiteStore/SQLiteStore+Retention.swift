package import CloudEvents
import GRDB
package import Ports

extension SQLiteStore: RetentionStore {
    package func removeRuns(
        olderThan instant: Timestamp, after position: Position, lookingAt count: Int
    ) async throws -> (removed: Int, next: Position?) {
        let found = try await read("old events") { try OldRuns.find(instant, after: position.value, count, $0) }
        guard !found.isEmpty else { return (0, nil) }
        // The writer looks at the runs again: some may have got younger.
        let removed = try await write("the removal of old events") { db in
            try Summaries.update(db)
            return try found.runs.reduce(0) { try $0 + $1.remove(instant, db) }
        }
        return (removed, Position(found.last))
    }
}

/// What is old, as far as one step looks.
private struct OldRuns {
    /// The last event that was looked at.
    let last: Int64
    let runs: [OldRun]
    let isEmpty: Bool

    static func find(_ instant: Timestamp, after position: Int64, _ count: Int, _ db: Database) throws -> OldRuns {
        let statement = try db.cachedStatement(
            sql: "SELECT seq, context, time_ns < ? AS is_old FROM events WHERE seq > ? ORDER BY seq LIMIT ?")
        let rows = try Row.fetchAll(statement, arguments: [instant.nanoseconds, position, count])
        // Events stand nearly in the order of their times: where none is old, none behind them is.
        guard rows.contains(where: { $0[2] == true }) else { return OldRuns(last: position, runs: [], isEmpty: true) }
        var contexts: Set<String> = []
        let runs = try rows.compactMap { row -> OldRun? in
            let (seq, context, isOld): (Int64, String?, Bool?) = (row[0], row[1], row[2])
            guard isOld == true else { return nil }
            if let context, !contexts.insert(context).inserted { return nil }
            let run = OldRun(seq: seq, context: context)
            return try run.isNeeded(instant, db) ? nil : run
        }
        return OldRuns(last: rows.last?[0] ?? position, runs: runs, isEmpty: false)
    }
}

/// The events of a context, or the one event that has none.
private struct OldRun {
    let seq: Int64
    let context: String?

    private var isOwn: String { context == nil ? "seq = ?" : "context = ?" }
    private var own: StatementArguments { context.map { [$0] } ?? [seq] }

    /// See `RetentionStore.removeRuns`.
    func isNeeded(_ instant: Timestamp, _ db: Database) throws -> Bool {
        try holds("(time_ns IS NULL OR time_ns >= ?)", [instant.nanoseconds], db)
            || holds("seq = (SELECT MAX(seq) FROM events)", [], db) || isOpen(db) || isNewestSomewhere(db)
    }

    private func holds(_ condition: String, _ arguments: StatementArguments, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM events WHERE \(isOwn) AND \(condition))")
        return try Bool.fetchOne(statement, arguments: own + arguments) ?? true
    }

    private func isOpen(_ db: Database) throws -> Bool {
        guard let context else { return false }
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM executions INDEXED BY executions_by_context
                    WHERE project IN (SELECT project FROM events WHERE context = ?1) AND context = ?1 AND is_open = 1
                )
                """)
        return try Bool.fetchOne(statement, arguments: [context]) ?? true
    }

    private func isNewestSomewhere(_ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM events AS e WHERE \(isOwn) AND service IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM events AS newer INDEXED BY events_by_type
                        WHERE newer.project = e.project AND newer.type = e.type AND newer.seq > e.seq
                            AND newer.stage IS e.stage AND newer.service = e.service
                    )
                )
                """)
        return try Bool.fetchOne(statement, arguments: own) ?? true
    }

    /// How many events were removed.
    func remove(_ instant: Timestamp, _ db: Database) throws -> Int {
        guard try !isNeeded(instant, db) else { return 0 }
        try subtractCounts(db)
        if let context {
            for table in ["executions", "pauses"] {
                try db.cachedStatement(
                    sql: """
                        DELETE FROM \(table)
                        WHERE project IN (SELECT project FROM events WHERE context = ?1) AND context = ?1
                        """
                ).execute(arguments: [context])
            }
        }
        try db.cachedStatement(sql: "DELETE FROM events WHERE \(isOwn)").execute(arguments: own)
        return db.changesCount
    }

    private func subtractCounts(_ db: Database) throws {
        let kinds = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT COUNT(*), SUM(is_root), project, type FROM events WHERE \(isOwn) GROUP BY project, type"),
            arguments: own)
        for kind in kinds {
            let arguments: StatementArguments = [kind[0] as Int, kind[1] as Int, kind[2] as String, kind[3] as String]
            try db.cachedStatement(
                sql: "UPDATE event_counts SET count = count - ?, roots = roots - ? WHERE project = ? AND type = ?"
            ).execute(arguments: arguments)
        }
        try db.cachedStatement(sql: "DELETE FROM event_counts WHERE count = 0").execute()
    }
}
