import CloudEvents

/// Measured durations in milliseconds, sorted when asked.
struct Samples: Sendable {
    private(set) var values: [Double] = []

    mutating func add(_ duration: Duration) {
        let parts = duration.components
        values.append(Double(parts.seconds) * 1000 + Double(parts.attoseconds) / 1e15)
    }

    mutating func add(milliseconds: Double) { values.append(milliseconds) }

    /// The smallest value that at least the share `q` of all values does not exceed (nearest rank).
    func quantile(_ q: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, max(0, Int((Double(sorted.count) * q).rounded(.up)) - 1))]
    }

    func json(_ quantiles: [(name: String, q: Double)]) -> JSON {
        .object(quantiles.map { (key: $0.name, value: quantile($0.q).map { .number(($0 * 1000).rounded() / 1000) }) })
    }
}

extension Duration {
    var seconds: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }
}
