import CloudEvents
import Logging
import Ports
import Synchronization

/// Sends what the handlers of an integration have to say: one call at a time, each with all that has queued up since
/// the one before, in its order.
final class Outbox: Sendable {
    /// What goes out whole or not at all.
    private struct Parcel {
        var positions: [Int64] = []
        var passed: [Int64] = []
        var events: [CloudEvent] = []
        /// Nil when nobody waits.
        var sender: CheckedContinuation<Void, any Error>?

        /// About what it takes as JSON.
        var size: Int { events.reduce(0) { $0 + ($1.json?.bytes.count ?? 0) + 512 } }
    }

    private struct State {
        var queue: [Parcel] = []
        var arrivals: Int64 = 0
        var isClosed = false
        var subscription: (any EventSubscription)?
    }

    private static let parcelsMax = 256
    /// One call stays below the size that Keptn takes of one event.
    private static let bytesMax = 512 << 10

    private let state = Mutex(State())
    private let signal = PositionSignal()
    private let retry: Retry

    init(retry: Retry) { self.retry = retry }

    /// Sends and returns at once. A rejected event is logged.
    func post(settling positions: [Int64] = [], _ events: [CloudEvent]) {
        put(Parcel(positions: positions, events: events, sender: nil))
    }

    /// Sends and returns when it is durable. Throws `ControlPlaneError` when it was rejected, `CancellationError` when
    /// the outbox was stopped before.
    func send(settling positions: [Int64] = [], _ events: [CloudEvent]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            put(Parcel(positions: positions, events: events, sender: continuation))
        }
    }

    /// Says that nothing is done about an event. Throws as `send` does.
    func pass(over position: Int64) async throws {
        try await withCheckedThrowingContinuation { continuation in
            put(Parcel(passed: [position], sender: continuation))
        }
    }

    /// Takes nothing more; `run` returns when everything is out.
    func close() {
        let position = state.withLock { state in
            state.isClosed = true
            state.arrivals += 1
            return Position(state.arrivals)
        }
        signal.advance(to: position)
    }

    /// From now on everything goes this way. Called before anything is sent, and after every reconnection.
    func deliver(by subscription: any EventSubscription) {
        state.withLock { $0.subscription = subscription }
    }

    /// Sends what comes until the outbox is closed and empty, or the task is cancelled. Tries again for as long as
    /// Keptn is not available.
    func run() async {
        while let parcels = await nextParcels() { await send(parcels) }
        for parcel in closeAndEmpty() { parcel.sender?.resume(throwing: CancellationError()) }
    }

    private func put(_ parcel: Parcel) {
        let position: Position? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.queue.append(parcel)
            state.arrivals += 1
            return Position(state.arrivals)
        }
        guard let position else {
            parcel.sender?.resume(throwing: CancellationError())
            return
        }
        signal.advance(to: position)
    }

    /// As many as one call may carry; nil at the end.
    private func nextParcels() async -> [Parcel]? {
        while true {
            let (parcels, arrivals, isClosed) = state.withLock { state in
                var size = 0
                let fitting = state.queue.prefix(Self.parcelsMax).prefix { parcel in
                    size += parcel.size
                    return size <= Self.bytesMax
                }
                let count = min(max(fitting.count, 1), state.queue.count)
                let parcels = Array(state.queue.prefix(count))
                state.queue.removeFirst(count)
                return (parcels, state.arrivals, state.isClosed)
            }
            if !parcels.isEmpty { return parcels }
            if isClosed { return nil }
            do { try await signal.wait(for: Position(arrivals + 1)) } catch { return nil }
            // Whoever is about to say more gets to say it: the start and the end of a short task go out together.
            await Task.yield()
        }
    }

    private func send(_ parcels: [Parcel]) async {
        let positions = parcels.flatMap(\.positions)
        let passed = parcels.flatMap(\.passed)
        let events = parcels.flatMap(\.events)
        do {
            try await retry.untilAvailable("sending events") {
                let subscription = state.withLock { $0.subscription }
                if positions.isEmpty, events.isEmpty {
                    try await subscription?.pass(over: passed)
                } else {
                    try await subscription?.settle(positions + passed, sending: events)
                }
            }
            for parcel in parcels { parcel.sender?.resume() }
        } catch {
            if parcels.count > 1, !Task.isCancelled {
                // One of them is no good, and the others shall not suffer for it.
                for parcel in parcels { await send([parcel]) }
                return
            }
            for parcel in parcels {
                if parcel.sender == nil { retry.logger.error("an event was not sent", error: error) }
                parcel.sender?.resume(throwing: error)
            }
        }
    }

    private func closeAndEmpty() -> [Parcel] {
        state.withLock { state in
            state.isClosed = true
            defer { state.queue = [] }
            return state.queue
        }
    }
}

extension Logger {
    func error(_ message: Logger.Message, error: any Error) {
        self.error(message, metadata: ["error.message": "\(error)"])
    }
}
