/// Which secret: names are unique inside a scope.
package struct SecretName: Sendable, Hashable {
    package var name: String
    package var scope: String

    package init(_ name: String, scope: String) {
        self.name = name
        self.scope = scope
    }
}

/// Secrets: small maps of text, encrypted wherever they are kept. Only components that need a value ask for it;
/// it never goes out again through the API (K §2.12).
package protocol SecretStore: Sendable {
    /// All secrets with the names of their keys, sorted by scope and name.
    func secrets() async throws -> [(secret: SecretName, keys: [String])]
    /// The values by key; nil when there is no such secret.
    func values(of secret: SecretName) async throws -> [String: String]?
    /// Keeps these values instead of all that the secret had. False, and nothing changes, when the condition does not
    /// hold.
    func save(
        _ values: [String: String], as secret: SecretName, if condition: SecretCondition
    ) async throws -> Bool
    /// False when there was none.
    @discardableResult
    func delete(_ secret: SecretName) async throws -> Bool
}

/// What has to be true for a secret to be saved.
package enum SecretCondition: Sendable, CaseIterable { case always, isNew, isKnown }

extension SecretStore {
    /// Keeps a secret that is new, or replaces all values of the one of this name.
    package func save(_ values: [String: String], as secret: SecretName) async throws {
        _ = try await save(values, as: secret, if: .always)
    }
}
