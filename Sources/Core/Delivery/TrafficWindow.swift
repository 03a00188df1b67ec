package import CloudEvents

/// The traffic of one deployment as the built-in proxy saw it: the last hour by the second, and totals since the start.
///
/// One slot a second, in a ring that is allocated with the first request: 80 bytes a slot, 290 KB for the default hour,
/// and for each second with traffic its histogram (about 1 KB, 6.4 KB at most; 23 MB if every second of the hour had
/// both the fastest and the slowest requests).
package struct TrafficWindow: Sendable {
    /// Since the start.
    package private(set) var totals = TrafficTotals()
    /// How long a second can be asked for.
    package let secondsKept: Int

    private var slots: [Slot] = []
    /// The latest second that had a request.
    private var newest = Int64.min

    private struct Slot {
        var second = Int64.min
        var errors = 0
        var latencies = LatencyHistogram()
    }

    package init(secondsKept: Int = 3600) {
        self.secondsKept = max(secondsKept, 1)
    }

    /// Counts a request.
    ///
    /// - Parameters:
    ///   - time: When it ended. Its second's slot is taken from whatever second held it before, so that the clock may
    ///     be set back or forth without harm beyond the seconds concerned.
    ///   - milliseconds: How long it took.
    ///   - failed: Whether it counts as an error.
    package mutating func record(at time: Timestamp, milliseconds: Double, failed: Bool) {
        totals.record(milliseconds: milliseconds, failed: failed)
        if slots.isEmpty { slots = Array(repeating: Slot(), count: secondsKept) }
        let second = time.second
        let index = Int(second.modulo(Int64(secondsKept)))
        if slots[index].second != second {
            slots[index].second = second
            slots[index].errors = 0
            slots[index].latencies.removeAll()
        }
        slots[index].errors += failed ? 1 : 0
        slots[index].latencies.record(milliseconds: milliseconds)
        newest = max(newest, second)
    }

    /// What happened between two instants. A second that the window only cuts counts whole, as nothing finer is known;
    /// the throughput refers to the whole seconds too.
    ///
    /// - Parameter start: What happened before is not known; nil: nothing did. A second at the edge does not count.
    package func summary(from: Timestamp, to: Timestamp, knownSince start: Timestamp? = nil) -> TrafficSummary {
        guard from < to else { return TrafficSummary(seconds: 0) }
        let begin = from.second
        let end = to.nanoseconds > to.second * 1_000_000_000 ? to.second + 1 : to.second
        var summary = TrafficSummary(seconds: Int(end - begin))
        for slot in slots where (begin..<end).contains(slot.second) {
            summary.errors += slot.errors
            summary.latencies.merge(slot.latencies)
        }
        let isKept = newest == .min || begin > newest - Int64(secondsKept)
        summary.isComplete = isKept && start.map { $0 <= from + .seconds(1) } ?? true
        return summary
    }
}

/// The traffic in a window of whole seconds.
package struct TrafficSummary: Sendable, Hashable {
    package let seconds: Int
    package fileprivate(set) var errors = 0
    package fileprivate(set) var latencies = LatencyHistogram()
    /// False when the window begins before what is still kept: the figures are then those of its rest.
    package fileprivate(set) var isComplete = true

    fileprivate init(seconds: Int) { self.seconds = seconds }

    package var requests: Int { latencies.count }

    /// The part of the requests that failed, 0...1; nil without requests.
    package var errorRate: Double? { requests == 0 ? nil : Double(errors) / Double(requests) }

    package var throughputPerSecond: Double { seconds == 0 ? 0 : Double(requests) / Double(seconds) }

    /// The latency in milliseconds that the part `q` (0...1) of the requests did not exceed; nil without requests.
    package func latency(quantile q: Double) -> Double? { latencies.quantile(q) }
}

extension Timestamp {
    /// Whole seconds since 1970, rounded down.
    fileprivate var second: Int64 { (nanoseconds - nanoseconds.modulo(1_000_000_000)) / 1_000_000_000 }
}

extension Int64 {
    /// The remainder that is never negative, for a positive divisor.
    fileprivate func modulo(_ divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
