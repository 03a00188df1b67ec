/// How long to wait before trying again: twice as long each time, up to a limit, and each time a random part of that,
/// so that those who failed together do not come back together.
package struct Backoff: Sendable, Hashable {
    package var first: Duration
    package var longest: Duration

    package init(first: Duration = .milliseconds(50), longest: Duration = .seconds(5)) {
        self.first = first
        self.longest = longest
    }

    /// The wait before another attempt, between half of its full length and all of it.
    ///
    /// - Parameters:
    ///   - attempt: How many attempts have failed, counted from 1.
    ///   - random: 0 ..< 1.
    package func delay(attempt: Int, random: Double) -> Duration {
        // 2³⁰ times anything sensible is beyond every limit.
        let full = min(first * (1 << min(max(attempt, 1) - 1, 30)), longest)
        return full * (0.5 + random / 2)
    }
}
