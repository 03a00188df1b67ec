import CloudEvents
import Core
package import Ports
import Testing

/// What every implementation of `SessionStore` promises; it wants an empty store.
package enum SessionStoreContract {
    package static func sessionsComeAndGo(_ store: any SessionStore) async throws {
        let now = Timestamp(seconds: 1_700_000_000)
        func session(_ number: UInt8) -> StoredSession {
            StoredSession(
                hash: Array(repeating: number, count: 32),
                holder: number == 2
                    ? .person(name: "alice", issuer: "https://id", scopes: [.eventsRead, .projectsRead])
                    : .token(Array(repeating: 9, count: 32)),
                createdAt: now + .seconds(number), expiresAt: now + .seconds(100))
        }
        #expect(try await store.sessions().isEmpty)
        for number in [2, 1, 3] as [UInt8] { try await store.add(session(number)) }
        #expect(try await store.sessions() == [session(1), session(2), session(3)])
        try await store.deleteSessions([session(1).hash, session(3).hash, session(7).hash])
        #expect(try await store.sessions() == [session(2)])
        try await store.deleteSessions([])
    }
}
