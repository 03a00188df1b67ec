package import CloudEvents

extension LoadReport {
    /// For the stored report: all requests together, each request by its name, the first failures. Times are in
    /// milliseconds.
    ///
    /// - Parameter duration: How long the test took.
    package func json(over duration: Duration) -> JSON {
        let seconds = duration / .seconds(1)
        return .object(
            Self.figures(latencies, errors: errors) + [
                ("perSecond", seconds > 0 ? .number(Double(requests) / seconds) : nil),
                (
                    "byRequest",
                    .array(
                        parts.map {
                            .object([("name", .string($0.name))] + Self.figures($0.latencies, errors: $0.errors))
                        })
                ),
                ("failures", .array(failures.map { .string($0) })),
            ])
    }

    private static func figures(_ latencies: LatencyHistogram, errors: Int) -> [(key: String, value: JSON?)] {
        let count = latencies.count
        var times: [(key: String, value: JSON?)] = [
            ("average", count == 0 ? nil : .number(latencies.sum / Double(count))),
            ("minimum", latencies.minimum.map { .number($0) }),
        ]
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)] {
            times.append((name, latencies.quantile(share).map { .number($0) }))
        }
        times.append(("maximum", latencies.maximum.map { .number($0) }))
        return [("requests", .integer(count)), ("errors", .integer(errors)), ("milliseconds", .object(times))]
    }
}
