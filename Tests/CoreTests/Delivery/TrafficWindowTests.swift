import CloudEvents
import TestSupport
import Testing

@testable import Core

@Suite("Traffic window")
struct TrafficWindowTests {
    private static func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1e9)) }

    @Test("A summary counts requests, errors and latencies of its window")
    func summary() throws {
        var window = TrafficWindow()
        for second in 0..<10 {
            window.record(
                at: Self.at(100 + Double(second)), milliseconds: Double(second + 1) * 10, failed: second % 5 == 0)
        }
        let all = window.summary(from: Self.at(100), to: Self.at(110))
        #expect(all.requests == 10)
        #expect(all.errors == 2)
        #expect(all.errorRate == 0.2)
        #expect(all.throughputPerSecond == 1)
        #expect(all.latency(quantile: 1) == 100)
        #expect(all.isComplete)
        let part = window.summary(from: Self.at(103), to: Self.at(105))
        #expect(part.requests == 2)
        #expect(part.errorRate == 0)
        #expect(part.latency(quantile: 0) == 40)
        #expect(part.latency(quantile: 1) == 50)
    }

    @Test(
        "Seconds that the window cuts count whole, those that it only touches not at all",
        arguments: [
            (10.0, 11.0, 1, 1), (10.5, 10.6, 1, 1), (9.9, 10.1, 2, 2), (10.0, 12.5, 3, 3), (10.999, 12, 2, 2),
            (12, 12, 0, 0),
            (12.5, 12.5, 0, 0), (13, 12, 0, 0), (8, 14, 4, 6), (20, 22, 0, 2),
        ])
    func cut(from: Double, to: Double, requests: Int, seconds: Int) {
        var window = TrafficWindow()
        for second in [9.5, 10.5, 11.5, 12.5] { window.record(at: Self.at(second), milliseconds: 1, failed: false) }
        let summary = window.summary(from: Self.at(from), to: Self.at(to))
        #expect(summary.requests == requests)
        #expect(summary.throughputPerSecond == (seconds == 0 ? 0 : Double(requests) / Double(seconds)))
    }

    @Test("Seconds before 1970 are seconds too")
    func negative() {
        var window = TrafficWindow(secondsKept: 10)
        window.record(at: Self.at(-0.5), milliseconds: 1, failed: false)
        window.record(at: Self.at(0.5), milliseconds: 1, failed: false)
        #expect(window.summary(from: Self.at(-1), to: Self.at(0)).requests == 1)
        #expect(window.summary(from: Self.at(-1), to: Self.at(1)).requests == 2)
    }

    @Test("A new second takes the place of the oldest, and the summary says that something is gone")
    func recycling() {
        var window = TrafficWindow(secondsKept: 5)
        for second in 0..<7 { window.record(at: Self.at(Double(second)), milliseconds: 1, failed: true) }
        let rest = window.summary(from: Self.at(0), to: Self.at(7))
        #expect(rest.requests == 5)
        #expect(rest.errors == 5)
        #expect(!rest.isComplete)
        #expect(window.summary(from: Self.at(2), to: Self.at(7)).isComplete)
        #expect(window.totals.requests == 7)
    }

    @Test("After a long silence nothing of the old slots is left")
    func silence() {
        var window = TrafficWindow(secondsKept: 5)
        for second in 0..<5 { window.record(at: Self.at(Double(second)), milliseconds: 900, failed: true) }
        window.record(at: Self.at(1002), milliseconds: 1, failed: false)
        let now = window.summary(from: Self.at(1000), to: Self.at(1003))
        #expect(now.requests == 1)
        #expect(now.errors == 0)
        #expect(now.latency(quantile: 1) == 1)
    }

    @Test("A clock that is set back goes on being measured")
    func clockSetBack() {
        var window = TrafficWindow(secondsKept: 5)
        window.record(at: Self.at(1000), milliseconds: 1, failed: false)
        window.record(at: Self.at(500), milliseconds: 1, failed: true)
        #expect(window.summary(from: Self.at(500), to: Self.at(501)).errors == 1)
    }

    @Test("Summaries equal a plain count over the same requests")
    func againstPlainCount() {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var window = TrafficWindow(secondsKept: 60)
            var records: [(second: Double, failed: Bool)] = []
            var clock = 1000.0
            for _ in 0..<500 {
                clock += Double.random(in: 0..<0.2, using: &random)
                let failed = Int.random(in: 0..<4, using: &random) == 0
                records.append((clock, failed))
                window.record(at: Self.at(clock), milliseconds: 5, failed: failed)
            }
            for _ in 0..<20 {
                let from = Double(Int.random(in: Int(clock) - 58...Int(clock), using: &random))
                let to = from + Double(Int.random(in: 0...60, using: &random))
                let expected = records.filter { (from..<to).contains($0.second) }
                let summary = window.summary(from: Self.at(from), to: Self.at(to))
                #expect(summary.requests == expected.count, "seed \(seed)")
                #expect(summary.errors == expected.count(where: \.failed), "seed \(seed)")
            }
        }
    }

    @Test("Nothing has no error rate and no latency")
    func nothing() {
        let summary = TrafficWindow().summary(from: Self.at(0), to: Self.at(10))
        #expect(summary.requests == 0)
        #expect(summary.errorRate == nil)
        #expect(summary.latency(quantile: 0.5) == nil)
        #expect(summary.throughputPerSecond == 0)
        #expect(summary.isComplete)
    }

    @Test("Totals only grow, and their buckets are cumulative")
    func totals() {
        var window = TrafficWindow(secondsKept: 1)
        for (index, milliseconds) in [0.5, 1, 1.1, 250, 20_000].enumerated() {
            window.record(at: Self.at(Double(index)), milliseconds: milliseconds, failed: index == 4)
        }
        let totals = window.totals
        #expect(totals.requests == 5)
        #expect(totals.errors == 1)
        #expect(abs(totals.secondsSum - 20.2526) < 1e-9)
        let counts = totals.buckets.map(\.count)
        #expect(totals.buckets.map(\.le) == TrafficTotals.bounds + [.infinity])
        #expect(counts == [2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5])
    }
}
