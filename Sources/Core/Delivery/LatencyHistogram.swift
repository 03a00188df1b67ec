/// Latencies in buckets that grow with the value, so that any quantile is found with an error of at most 1/64 (1.6 %).
///
/// Each power of two from 1/32 ms (31 µs) to 2²⁰ ms (17.5 min) is divided into 64 equal buckets: log-linear, as in
/// HdrHistogram. What is smaller counts into the first bucket, what is larger as 17.5 min. Only the range of buckets in
/// use is stored, 4 bytes each (so at most four thousand million requests in one bucket): about 1 KB when the slowest
/// request takes ten times as long as the fastest, 6.4 KB at most.
package struct LatencyHistogram: Sendable, Hashable {
    package private(set) var count = 0
    /// In milliseconds; exact, as `minimum` and `maximum`.
    package private(set) var sum = 0.0
    package private(set) var minimum: Double?
    package private(set) var maximum: Double?

    /// The bucket that `counts` begins with.
    private var first = 0
    private var counts: [UInt32] = []

    package init() {}

    /// Negative values and those that are no number count as 0, those beyond the last bucket as its end.
    package mutating func record(milliseconds: Double) {
        let value = milliseconds > 0 ? min(milliseconds, Self.limit) : 0
        let bucket = Self.bucket(of: value)
        cover(bucket...bucket)
        counts[bucket - first] += 1
        count += 1
        sum += value
        minimum = min(minimum ?? value, value)
        maximum = max(maximum ?? value, value)
    }

    package mutating func record(_ latency: Duration) {
        record(milliseconds: latency / .milliseconds(1))
    }

    package mutating func merge(_ other: LatencyHistogram) {
        guard other.count > 0 else { return }
        cover(other.first...(other.first + other.counts.count - 1))
        for (offset, number) in other.counts.enumerated() {
            counts[other.first - first + offset] += number
        }
        count += other.count
        sum += other.sum
        minimum = min(minimum ?? .infinity, other.minimum ?? .infinity)
        maximum = max(maximum ?? 0, other.maximum ?? 0)
    }

    /// Forgets everything, but keeps the memory for what comes.
    package mutating func removeAll() {
        self = LatencyHistogram(reusing: counts)
    }

    /// The latency in milliseconds that the part `q` (0...1) of the requests did not exceed, interpolated within its
    /// bucket; nil without requests. `quantile(0)` and `quantile(1)` are exact.
    package func quantile(_ q: Double) -> Double? {
        guard let minimum, let maximum else { return nil }
        let rank = min(max(q, 0), 1) * Double(count)
        var before = 0.0
        for (offset, number) in counts.enumerated() where number > 0 {
            let after = before + Double(number)
            if rank <= after {
                let bounds = Self.bounds(of: first + offset)
                let share = (rank - before) / Double(number)
                let value = bounds.lowerBound + share * (bounds.upperBound - bounds.lowerBound)
                return min(max(value, minimum), maximum)
            }
            before = after
        }
        return maximum
    }

    // MARK: Buckets

    private static let exponents = -5...19
    private static let perOctave = 64
    private static let limit = 0x1p20
    private static let last = exponents.count * perOctave - 1

    /// The exponent and the first six bits of the fraction of a Double are the number of its bucket.
    private static func bucket(of value: Double) -> Int {
        Int(min(max(Int64(value.bitPattern >> 46) - origin, 0), Int64(last)))
    }

    private static func bounds(of bucket: Int) -> ClosedRange<Double> {
        let lower = Double(bitPattern: UInt64(Int64(bucket) + origin) << 46)
        return lower...Double(bitPattern: UInt64(Int64(bucket) + 1 + origin) << 46)
    }

    /// `bitPattern >> 46` of the smallest value that has a bucket of its own.
    private static let origin = Int64(0x1p-5.bitPattern >> 46)

    private init(reusing storage: [UInt32]) {
        counts = storage
        counts.removeAll(keepingCapacity: true)
    }

    private mutating func cover(_ buckets: ClosedRange<Int>) {
        if counts.isEmpty { first = buckets.lowerBound }
        if buckets.lowerBound < first {
            counts.insert(contentsOf: repeatElement(0, count: first - buckets.lowerBound), at: 0)
            first = buckets.lowerBound
        }
        let missing = buckets.upperBound - first + 1 - counts.count
        if missing > 0 { counts.append(contentsOf: repeatElement(0, count: missing)) }
    }
}
