import CloudEvents
import KeptnModel
import Synchronization

/// Those who have asked for a task and wait for its `.finished`.
final class Answers: Sendable {
    private let waiting = Mutex<[String: AsyncStream<CloudEvent>.Continuation]>([:])

    /// From now on the first answer to this id is kept for the caller, until it says `forget`.
    func expect(_ triggeredID: String) -> AsyncStream<CloudEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: CloudEvent.self, bufferingPolicy: .bufferingOldest(1))
        waiting.withLock { $0[triggeredID] = continuation }
        return stream
    }

    func forget(_ triggeredID: String) {
        waiting.withLock { _ = $0.removeValue(forKey: triggeredID) }
    }

    /// Hands an answer to who waits for it.
    func take(_ event: CloudEvent) {
        guard let id = event.triggeredID else { return }
        waiting.withLock { $0[id] }?.yield(event)
    }
}
