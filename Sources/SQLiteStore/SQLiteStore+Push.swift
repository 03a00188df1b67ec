import CloudEvents
package import Core
import GRDB
package import Ports

extension SQLiteStore: PushStore {
    package func pushSubscriptions() async throws -> [PushSubscription] {
        try await read("push subscriptions") { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT name, body FROM push_subscriptions ORDER BY name"))
            return try rows.map { row in
                let name: String = row[0]
                do {
                    let body = try JSON(parsing: row[1] as String)
                    return try PushSubscription.reading(body, name: name, id: body["id"]?.stringValue ?? "").get()
                } catch {
                    throw KeptnError(.internalFailure, "the stored subscription '\(name)' cannot be read: \(error)")
                }
            }
        }
    }

    package func save(_ subscription: PushSubscription) async throws {
        try await write("a push subscription") { db in
            try db.execute(
                sql: """
                    INSERT INTO push_subscriptions (name, cursor, body) VALUES (?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, body = excluded.body
                    """, arguments: [subscription.name, subscription.cursorName, subscription.json.text])
        }
    }

    package func deletePushSubscription(_ name: String) async throws -> Bool {
        try await write("the end of a push subscription") { db in
            try db.execute(
                sql: "DELETE FROM subscriptions WHERE name IN (SELECT cursor FROM push_subscriptions WHERE name = ?)",
                arguments: [name])
            try db.execute(sql: "DELETE FROM push_subscriptions WHERE name = ?", arguments: [name])
            return db.changesCount > 0
        }
    }

    package func save(_ failure: FailedDelivery) async throws {
        try await write("a failed delivery") { db in
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO failed_deliveries (
                        subscription, seq, attempts, reason, failed_at, is_to_replay
                    ) SELECT name, ?, ?, ?, ?, 0 FROM push_subscriptions WHERE name = ?
                    """,
                arguments: [
                    failure.recorded.position.value, failure.attempts, failure.reason, failure.failedAt.nanoseconds,
                    failure.subscription,
                ])
        }
    }

    package func deleteFailure(of name: String, at position: Position) async throws -> Bool {
        try await write("the end of a failed delivery") { db in
            try db.execute(
                sql: "DELETE FROM failed_deliveries WHERE subscription = ? AND seq = ?",
                arguments: [name, position.value])
            return db.changesCount > 0
        }
    }

    package func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage {
        var conditions = Conditions()
        conditions.equal("subscription", name)
        return try await read("failed deliveries") { [conditions] db in
            let total = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT COUNT(*) FROM failed_deliveries WHERE \(conditions.sql)"),
                arguments: conditions.arguments)
            return FailurePage(
                failures: try Self.failures(conditions, offset: max(offset, 0), limit: limit, db), total: total ?? 0)
        }
    }

    package func failureCounts() async throws -> [String: Int] {
        try await read("the numbers of failed deliveries") { db in
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT subscription, COUNT(*) FROM failed_deliveries GROUP BY subscription"))
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
        }
    }

    package func requestReplay(of name: String, _ positions: [Position]?) async throws -> Int {
        var conditions = Conditions()
        conditions.add("subscription = ?", [name])
        if let positions {
            let list = JSON.array(positions.map { .integer($0.value) }).text
            conditions.add("seq IN (SELECT value FROM json_each(?))", [list])
        }
        return try await write("the wish for a replay") { [conditions] db in
            try db.execute(
                sql: "UPDATE failed_deliveries SET is_to_replay = 1 WHERE \(conditions.sql)",
                arguments: conditions.arguments)
            return db.changesCount
        }
    }

    package func failuresToReplay(of name: String, limit: Int) async throws -> [FailedDelivery] {
        var conditions = Conditions()
        conditions.add("is_to_replay = 1")
        conditions.add("subscription = ?", [name])
        return try await read("failed deliveries") { [conditions] db in
            try Self.failures(conditions, offset: 0, limit: limit, db)
        }
    }

    private static func failures(
        _ conditions: Conditions, offset: Int, limit: Int, _ db: Database
    ) throws -> [FailedDelivery] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT subscription, seq, attempts, reason, failed_at FROM failed_deliveries
                    WHERE \(conditions.sql) ORDER BY seq, subscription LIMIT ? OFFSET ?
                    """), arguments: conditions.arguments + [max(limit, 0), offset])
        return try rows.flatMap { row in
            try events(at: [row[1]], db).map { recorded in
                FailedDelivery(
                    subscription: row[0], recorded: recorded, attempts: row[2], reason: row[3],
                    failedAt: Timestamp(nanoseconds: row[4]))
            }
        }
    }
}
