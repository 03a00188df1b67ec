import Synchronization

/// A position that only grows, and those who wait until it has come far enough.
package final class PositionSignal: Sendable {
    private struct State {
        var position: Position
        var nextID: UInt64 = 0
        var waiters: [UInt64: (wanted: Position, continuation: CheckedContinuation<Void, any Error>)] = [:]
    }

    private let state: Mutex<State>

    package init(at position: Position = .start) {
        state = Mutex(State(position: position))
    }

    package var position: Position { state.withLock { $0.position } }

    /// Wakes everybody who waits for this position or an earlier one. A smaller position changes nothing.
    package func advance(to position: Position) {
        let reached = state.withLock { state in
            guard position > state.position else { return [CheckedContinuation<Void, any Error>]() }
            state.position = position
            let ready = state.waiters.filter { $0.value.wanted <= position }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in reached { continuation.resume() }
    }

    /// Returns once the position is at least `wanted`. Throws `CancellationError` when cancelled.
    package func wait(for wanted: Position) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReached = state.withLock { state in
                    if state.position >= wanted || Task.isCancelled { return true }
                    state.waiters[id] = (wanted, continuation)
                    return false
                }
                if isReached { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}
