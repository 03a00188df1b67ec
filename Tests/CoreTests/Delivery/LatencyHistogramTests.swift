import TestSupport
import Testing

@testable import Core

@Suite("Latency histogram")
struct LatencyHistogramTests {
    /// The smallest sample that at least the part `q` does not exceed.
    private static func exact(_ q: Double, of sorted: [Double]) -> Double {
        sorted[max(Int((q * Double(sorted.count)).rounded(.up)), 1) - 1]
    }

    private static let quantiles = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]

    /// Latencies from 0.05 ms to 10 min, all magnitudes alike.
    private static func sample(_ random: inout SplitMix64) -> Double {
        var value = Double.random(in: 0.05...0.1, using: &random)
        for _ in 0..<Int.random(in: 0...22, using: &random) { value *= 2 }
        return min(value, 600_000)
    }

    @Test("Quantiles are within 1/64 of the exact ones", arguments: [1, 2, 3, 10, 100, 5000])
    func errorBound(count: Int) throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var histogram = LatencyHistogram()
            let samples = (0..<count).map { _ in Self.sample(&random) }
            for sample in samples { histogram.record(milliseconds: sample) }
            let sorted = samples.sorted()
            for q in Self.quantiles {
                let expected = Self.exact(q, of: sorted)
                let found = try #require(histogram.quantile(q))
                #expect(abs(found - expected) <= expected / 64, "q \(q), seed \(seed)")
            }
            #expect(histogram.quantile(0) == sorted.first)
            #expect(histogram.quantile(1) == sorted.last)
            #expect(histogram.count == count)
        }
    }

    @Test("Merged histograms equal one of all samples")
    func merge() {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var parts = Array(repeating: LatencyHistogram(), count: 4)
            var whole = LatencyHistogram()
            for _ in 0..<Int.random(in: 0...300, using: &random) {
                let sample = Self.sample(&random)
                parts[Int.random(in: 0..<3, using: &random)].record(milliseconds: sample)
                whole.record(milliseconds: sample)
            }
            var merged = LatencyHistogram()
            for part in parts { merged.merge(part) }
            #expect(merged.count == whole.count)
            #expect(abs(merged.sum - whole.sum) <= whole.sum * 1e-12)
            for q in Self.quantiles { #expect(merged.quantile(q) == whole.quantile(q), "q \(q), seed \(seed)") }
        }
    }

    @Test("Quantiles grow with q")
    func monotonic() throws {
        var random = SplitMix64(seed: 3)
        var histogram = LatencyHistogram()
        for _ in 0..<500 { histogram.record(milliseconds: Self.sample(&random)) }
        var last = 0.0
        for step in 0...1000 {
            let value = try #require(histogram.quantile(Double(step) / 1000))
            #expect(value >= last)
            last = value
        }
    }

    @Test("Without requests there is no quantile")
    func empty() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
        #expect(LatencyHistogram().minimum == nil)
    }

    @Test("What is outside the buckets stays finite", arguments: [-1, 0, 1e-9, 1e12, .infinity, -.infinity, .nan])
    func outside(milliseconds: Double) throws {
        var histogram = LatencyHistogram()
        histogram.record(milliseconds: milliseconds)
        let value = try #require(histogram.quantile(0.5))
        #expect(value == (milliseconds > 1 ? 0x1p20 : max(0, milliseconds.isNaN ? 0 : milliseconds)))
        #expect(histogram.sum.isFinite)
    }

    @Test("Durations count in milliseconds")
    func durations() {
        var histogram = LatencyHistogram()
        histogram.record(.microseconds(1500))
        #expect(histogram.quantile(1) == 1.5)
    }

    @Test("Quantiles beyond 0 and 1 are those")
    func clampedQuantile() {
        var histogram = LatencyHistogram()
        for value in [1.0, 2, 3] { histogram.record(milliseconds: value) }
        #expect(histogram.quantile(-1) == 1)
        #expect(histogram.quantile(2) == 3)
    }

    @Test("An emptied histogram equals a new one in all that it says")
    func removeAll() {
        var histogram = LatencyHistogram()
        histogram.record(milliseconds: 500)
        histogram.removeAll()
        #expect(histogram == LatencyHistogram())
        histogram.record(milliseconds: 2)
        #expect(histogram.quantile(0.5) == 2)
        #expect(histogram.count == 1)
    }
}
