/// What becomes of an event that was posted to an endpoint.
package struct PushRetry: Sendable, Hashable {
    /// How an attempt ended.
    package enum Outcome: Sendable, Hashable {
        /// - Parameter retryAfter: The answer's `Retry-After` (RFC 9110 section 10.2.3).
        case answered(status: Int, retryAfter: Duration?)
        /// Nobody there, no answer in time, or a connection that broke.
        case unanswered(reason: String)
        /// The address is none.
        case impossible(reason: String)
    }

    package enum Verdict: Sendable, Hashable {
        case delivered
        case again(after: Duration, reason: String)
        /// Trying again does not help, or has not helped often enough.
        case failed(reason: String)
    }

    package var backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    /// Attempts to deliver one event before it is given up: about three minutes.
    package var attemptsMax = 8
    /// An endpoint cannot ask for more patience than this.
    package var patience = Duration.seconds(300)

    package init() {}

    /// - Parameters:
    ///   - attempt: How many attempts there were, with this one.
    ///   - random: 0 ..< 1.
    package func verdict(on outcome: Outcome, attempt: Int, random: Double) -> Verdict {
        let reason: String
        var wish: Duration?
        switch outcome {
        case .answered(200..<300, _): return .delivered
        case .answered(let status, let retryAfter):
            reason = "it answered \(status)"
            guard status >= 500 || [408, 425, 429].contains(status) else { return .failed(reason: reason) }
            wish = retryAfter
        case .unanswered(let why): reason = why
        case .impossible(let why): return .failed(reason: why)
        }
        guard attempt < attemptsMax else { return .failed(reason: "\(reason), at the last of \(attempt) attempts") }
        let wait = max(backoff.delay(attempt: attempt, random: random), wish ?? .zero)
        return .again(after: min(wait, patience), reason: reason)
    }
}
