import CloudEvents
package import Core
import GRDB
import KeptnModel
package import Ports

extension SQLiteStore: Overviews {
    package func openCounts(in projects: [String]) async throws -> [OpenCount] {
        try await read("the numbers of open executions") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT project, stage, name, state, COUNT(*) FROM executions INDEXED BY executions_open
                    WHERE is_open = 1 AND project IN (SELECT value FROM json_each(?))
                    GROUP BY project, stage, name, state ORDER BY project, stage, name, state
                    """)
            return try Row.fetchAll(statement, arguments: [Self.list(projects)]).compactMap { row in
                SequenceExecution.State(rawValue: row[3]).map {
                    OpenCount(project: row[0], stage: row[1], sequence: row[2], state: $0, count: row[4])
                }
            }
        }
    }

    package func open(_ query: OpenQuery) async throws -> OpenPage {
        var conditions = Conditions()
        conditions.add("x.is_open = 1")
        if let projects = query.projects {
            conditions.add("x.project IN (SELECT value FROM json_each(?))", [Self.list(projects)])
        }
        conditions.oneOf("x.service", query.services)
        conditions.equal("x.task", query.task)
        conditions.equal("x.name", query.sequence)
        let (terms, arguments) = (conditions.sql, conditions.arguments)
        let index = query.task.wanted == nil ? "executions_open" : "executions_by_task"
        let isTask = query.task.wanted == nil ? "" : "x.task IS NOT NULL AND "
        return try await read("open executions") { db in
            let from = "FROM executions AS x INDEXED BY \(index) WHERE \(isTask)\(terms)"
            let numbers = try Int64.fetchAll(
                db.cachedStatement(
                    sql: "SELECT x.number \(from) ORDER BY x.triggered_at, x.number LIMIT ? OFFSET ?"),
                arguments: arguments + [max(query.limit, 0), max(query.offset, 0)])
            let total = try Int.fetchOne(db.cachedStatement(sql: "SELECT COUNT(*) \(from)"), arguments: arguments)
            return OpenPage(executions: try Self.executions(numbered: numbers, db), total: total ?? 0)
        }
    }

    package func endedRemediations(in projects: [String], offset: Int, limit: Int) async throws -> RunPage {
        try await read("ended remediations") { db in
            // The literal name lets the partial index be used. (NOT IN over two columns would go through all that is
            // open for each row.)
            let from = """
                FROM executions AS f INDEXED BY executions_remediations
                WHERE f.is_first = 1 AND f.name = 'remediation'
                    AND f.project IN (SELECT value FROM json_each(?))
                    AND NOT EXISTS (
                        SELECT 1 FROM executions AS o INDEXED BY executions_by_context
                        WHERE o.project = f.project AND o.context = f.context AND o.is_open = 1)
                """
            let list = Self.list(projects)
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT f.project, f.context \(from)
                        ORDER BY f.triggered_at DESC, f.number DESC LIMIT ? OFFSET ?
                        """),
                arguments: [list, max(limit, 0), max(offset, 0)])
            let total = try Int.fetchOne(db.cachedStatement(sql: "SELECT COUNT(*) \(from)"), arguments: [list])
            let runs = try rows.map { row in
                let (project, context): (String, String) = (row[0], row[1])
                return SequenceRun(
                    context: context,
                    executions: try Self.executions("project = ? AND context = ?", [project, context], db)
                        .map(\.execution))
            }
            return RunPage(runs: runs, total: total ?? 0)
        }
    }

    package func runs(
        beginningWith context: String, in projects: [String], limit: Int
    ) async throws -> [SequenceExecution] {
        // The first text behind all that begin so: UTF-8's order is that of the code points, and none is behind this.
        let end = context + "\u{10FFFF}"
        return try await read("runs by the beginning of their contexts") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT number FROM executions INDEXED BY executions_by_context
                    WHERE project IN (SELECT value FROM json_each(?)) AND context >= ? AND context < ? AND is_first = 1
                    ORDER BY triggered_at DESC LIMIT ?
                    """)
            let numbers = try Int64.fetchAll(statement, arguments: [Self.list(projects), context, end, limit])
            return try Self.executions(numbered: numbers, db).reversed()
        }
    }

    package func latestEvents(_ query: LatestEventQuery) async throws -> [LatestEvent] {
        var conditions = Conditions()
        conditions.add("l.project IN (SELECT value FROM json_each(?))", [Self.list(query.projects)])
        conditions.oneOf("l.type", query.types)
        conditions.oneOf("l.service", query.services)
        let table = Self.latestEvents(of: query.types, &conditions)
        let (terms, arguments) = (conditions.sql, conditions.arguments)
        try await summarize()
        return try await read("the newest events of places") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.stage, e.service, e.type, e.id, e.context, e.time_ns, u.context, e.project, e.result
                    FROM \(table) CROSS JOIN events AS e ON e.seq = l.seq
                        LEFT JOIN events AS u ON u.seq = l.unfailed
                    WHERE \(terms) ORDER BY l.seq DESC
                    """)
            return try Row.fetchAll(statement, arguments: arguments).map { LatestEvent($0) }
        }
    }

    package func latestResults(of type: String, in projects: [String]) async throws -> [ResultCount] {
        var conditions = Conditions()
        conditions.add("l.project IN (SELECT value FROM json_each(?))", [Self.list(projects)])
        conditions.add("l.type = ?", [type])
        let table = Self.latestEvents(of: [type], &conditions)
        let (terms, arguments) = (conditions.sql, conditions.arguments)
        try await summarize()
        return try await read("the newest results of places") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.project, e.stage, e.result, COUNT(*)
                    FROM \(table) CROSS JOIN events AS e ON e.seq = l.seq
                    WHERE \(terms) AND e.stage IS NOT NULL AND e.result IS NOT NULL
                    GROUP BY e.project, e.stage, e.result ORDER BY e.project, e.stage, e.result
                    """)
            return try Row.fetchAll(statement, arguments: arguments)
                .map { ResultCount(project: $0[0], stage: $0[1], result: $0[2], count: $0[3]) }
        }
    }

    /// The table as `l`, with the index of the listed types where it holds all that are wanted: SQLite has to see that.
    private static func latestEvents(of types: [String], _ conditions: inout Conditions) -> String {
        guard !types.isEmpty, types.allSatisfy(Schema.listedTypes.contains) else { return "latest_events AS l" }
        conditions.add("l.\(Schema.isListed)")
        return "latest_events AS l INDEXED BY \(Schema.listedIndex)"
    }

    private static func list(_ texts: [String]) -> String { JSON.array(texts.map { .string($0) }).text }

    /// Oldest first.
    private static func executions(numbered numbers: [Int64], _ db: Database) throws -> [SequenceExecution] {
        try executions(
            "x.number IN (SELECT value FROM json_each(?))", [JSON.array(numbers.map { .integer(Int($0)) }).text], db
        ).map(\.execution)
    }
}

extension LatestEvent {
    /// Of the columns stage, service, type, id, context, time, context of the newest that did not fail, project and
    /// result.
    init(_ row: Row) {
        self.init(
            stage: row[0], service: row[1], type: row[2], id: row[3], context: row[4],
            time: (row[5] as Int64?).map(Timestamp.init(nanoseconds:)), unfailedContext: row[6], project: row[7],
            result: row[8])
    }
}
