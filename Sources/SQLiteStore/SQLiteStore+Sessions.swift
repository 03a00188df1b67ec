import CloudEvents
import Core
import FoundationEssentials
import GRDB
package import Ports

extension SQLiteStore: SessionStore {
    package func sessions() async throws -> [StoredSession] {
        try await read("the sessions") { db in
            try Row.fetchAll(db, sql: "SELECT * FROM sessions ORDER BY created_at, expires_at")
                .map { try StoredSession($0) }
        }
    }

    package func add(_ session: StoredSession) async throws {
        try await write("a session") { db in
            try db.execute(
                sql: """
                    INSERT INTO sessions (hash, token, name, issuer, scopes, created_at, expires_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """, arguments: session.row)
        }
    }

    package func deleteSessions(_ hashes: [[UInt8]]) async throws {
        try await write("the end of sessions") { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM sessions WHERE hash = ?")
            for hash in hashes { try statement.execute(arguments: [Data(hash)]) }
        }
    }
}

extension StoredSession {
    /// All columns, in the order of the table.
    fileprivate var row: StatementArguments {
        let (start, end) = (createdAt.nanoseconds, expiresAt.nanoseconds)
        switch holder {
        case .token(let token): return [Data(hash), Data(token), nil, nil, nil, start, end]
        case .person(let name, let issuer, let scopes):
            let list = TextList.write(scopes.inOrder.map(\.rawValue))
            return [Data(hash), nil, name, issuer, list, start, end]
        }
    }

    fileprivate init(_ row: Row) throws {
        let holder: Holder
        if let token = row["token"] as Data? {
            holder = .token(Array(token))
        } else {
            let scopes = try TextList.read(row["scopes"]).compactMap(AccessScope.init)
            holder = .person(name: row["name"], issuer: row["issuer"], scopes: Set(scopes))
        }
        self.init(
            hash: Array(row["hash"] as Data), holder: holder, createdAt: Timestamp(nanoseconds: row["created_at"]),
            expiresAt: Timestamp(nanoseconds: row["expires_at"]))
    }
}
