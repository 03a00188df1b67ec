/// Counters that only grow, in the form of Prometheus: requests, errors and a histogram of seconds.
package struct TrafficTotals: Sendable, Hashable {
    package private(set) var requests = 0
    package private(set) var errors = 0
    package private(set) var secondsSum = 0.0
    private var counts = Array(repeating: 0, count: bounds.count + 1)

    /// The upper bounds (`le`) of the histogram's buckets in seconds; one for everything follows them.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    package init() {}

    package mutating func record(milliseconds: Double, failed: Bool) {
        let seconds = milliseconds > 0 ? milliseconds / 1000 : 0
        requests += 1
        errors += failed ? 1 : 0
        secondsSum += seconds
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    }

    /// How many requests took at most so long; the last bucket's bound is infinity and its count all requests.
    package var buckets: [(le: Double, count: Int)] {
        var sum = 0
        return zip(Self.bounds + [.infinity], counts).map { bound, count in
            sum += count
            return (bound, sum)
        }
    }
}
