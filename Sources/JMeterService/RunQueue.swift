import Synchronization

/// Lets so many run side by side, and the others wait in the order in which they came.
final class RunQueue: Sendable {
    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var running = 0
        var waiting: [Waiter] = []
        var nextNumber = 0
        /// Those who will wait, on their way into the queue; false for one who was cancelled on it.
        var arriving: [Int: Bool] = [:]
    }

    let width: Int
    private let state = Mutex(State())

    /// - Parameter width: How many run side by side; at least 1.
    init(width: Int) { self.width = max(1, width) }

    /// Runs the body when it is this caller's turn. Throws `CancellationError` when it is cancelled before.
    ///
    /// - Parameter onWait: Called before a wait, with how many run or wait already.
    func run<Value>(onWait: (Int) -> Void, _ body: () async throws -> Value) async throws -> Value {
        try await take(onWait)
        defer { give() }
        return try await body()
    }

    private func take(_ onWait: (Int) -> Void) async throws {
        let (number, before) = state.withLock { state -> (Int?, Int) in
            if state.running < width {
                state.running += 1
                return (nil, 0)
            }
            state.nextNumber += 1
            state.arriving[state.nextNumber] = true
            return (state.nextNumber, state.running + state.waiting.count)
        }
        guard let number else { return }
        onWait(before)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(Waiter(number: number, continuation: continuation))
            }
        } onCancel: {
            giveUp(number)
        }
    }

    private func enqueue(_ waiter: Waiter) {
        let answer: Result<Void, any Error>? = state.withLock { state in
            guard state.arriving.removeValue(forKey: waiter.number) == true else {
                return .failure(CancellationError())
            }
            // Somebody may have left since this one looked.
            if state.running < width {
                state.running += 1
                return .success(())
            }
            state.waiting.append(waiter)
            return nil
        }
        if let answer { waiter.continuation.resume(with: answer) }
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            if let index = state.waiting.firstIndex(where: { $0.number == number }) {
                return state.waiting.remove(at: index)
            }
            if state.arriving[number] != nil { state.arriving[number] = false }
            return nil
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// The place goes to whoever waits longest.
    private func give() {
        let next = state.withLock { state -> Waiter? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.continuation.resume()
    }
}
