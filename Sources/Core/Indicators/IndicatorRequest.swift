package import CloudEvents
package import KeptnModel

/// What an SLI provider is asked: indicators of a service over a window of time (get-sli.triggered, K §3.3).
package struct IndicatorRequest: Sendable {
    package var scope: Scope
    package var start: Timestamp
    package var end: Timestamp
    package var indicators: [String]
    /// Those of which samples are wanted too.
    package var sampled: Set<String>
    /// Such as `canary`; empty for none.
    package var deployment: String
    package var testStrategy: String
    /// The run's id.
    package var context: String
    package var labels: [String: String]
    /// The `filter` of the SLO, in its order.
    package var filters: [(key: String, value: String)]

    package init(
        scope: Scope, start: Timestamp, end: Timestamp, indicators: [String], sampled: Set<String> = [],
        deployment: String = "", testStrategy: String = "", context: String = "", labels: [String: String] = [:],
        filters: [(key: String, value: String)] = []
    ) {
        self.scope = scope
        self.start = start
        self.end = end
        self.indicators = indicators
        self.sampled = sampled
        self.deployment = deployment
        self.testStrategy = testStrategy
        self.context = context
        self.labels = labels
        self.filters = filters
    }

    /// Reads the data of a get-sli.triggered event. Throws for times that are none, and for a window without length.
    package init(getSLI data: JSON, scope: Scope, context: String) throws(EvaluationError) {
        let asked = data["get-sli"] ?? .emptyObject
        func time(_ name: String) throws(EvaluationError) -> Timestamp {
            let text = asked[name]?.stringValue ?? ""
            guard let time = Timestamp(rfc3339: text) else {
                throw EvaluationError(
                    "get-sli.\(name) is '\(text)'; a time such as 2026-01-31T12:00:00Z is needed")
            }
            return time
        }
        let (start, end) = (try time("start"), try time("end"))
        guard start < end else {
            throw EvaluationError("the window's end \(end) is not after its start \(start)")
        }
        func texts(_ json: JSON?) -> [String] { (json?.elements ?? []).compactMap(\.stringValue) }
        self.init(
            scope: scope, start: start, end: end, indicators: texts(asked["indicators"]),
            sampled: Set(texts(asked["sampled"])), deployment: data["deployment"]?.stringValue ?? "",
            testStrategy: data["test", "teststrategy"]?.stringValue ?? "", context: context,
            labels: Dictionary(
                (data["labels"]?.members ?? []).map { ($0.key, $0.value.stringValue ?? $0.value.text) },
                uniquingKeysWith: { $1 }),
            filters: (asked["customFilters"]?.elements ?? []).compactMap { filter in
                filter["key"]?.stringValue.map { ($0, filter["value"]?.stringValue ?? "") }
            })
    }

    /// The length of the window in whole seconds, rounded up.
    package var seconds: Int64 {
        let (seconds, attoseconds) = (end - start).components
        return seconds + (attoseconds > 0 ? 1 : 0)
    }
}

// MARK: - In queries

extension IndicatorRequest {
    /// A query with its placeholders filled in (K §3.3): `$PROJECT`, `$STAGE`, `$SERVICE`, `$DEPLOYMENT`,
    /// `$TESTSTRATEGY`, `$CONTEXT`, `$LABEL.x`, the SLO's filters as `$key` and `$KEY`, and `$DURATION_SECONDS`, which
    /// is a length such as `300s`. Where several fit, the longest counts; what fits none stays.
    ///
    /// Quotation marks and backslashes are taken out of the values, so that none can end the text that it stands in.
    package func filled(_ query: String, seconds: Int64? = nil) -> String {
        var values = [
            "PROJECT": scope.project, "STAGE": scope.stage, "SERVICE": scope.service, "DEPLOYMENT": deployment,
            "TESTSTRATEGY": testStrategy, "CONTEXT": context,
        ]
        for (key, value) in labels { values["LABEL.\(key)"] = value }
        for (key, value) in filters where !key.isEmpty {
            values[key] = value
            values[key.uppercased()] = value
        }
        values = values.mapValues { $0.filter { !"'\"\\\n".contains($0) } }
        values["DURATION_SECONDS"] = "\(seconds ?? self.seconds)s"
        return Self.filled(query, values)
    }

    private static func filled(_ query: String, _ values: [String: String]) -> String {
        guard query.contains("$") else { return query }
        let names = values.keys.sorted { ($0.count, $0) > ($1.count, $1) }
        var result = ""
        var rest = Substring(query)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if let name = names.first(where: rest.hasPrefix), let value = values[name] {
                result += value
                rest = rest.dropFirst(name.count)
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    /// What templates of a query see. Large numbers are texts: Go's templates would write them as 1.7e+12.
    package var scene: JSON {
        func time(_ time: Timestamp) -> JSON {
            [
                "rfc3339": .string(time.rfc3339), "seconds": .string("\(time.milliseconds / 1000)"),
                "milliseconds": .string("\(time.milliseconds)"), "nanoseconds": .string("\(time.nanoseconds)"),
            ]
        }
        return [
            "project": .string(scope.project), "stage": .string(scope.stage), "service": .string(scope.service),
            "deployment": .string(deployment), "testStrategy": .string(testStrategy), "context": .string(context),
            "labels": .object(labels.mapValues { .string($0) }),
            "filters": .object(filters.map { ($0.key, .string($0.value)) }), "start": time(start), "end": time(end),
            "seconds": .string("\(seconds)"),
        ]
    }
}
