import CloudEvents
import FoundationEssentials
import GRDB
package import Ports

extension SQLiteStore: SessionStore {
    package func sessions() async throws -> [StoredSession] {
        try await read("the sessions") { db in
            try Row.fetchAll(
                db, sql: "SELECT hash, token, created_at, expires_at FROM sessions ORDER BY created_at, expires_at"
            ).map {
                StoredSession(
                    hash: Array($0[0] as Data), token: Array($0[1] as Data),
                    createdAt: Timestamp(nanoseconds: $0[2]), expiresAt: Timestamp(nanoseconds: $0[3]))
            }
        }
    }

    package func add(_ session: StoredSession) async throws {
        try await write("a session") { db in
            try db.execute(
                sql: "INSERT INTO sessions (hash, token, created_at, expires_at) VALUES (?, ?, ?, ?)",
                arguments: [
                    Data(session.hash), Data(session.token), session.createdAt.nanoseconds,
                    session.expiresAt.nanoseconds,
                ])
        }
    }

    package func deleteSessions(_ hashes: [[UInt8]]) async throws {
        try await write("the end of sessions") { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM sessions WHERE hash = ?")
            for hash in hashes { try statement.execute(arguments: [Data(hash)]) }
        }
    }
}
