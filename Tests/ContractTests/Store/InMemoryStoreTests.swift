import CloudEvents
import Ports
import TestSupport
import Testing

private typealias Contract = StoreContract

/// What the store in memory adds for the simulation: crashes at the two instants that matter, and restarts.
@Suite("InMemoryStore")
struct InMemoryStoreTests {
    private struct Crash: Error {}

    @Test("A crash before the commit leaves nothing behind")
    func crashBefore() async throws {
        let store = InMemoryStore(beforeCommit: { if $0.events.first?.id == "b" { throw Crash() } })
        try await store.append([Contract.event("a")])
        await #expect(throws: Crash.self) { try await store.append([Contract.event("b")]) }
        #expect(try await store.events(after: .start, limit: 10).map(\.event.id) == ["a"])
    }

    @Test("A crash after the commit has stored everything")
    func crashAfter() async throws {
        let store = InMemoryStore(afterCommit: { _ in throw Crash() })
        await #expect(throws: Crash.self) { try await store.append([Contract.event("a")]) }
        #expect(try await store.events(after: .start, limit: 10).map(\.event.id) == ["a"])
        try await store.waitForEvents(after: .start)
    }

    @Test("A store can begin where another one was")
    func restart() async throws {
        let before = InMemoryStore()
        try await before.append([Contract.event("a")])
        try await Contract.save(Contract.execution("x"), in: before)
        let snapshot = before.snapshot()
        try await before.append([Contract.event("lost")])

        let after = InMemoryStore(snapshot: snapshot)
        #expect(try await after.head() == Position(1))
        try await after.waitForEvents(after: .start)
        #expect(try await after.openExecutions(in: Contract.place).map(\.version) == [1])
        let receipts = try await after.append([Contract.event("a"), Contract.event("b")])
        #expect(receipts.map(\.isNew) == [false, true])
    }
}
