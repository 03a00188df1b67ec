package import CloudEvents
import Core
import FoundationEssentials
import GRDB
package import Ports

extension SQLiteStore: TokenStore {
    package func tokens() async throws -> [StoredToken] {
        try await read("the API tokens") { db in
            try Row.fetchAll(db, sql: "SELECT * FROM tokens ORDER BY name").map { try StoredToken($0) }
        }
    }

    package func add(_ token: StoredToken) async throws -> Bool {
        try await write("an API token") { db in
            try db.execute(
                sql: """
                    INSERT INTO tokens (name, hash, scopes, projects, created_at, expires_at, last_used_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
                    """, arguments: token.row)
            return db.changesCount > 0
        }
    }

    package func replace(_ hash: [UInt8], by token: StoredToken) async throws -> Bool {
        try await write("an API token") { db in
            try db.execute(
                sql: """
                    UPDATE tokens SET name = ?, hash = ?, scopes = ?, projects = ?, created_at = ?, expires_at = ?,
                    last_used_at = ? WHERE hash = ?
                    """, arguments: token.row + [Data(hash)])
            return db.changesCount > 0
        }
    }

    package func delete(_ hash: [UInt8]) async throws -> Bool {
        try await write("the end of an API token") { db in
            try db.execute(sql: "DELETE FROM tokens WHERE hash = ?", arguments: [Data(hash)])
            return db.changesCount > 0
        }
    }

    package func noteUses(_ uses: [[UInt8]: Timestamp]) async throws {
        try await write("the last uses of API tokens") { db in
            let statement = try db.cachedStatement(sql: "UPDATE tokens SET last_used_at = ? WHERE hash = ?")
            for (hash, time) in uses { try statement.execute(arguments: [time.nanoseconds, Data(hash)]) }
        }
    }
}

extension StoredToken {
    /// All columns, in the order of the table.
    fileprivate var row: StatementArguments {
        [
            name, Data(hash), TextList.write(grant.scopes.inOrder.map(\.rawValue)),
            grant.projects.map { TextList.write($0.sorted()) }, createdAt.nanoseconds,
            grant.expiresAt?.nanoseconds, lastUsedAt?.nanoseconds,
        ]
    }

    fileprivate init(_ row: Row) throws {
        let scopes = try TextList.read(row["scopes"]).compactMap(AccessScope.init)
        let projects = (row["projects"] as String?).map { text in Result { Set(try TextList.read(text)) } }
        func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map(Timestamp.init(nanoseconds:)) }
        self.init(
            name: row["name"], hash: Array(row["hash"] as Data),
            grant: Grant(scopes: Set(scopes), projects: try projects?.get(), expiresAt: time("expires_at")),
            createdAt: Timestamp(nanoseconds: row["created_at"]), lastUsedAt: time("last_used_at"))
    }
}
