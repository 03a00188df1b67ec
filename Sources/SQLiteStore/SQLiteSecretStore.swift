import CloudEvents
import Crypto
import FoundationEssentials
import GRDB
package import Ports

/// Secrets in the store, each sealed with AES-GCM under a key that lies elsewhere; whoever has the database alone has
/// names only.
package struct SQLiteSecretStore: SecretStore {
    private let store: SQLiteStore
    private let key: SymmetricKey

    /// - Parameter key: 32 bytes; throws for any other length.
    package init(store: SQLiteStore, key: [UInt8]) throws {
        guard key.count == 32 else {
            throw KeptnError(.invalidInput, "the key of the secrets has \(key.count) bytes; it has to have 32")
        }
        self.store = store
        self.key = SymmetricKey(data: key)
    }

    package func secrets() async throws -> [(secret: SecretName, keys: [String])] {
        try await store.read("the names of secrets") { db in
            try Row.fetchAll(db, sql: "SELECT name, scope, keys FROM secrets ORDER BY scope, name").map { row in
                (SecretName(row[0], scope: row[1]), try TextList.read(row[2]))
            }
        }
    }

    package func values(of secret: SecretName) async throws -> [String: String]? {
        let sealed = try await store.read("a secret") { db in
            try Data.fetchOne(
                db, sql: "SELECT sealed FROM secrets WHERE scope = ? AND name = ?",
                arguments: [secret.scope, secret.name])
        }
        return try sealed.map { try open($0, of: secret) }
    }

    package func save(
        _ values: [String: String], as secret: SecretName, if condition: SecretCondition
    ) async throws -> Bool {
        let sealed = try seal(values, as: secret)
        let keys = TextList.write(values.keys.sorted())
        let insert = "INSERT INTO secrets (keys, sealed, scope, name) VALUES (?, ?, ?, ?)"
        let sql =
            switch condition {
            case .always: insert + " ON CONFLICT DO UPDATE SET keys = excluded.keys, sealed = excluded.sealed"
            case .isNew: insert + " ON CONFLICT DO NOTHING"
            case .isKnown: "UPDATE secrets SET keys = ?, sealed = ? WHERE scope = ? AND name = ?"
            }
        return try await store.write("a secret") { db in
            try db.execute(sql: sql, arguments: [keys, sealed, secret.scope, secret.name])
            return db.changesCount > 0
        }
    }

    package func delete(_ secret: SecretName) async throws -> Bool {
        try await store.write("a secret") { db in
            try db.execute(
                sql: "DELETE FROM secrets WHERE scope = ? AND name = ?", arguments: [secret.scope, secret.name])
            return db.changesCount > 0
        }
    }

    // MARK: - Sealing

    /// The name is sealed with the values, so that nobody can give a secret the values of another one.
    private func seal(_ values: [String: String], as secret: SecretName) throws -> Data {
        let text = JSON.object(values.mapValues { .string($0) })
        let box = try AES.GCM.seal(Data(text.bytes), using: key, authenticating: Self.seal(of: secret))
        guard let sealed = box.combined else {
            throw KeptnError(.internalFailure, "a secret was sealed with a nonce of an unusual length")
        }
        return sealed
    }

    private func open(_ sealed: Data, of secret: SecretName) throws -> [String: String] {
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            let text = try JSON(
                parsing: Array(AES.GCM.open(box, using: key, authenticating: Self.seal(of: secret))))
            return text.members.reduce(into: [:]) { $0[$1.key] = $1.value.stringValue }
        } catch {
            throw KeptnError(
                .internalFailure,
                "secret \(secret.name) of scope \(secret.scope) cannot be decrypted: it was stored with another "
                    + "secret.key, or it was changed")
        }
    }

    private static func seal(of secret: SecretName) -> Data {
        Data(JSON.array([.string(secret.scope), .string(secret.name)]).bytes)
    }
}

/// Several texts in one column, as a JSON array.
enum TextList {
    static func write(_ texts: [String]) -> String { JSON.array(texts.map { .string($0) }).text }
    static func read(_ column: String) throws -> [String] {
        try JSON(parsing: column).elements.compactMap(\.stringValue)
    }
}
