import CloudEvents
import Core
package import Ports
import Testing

/// What every implementation of `TokenStore` promises; each function wants an empty store.
package enum TokenStoreContract {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private static func token(_ name: String, _ number: UInt8, _ grant: Grant = .admin) -> StoredToken {
        StoredToken(name: name, hash: Array(repeating: number, count: 32), grant: grant, createdAt: now)
    }

    package static func tokensComeBack(_ store: any TokenStore) async throws {
        #expect(try await store.tokens().isEmpty)
        var full = token(
            "b", 1, Grant(scopes: [.eventsRead, .logsWrite], projects: ["shop", "bank"], expiresAt: now + .seconds(9)))
        full.lastUsedAt = now + .nanoseconds(1)
        let others = [token("c", 2), token("a", 3, Grant(scopes: [], projects: []))]
        for one in [full] + others { #expect(try await store.add(one)) }
        #expect(try await store.tokens() == [others[1], full, others[0]])
    }

    package static func namesAreUnique(_ store: any TokenStore) async throws {
        #expect(try await store.add(token("a", 1)))
        #expect(try await !store.add(token("a", 2)))
        #expect(try await store.tokens() == [token("a", 1)])
    }

    package static func tokensAreReplacedAndDeleted(_ store: any TokenStore) async throws {
        let (old, new) = (token("a", 1), token("a", 2, Grant(scopes: [.eventsRead], expiresAt: now)))
        #expect(try await !store.replace(old.hash, by: new))
        #expect(try await store.add(old))
        #expect(try await store.add(token("b", 3)))
        #expect(try await store.replace(old.hash, by: new))
        #expect(try await !store.replace(old.hash, by: new))
        #expect(try await store.tokens() == [new, token("b", 3)])
        #expect(try await !store.delete(old.hash))
        #expect(try await store.delete(new.hash))
        #expect(try await store.tokens() == [token("b", 3)])
    }

    package static func usesAreNoted(_ store: any TokenStore) async throws {
        for number in [1, 2, 3] as [UInt8] { #expect(try await store.add(token("\(number)", number))) }
        let uses = Dictionary(
            uniqueKeysWithValues: [1, 3, 9].map { number in
                (token("", number).hash, now + .seconds(number))
            })
        try await store.noteUses(uses)
        #expect(try await store.tokens().map(\.lastUsedAt) == [now + .seconds(1), nil, now + .seconds(3)])
        try await store.noteUses([:])
    }
}
