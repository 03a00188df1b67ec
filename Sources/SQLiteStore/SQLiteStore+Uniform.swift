package import CloudEvents
package import Core
import GRDB
package import Ports

extension SQLiteStore: UniformStore {
    package func registry() async throws -> UniformRegistry {
        try await read("integrations") { try Self.registry($0) }
    }

    package func change<Value: Sendable>(
        _ body: @escaping @Sendable (inout UniformRegistry) throws -> Value
    ) async throws -> Value {
        try await write("integrations") { db in
            let before = try Self.registry(db)
            var after = before
            let value = try body(&after)
            for id in before.integrations.keys where after[id] == nil {
                try db.execute(sql: "DELETE FROM integrations WHERE id = ?", arguments: [id])
            }
            for (id, integration) in after.integrations where before[id] != integration {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO integrations (id, last_seen, body) VALUES (?, ?, ?)",
                    arguments: [id, integration.metadata.lastSeen.nanoseconds, integration.json.text])
            }
            return value
        }
    }

    private static func registry(_ db: Database) throws -> UniformRegistry {
        let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT id, last_seen, body FROM integrations"))
        return UniformRegistry(
            try rows.map { row in
                UniformIntegration(
                    reading: try stored(row[2], "integration \(row[0] as String)"),
                    lastSeen: Timestamp(nanoseconds: row[1]))
            })
    }

    private static func stored(_ text: String, _ what: String) throws -> JSON {
        do { return try JSON(parsing: text) } catch {
            throw KeptnError(.internalFailure, "the stored \(what) cannot be read: \(error)")
        }
    }
}

extension SQLiteStore: IntegrationLog {
    package func append(_ entries: [LogEntry], oldest: Timestamp, readUpTo position: Position?) async throws {
        try await write("lines of integrations") { db in
            for entry in entries where try !Self.isStored(entry, db) {
                try db.execute(
                    sql: """
                        INSERT INTO integration_logs (integration, time_ns, context, triggered_id, message, body)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        entry.integrationID, entry.time.nanoseconds, entry.context, entry.triggeredID, entry.message,
                        entry.json.text,
                    ])
            }
            try db.execute(sql: "DELETE FROM integration_logs WHERE time_ns < ?", arguments: [oldest.nanoseconds])
            if let position {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO integration_log_position (one, position) VALUES (1, ?)",
                    arguments: [position.value])
            }
        }
    }

    private static func isStored(_ entry: LogEntry, _ db: Database) throws -> Bool {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT time_ns, body FROM integration_logs
                    WHERE triggered_id = ? AND integration = ? AND context = ? AND message = ?
                    """),
            arguments: [entry.triggeredID, entry.integrationID, entry.context, entry.message])
        while let row = try rows.next() {
            let known = LogEntry(reading: try stored(row[1], "line"), time: Timestamp(nanoseconds: row[0]))
            if known.identity == entry.identity { return true }
        }
        return false
    }

    package func position() async throws -> Position {
        try await read("how far the log was read") { db in
            Position(try Int64.fetchOne(db, sql: "SELECT position FROM integration_log_position") ?? 0)
        }
    }

    package func entries(_ query: LogQuery) async throws -> LogPage {
        let conditions = query.conditions
        return try await read("lines of integrations") { db in
            let table = "FROM integration_logs WHERE \(conditions.sql)"
            let rows = try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT time_ns, body \(table) ORDER BY time_ns DESC, number DESC LIMIT ? OFFSET ?"),
                arguments: conditions.arguments + [max(query.limit, 0), max(query.offset, 0)])
            let total = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT COUNT(*) \(table)"), arguments: conditions.arguments)
            return LogPage(
                entries: try rows.map {
                    LogEntry(reading: try Self.stored($0[1], "line"), time: Timestamp(nanoseconds: $0[0]))
                },
                total: total ?? 0)
        }
    }
}

extension LogQuery {
    fileprivate var conditions: Conditions {
        var conditions = Conditions()
        conditions.equal("integration", integrationID)
        conditions.between("time_ns", after: from, before: before)
        return conditions
    }
}
