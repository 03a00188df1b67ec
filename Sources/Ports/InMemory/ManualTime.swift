package import CloudEvents
import Synchronization

/// A clock that stands still until it is told to advance.
package final class ManualTime: TimeSource {
    private struct State {
        var now: Timestamp
        var nextID: UInt64 = 0
        var sleepers: [UInt64: Sleeper] = [:]
        var watchers: [UInt64: (count: Int, continuation: CheckedContinuation<Void, any Error>)] = [:]

        mutating func newID() -> UInt64 {
            nextID += 1
            return nextID
        }

        /// Takes out those who wait for no more sleepers than there are.
        mutating func satisfiedWatchers() -> [CheckedContinuation<Void, any Error>] {
            let satisfied = watchers.filter { $0.value.count <= sleepers.count }
            for id in satisfied.keys { watchers[id] = nil }
            return satisfied.values.map(\.continuation)
        }
    }

    private struct Sleeper {
        let until: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let state: Mutex<State>

    package init(_ now: Timestamp = Timestamp(seconds: 1_700_000_000)) {
        state = Mutex(State(now: now))
    }

    package var now: Timestamp { state.withLock { $0.now } }

    /// How many tasks are asleep.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the first of the sleepers wakes; nil when nobody sleeps.
    package var nextWake: Timestamp? { state.withLock { $0.sleepers.values.map(\.until).min() } }

    package func sleep(until instant: Timestamp) async throws {
        try Task.checkCancellation()
        let id = state.withLock { $0.newID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (goesOn, watchers) = state.withLock { state in
                    if instant <= state.now || Task.isCancelled {
                        return (true, [CheckedContinuation<Void, any Error>]())
                    }
                    state.sleepers[id] = Sleeper(until: instant, continuation: continuation)
                    return (false, state.satisfiedWatchers())
                }
                if goesOn { continuation.resume() }
                for watcher in watchers { watcher.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    package func advance(by duration: Duration) {
        advance(to: now + duration)
    }

    /// Sets the clock, never back, and wakes everybody whose time has come, the earliest first.
    package func advance(to instant: Timestamp) {
        let due = state.withLock { state in
            state.now = max(state.now, instant)
            let due = state.sleepers.filter { $0.value.until <= state.now }
                .sorted { ($0.value.until, $0.key) < ($1.value.until, $1.key) }
            for (id, _) in due { state.sleepers[id] = nil }
            return due.map(\.value.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Returns once at least `count` tasks are asleep. Throws `CancellationError` when cancelled.
    package func waitForSleepers(_ count: Int = 1) async throws {
        try Task.checkCancellation()
        let id = state.withLock { $0.newID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.sleepers.count >= count || Task.isCancelled { return true }
                    state.watchers[id] = (count, continuation)
                    return false
                }
                if goesOn { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            state.withLock { $0.watchers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// Identifiers that look like UUIDs and count: `00000000-0000-7000-8000-000000000001` and so on.
package final class SequentialIDs: IDSource {
    private let last: Mutex<UInt64>

    package init(after last: UInt64 = 0) {
        self.last = Mutex(last)
    }

    package func newID() -> String {
        let number = last.withLock { last in
            last += 1
            return last
        }
        return uuid(high: 0x7000, low: 0x8000_0000_0000_0000 | number)
    }
}
