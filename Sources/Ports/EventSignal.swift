import Synchronization

/// The head of a log, and those who wait for events behind it that concern them.
package final class EventSignal: Sendable {
    /// Whoever is so far behind is woken although nothing concerned him, so that he reads what is still in memory.
    package static let skippedMax: Int64 = 1024

    private struct Waiter {
        let after: Position
        let isWanted: @Sendable (RecordedEvent) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var head: Position
        var nextID: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
    }

    private let state: Mutex<State>

    package init(at head: Position) { state = Mutex(State(head: head)) }

    package var head: Position { state.withLock { $0.head } }

    /// Takes the next events of the log and wakes everybody whom one of them concerns.
    package func advance(with events: [RecordedEvent]) {
        guard let last = events.last?.position else { return }
        let reached = state.withLock { state in
            state.head = max(state.head, last)
            let ready = state.waiters.compactMap { id, waiter in
                let isWoken =
                    last.value - waiter.after.value > Self.skippedMax || events.contains(where: waiter.isWanted)
                return isWoken ? id : nil
            }
            return ready.compactMap { state.waiters.removeValue(forKey: $0)?.continuation }
        }
        for continuation in reached { continuation.resume() }
    }

    /// Returns at once when there is anything behind the position already, and else when something wanted comes.
    /// Throws `CancellationError` when cancelled.
    package func wait(
        after position: Position, matching isWanted: @escaping @Sendable (RecordedEvent) -> Bool
    ) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.head > position || Task.isCancelled { return true }
                    state.waiters[id] = Waiter(after: position, isWanted: isWanted, continuation: continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}
