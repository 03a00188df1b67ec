import FoundationEssentials
import GRDB
import Logging
import Ports
import SQLiteStore
import TestSupport
import Testing

private typealias Contract = SecretStoreContract

@Suite("SecretStore", .timeLimit(.minutes(5)))
struct SecretStoreTests {
    enum Implementation: CaseIterable { case inMemory, sqlite }

    private static let key = [UInt8](0..<32)

    private func with(
        _ implementation: Implementation, _ body: (any SecretStore) async throws -> Void
    ) async throws {
        switch implementation {
        case .inMemory: try await body(InMemorySecretStore())
        case .sqlite:
            try await withSQLiteStore { store, _ in
                try await body(SQLiteSecretStore(store: store, key: Self.key))
            }
        }
    }

    @Test("Values come back as they went in", arguments: Implementation.allCases)
    func values(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.valuesComeBack($0) }
    }

    @Test("Names are unique inside a scope", arguments: Implementation.allCases)
    func names(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.namesAreUniqueInAScope($0) }
    }

    @Test("A secret is saved where the condition holds", arguments: Implementation.allCases)
    func conditions(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.conditionsHold($0) }
    }

    @Test("Of many who create a secret, one does", arguments: Implementation.allCases)
    func race(_ implementation: Implementation) async throws {
        try await with(implementation) { try await Contract.oneOfManyCreates($0) }
    }

    @Test("No value is in any file of the data folder, while the store is open and after it was closed")
    func sealed() async throws {
        try await withTemporaryFolder { folder in
            let plain = "correct horse battery staple"
            func filesWithValue() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
                    let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
                    return bytes.firstRange(of: Data(plain.utf8)) != nil
                }
            }
            let store = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            let secrets = try SQLiteSecretStore(store: store, key: Self.key)
            let name = SecretName("s", scope: "scope")
            try await secrets.save(["key": plain], as: name)
            #expect(try filesWithValue().isEmpty)
            try await store.close()
            #expect(try filesWithValue().isEmpty)
            // The search finds what is there.
            try Data(plain.utf8).write(to: URL(filePath: "\(folder)/plain"))
            #expect(try filesWithValue() == ["plain"])

            let again = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            #expect(try await SQLiteSecretStore(store: again, key: Self.key).values(of: name) == ["key": plain])
            let other = try SQLiteSecretStore(store: again, key: Self.key.reversed())
            let error = await #expect(throws: KeptnError.self) { try await other.values(of: name) }
            #expect(error?.message.contains("another secret.key") == true)
            try await again.close()
        }
    }

    @Test("Values that were moved to another name are refused")
    func moved() async throws {
        try await withTemporaryFolder { folder in
            let store = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            try await SQLiteSecretStore(store: store, key: Self.key).save(["k": "v"], as: SecretName("a", scope: "s"))
            try await store.close()
            let database = try DatabaseQueue(path: folder + "/keptn.db")
            try await database.write { try $0.execute(sql: "UPDATE secrets SET name = 'b'") }
            try database.close()
            let again = try await SQLiteStore.open(folder: folder, logger: Logger(label: "test"))
            let secrets = try SQLiteSecretStore(store: again, key: Self.key)
            let error = await #expect(throws: KeptnError.self) {
                try await secrets.values(of: SecretName("b", scope: "s"))
            }
            #expect(error?.message.contains("secret b of scope s") == true)
            try await again.close()
        }
    }

    @Test("A key has 32 bytes")
    func keyLength() async throws {
        try await withSQLiteStore { store, _ in
            let error = #expect(throws: KeptnError.self) { try SQLiteSecretStore(store: store, key: [1, 2, 3]) }
            #expect(error?.message.contains("3 bytes") == true)
        }
    }
}
