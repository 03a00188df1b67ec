package import KeptnModel

/// Which earlier evaluations a service is compared with, and how their values become one: `comparison` of the SLO with
/// the defaults of K §3.2 and §9.1 resolved.
package struct ComparisonRule: Sendable, Hashable {
    /// How many of the newest evaluations to take, 1...100. Those without a value for an indicator count too.
    package let resultsMax: Int
    /// The results (`data.result`) that an earlier evaluation may have; nil means any.
    package let includedResults: Set<KeptnResult>?
    package let aggregate: Aggregate

    package enum Aggregate: String, Sendable, CaseIterable {
        case average = "avg"
        case p50, p90, p95
    }

    /// No `comparison` at all means the last one, whatever its result. In one that leaves things out, `compare_with`
    /// other than the two known words takes three results whatever the number says; no number is 3.
    ///
    /// Throws for a number of results outside 1...100, as Keptn's datastore refuses it, and for an unknown aggregate
    /// function, where Keptn silently compared with 0.
    package init(_ comparison: SLO.Comparison?) throws(EvaluationError) {
        guard let comparison else {
            (resultsMax, includedResults, aggregate) = (1, nil, .average)
            return
        }
        switch comparison.compareWith {
        case "single_result":
            resultsMax = 1
        case "several_results":
            let number = comparison.numberOfComparisonResults == 0 ? 3 : comparison.numberOfComparisonResults
            guard (1...100).contains(number) else {
                throw EvaluationError(
                    "could not retrieve previous evaluation.finished events: "
                        + "number_of_comparison_results is \(number), it must be 1 to 100")
            }
            resultsMax = number
        default:
            resultsMax = 3
        }
        includedResults =
            switch comparison.includeResultWithScore.lowercased() {
            case "pass": [.pass]
            case "pass_or_warn": [.pass, .warning]
            default: nil
            }
        let name = comparison.aggregateFunction.isEmpty ? "avg" : comparison.aggregateFunction
        guard let aggregate = Aggregate(rawValue: name) else {
            throw EvaluationError("unknown aggregate_function \"\(name)\": it must be avg, p50, p90 or p95")
        }
        self.aggregate = aggregate
    }
}

extension ComparisonRule.Aggregate {
    /// One value for many; nil for none.
    package func callAsFunction(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        return switch self {
        case .average: values.reduce(0, +) / Double(values.count)
        case .p50: Self.percentile(0.5, of: values)
        case .p90: Self.percentile(0.9, of: values)
        case .p95: Self.percentile(0.95, of: values)
        }
    }

    /// Linear interpolation at rank p·(n+1), clamped to the first and last value (K §3.2; definition 6 in Hyndman and
    /// Fan, "Sample Quantiles in Statistical Packages").
    static func percentile(_ p: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        let position = p * Double(sorted.count + 1)
        if position < 1 { return sorted[0] }
        if position >= Double(sorted.count) { return sorted[sorted.count - 1] }
        let lower = sorted[Int(position) - 1]
        let upper = sorted[Int(position)]
        return lower + (position - position.rounded(.down)) * (upper - lower)
    }
}

/// Why an evaluation cannot be made; becomes the message of an errored `evaluation.finished`.
package struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
