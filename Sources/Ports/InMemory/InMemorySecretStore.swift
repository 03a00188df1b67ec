import Synchronization

/// Secrets for tests.
package final class InMemorySecretStore: SecretStore {
    private let stored = Mutex<[SecretName: [String: String]]>([:])
    private let damaged = Mutex<Set<SecretName>>([])
    private let beforeDeletion = Mutex<(@Sendable () throws -> Void)?>(nil)

    package init() {}

    /// Makes its values unreadable until it is saved again, as those are that were sealed under another key.
    package func damage(_ secret: SecretName) { damaged.withLock { _ = $0.insert(secret) } }

    /// What happens before a secret is deleted, which an error of it prevents.
    package func beforeDeletion(_ event: (@Sendable () throws -> Void)?) { beforeDeletion.withLock { $0 = event } }

    package func secrets() async throws -> [(secret: SecretName, keys: [String])] {
        stored.withLock { $0 }
            .map { (secret: $0.key, keys: $0.value.keys.sorted()) }
            .sorted { ($0.secret.scope, $0.secret.name) < ($1.secret.scope, $1.secret.name) }
    }

    package func values(of secret: SecretName) async throws -> [String: String]? {
        guard !damaged.withLock({ $0.contains(secret) }) else {
            throw KeptnError(.internalFailure, "secret \(secret.name) of scope \(secret.scope) cannot be decrypted")
        }
        return stored.withLock { $0[secret] }
    }

    package func save(
        _ values: [String: String], as secret: SecretName, if condition: SecretCondition
    ) async throws -> Bool {
        stored.withLock { stored in
            let isKnown = stored[secret] != nil
            guard condition == .always || (condition == .isKnown) == isKnown else { return false }
            stored[secret] = values
            damaged.withLock { _ = $0.remove(secret) }
            return true
        }
    }

    package func delete(_ secret: SecretName) async throws -> Bool {
        try beforeDeletion.withLock { $0 }?()
        damaged.withLock { _ = $0.remove(secret) }
        return stored.withLock { $0.removeValue(forKey: secret) } != nil
    }
}
