package import CloudEvents
import Synchronization

/// What was last computed for `/metrics`. One request at a time computes, the others get what is known; and so seldom
/// that it takes a twentieth of the time at most, however many runs there are.
package final class FiguresCache: Sendable {
    private struct State {
        var text = ""
        var validUntil: Timestamp?
        var isBeingComputed = false
    }

    private static let ageMin = Duration.seconds(60)
    private static let restFactor = 20
    private let state = Mutex(State())

    package init() {}

    /// What is known, fresh or not.
    package var text: String { state.withLock { $0.text } }

    /// Whether the caller has to compute it, and call `end`.
    package func begins(at now: Timestamp) -> Bool {
        state.withLock { state in
            guard !state.isBeingComputed, state.validUntil.map({ $0 <= now }) ?? true else { return false }
            state.isBeingComputed = true
            return true
        }
    }

    /// - Parameter text: Nil where it could not be told: the next one tries again.
    package func end(with text: String?, at now: Timestamp, after duration: Duration) {
        state.withLock { state in
            state.isBeingComputed = false
            state.text = Self.metrics(text)
            state.validUntil = text.map { _ in now + max(Self.ageMin, duration * Self.restFactor) }
        }
    }

    package static func metrics(_ text: String?) -> String {
        "# HELP keptn_dora_up Whether the figures of delivery could be computed.\n# TYPE keptn_dora_up gauge\n"
            + "keptn_dora_up \(text == nil ? 0 : 1)\n" + (text ?? "")
    }
}
