package import CloudEvents
import GRDB
import KeptnModel
package import Ports

extension SQLiteStore: EventReports {
    package func counts(from: Timestamp, to: Timestamp, project: String?) async throws -> [EventCount] {
        let ofProject = project == nil ? "project <> ?" : "project = ?"
        return try await read("the numbers of events") { db in
            // The index holds every column that is asked for: the events themselves are not touched.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT project, service, type, source, COUNT(*) FROM events INDEXED BY events_by_type
                    WHERE \(ofProject) AND service <> '' AND time_ns >= ? AND time_ns < ?
                    GROUP BY project, service, type, source ORDER BY project, service, type, source
                    """)
            return try Row.fetchAll(statement, arguments: [project ?? "", from.nanoseconds, to.nanoseconds]).map {
                EventCount(project: $0[0], service: $0[1], type: $0[2], source: $0[3], count: $0[4])
            }
        }
    }

    package func latestEvents(
        in project: String, stage: String?, services: [String]
    ) async throws -> [LatestEvent] {
        var conditions = Conditions()
        conditions.add("l.project = ?", [project])
        conditions.equal("l.stage", stage)
        conditions.oneOf("l.service", services)
        let (terms, arguments) = (conditions.sql, conditions.arguments)
        try await summarize()
        return try await read("the newest events of project \(project)") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.stage, e.service, e.type, e.id, e.context, e.time_ns, u.context, e.project, e.result
                    FROM latest_events AS l CROSS JOIN events AS e ON e.seq = l.seq
                        LEFT JOIN events AS u ON u.seq = l.unfailed
                    WHERE \(terms) ORDER BY l.seq DESC
                    """)
            return try Row.fetchAll(statement, arguments: arguments).map { LatestEvent($0) }
        }
    }

    package func stageReports(of contexts: [String], in project: String) async throws -> [StageReport] {
        try await read("the stages of runs of project \(project)") { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT l.context, l.stage, n.id, n.type, n.time_ns, f.id, f.type, f.time_ns, v.seq, v.body
                    FROM (
                        SELECT e.context AS context, e.stage AS stage, MAX(e.seq) AS newest,
                            MAX(CASE WHEN e.result = 'fail' THEN e.seq END) AS failed,
                            MAX(CASE WHEN e.type = ? THEN e.seq END) AS evaluated
                        FROM json_each(?) AS c CROSS JOIN events AS e INDEXED BY events_by_context
                            ON e.context = c.value
                        WHERE e.context IS NOT NULL AND e.project = ? AND e.stage <> ''
                        GROUP BY e.context, e.stage
                    ) AS l CROSS JOIN events AS n ON n.seq = l.newest
                        LEFT JOIN events AS f ON f.seq = l.failed LEFT JOIN events AS v ON v.seq = l.evaluated
                    """)
            let asked = JSON.array(contexts.map { .string($0) }).text
            return try Row.fetchAll(statement, arguments: [StageReport.evaluationType, asked, project]).map { row in
                StageReport(
                    context: row[0], stage: row[1], latest: Self.told(row, 2),
                    latestFailed: row.hasNull(atIndex: 5) ? nil : Self.told(row, 5),
                    evaluation: row.hasNull(atIndex: 8)
                        ? nil : try RecordedEvent(position: row[8], body: row[9]).event.json)
            }
        }
    }

    /// The event whose id, type and time stand from this column on.
    private static func told(_ row: Row, _ column: Int) -> StageReport.Event {
        StageReport.Event(
            id: row[column], type: row[column + 1],
            time: (row[column + 2] as Int64?).map(Timestamp.init(nanoseconds:)))
    }

    package func openRequests(_ query: OpenRequestQuery) async throws -> [CloudEvent] {
        var conditions = Conditions()
        conditions.equal("e.id", query.id)
        conditions.equal("e.project", query.project)
        conditions.equal("e.stage", query.stage)
        conditions.equal("e.service", query.service)
        let (terms, more) = (conditions.sql, conditions.arguments)
        return try await read("open requests") { db in
            // The first two terms are those of the index, word for word: SQLite uses it only then.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT e.seq, e.body FROM events AS e INDEXED BY events_requesting
                    WHERE substr(e.type, -10) = '.triggered' AND e.source <> 'shipyard-controller'
                        AND e.type = ? AND e.time_ns > ? AND NOT EXISTS (
                            SELECT 1 FROM events AS f INDEXED BY events_by_trigger
                            WHERE f.triggered_id = e.id AND f.type = ?
                        ) AND \(terms)
                    ORDER BY e.seq
                    """)
            let type = EventType.task(name: query.task, kind: .triggered).text
            let finished = EventType.task(name: query.task, kind: .finished).text
            return try RecordedEvent.fetchAll(statement, [type, query.since.nanoseconds, finished] + more).map(\.event)
        }
    }
}
