import CloudEvents
import KeptnModel
import Synchronization

/// Which sequences were aborted, for those who work on one of their tasks.
final class SequenceAborts: Sendable {
    /// A stage's sequences of one run: all of them end when it is aborted there.
    private struct Place: Hashable {
        let context: String
        let scope: Scope
    }

    private struct State {
        /// Where in the log the last abort of a place stands, oldest first.
        var aborted: [(place: Place, position: Int64)] = []
        var waiting: [Int: (place: Place, position: Int64, end: AsyncStream<Void>.Continuation)] = [:]
        var lastID = 0
    }

    /// Aborts that are remembered, for tasks that arrive later than the abort of their sequence.
    private static let rememberedMax = 1024

    private let state = Mutex(State())

    /// Takes a sequence's `.finished` event (K §2.3.6: an abort is one with the status `aborted`).
    func take(_ received: ReceivedEvent) {
        let event = received.event
        guard case .sequence(_, _, .finished)? = event.eventType, let data = event.keptnData,
            data.status == KeptnStatus.aborted.rawValue, let scope = data.scope, let context = event.keptnContext
        else { return }
        let place = Place(context: context, scope: scope)
        state.withLock { state in
            state.aborted.append((place, received.position))
            if state.aborted.count > Self.rememberedMax { state.aborted.removeFirst() }
            for waiter in state.waiting.values where waiter.place == place && waiter.position < received.position {
                waiter.end.finish()
            }
        }
    }

    /// Does the work, cancelled when the task's sequence is aborted; nil when that happened before the work was done.
    /// After an abort nothing is begun.
    ///
    /// - Parameter position: Of the task's `.triggered` event: an earlier abort was another sequence's.
    func unlessAborted<Value: Sendable>(
        _ task: TaskContext, at position: Int64, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        guard let (id, end) = expect(Place(context: task.contextID, scope: task.scope), after: position) else {
            return nil
        }
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: id) } }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in end {}
                try Task.checkCancellation()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Nil when it was aborted already.
    private func expect(_ place: Place, after position: Int64) -> (id: Int, end: AsyncStream<Void>)? {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return state.withLock { state in
            if state.aborted.contains(where: { $0.place == place && $0.position > position }) { return nil }
            state.lastID += 1
            state.waiting[state.lastID] = (place, position, continuation)
            return (state.lastID, stream)
        }
    }
}
