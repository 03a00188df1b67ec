import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Ports

/// The SLI provider `keptn`: answers with what the built-in proxy has measured of a deployment.
///
/// Queries are the names of its figures: `response_time_p50`, `_p90`, `_p95`, `_p99` in milliseconds, `error_rate` from
/// 0 to 1, `throughput` in requests a second. `keptn/sli.yaml` may give them other names.
package struct KeptnSLIProvider: Sendable {
    package static let provider = "keptn"
    private static let name = "keptn-sli-provider"

    private let files: IndicatorFiles
    private let measurements: any TrafficMeasurements

    package init(configuration: any Configuration, measurements: any TrafficMeasurements) {
        files = IndicatorFiles(configuration: configuration)
        self.measurements = measurements
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version).on(
            task: "get-sli", when: { $0.properties["sliProvider"]?.stringValue == Self.provider }, perform: answer)
    }

    private func answer(_ task: TaskContext) async throws -> TaskOutcome {
        let (start, end) = (
            task.properties["start"]?.stringValue ?? "", task.properties["end"]?.stringValue ?? ""
        )
        guard let from = Timestamp(rfc3339: start), let to = Timestamp(rfc3339: end) else {
            return .errored("get-sli.start and get-sli.end have to be RFC 3339 times, not '\(start)' and '\(end)'")
        }
        let named = try await files.queries(of: Self.provider, task.scope, task.gitCommitID).indicators
        let deployment = task.data["deployment"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        let summary = await measurements.summary(of: task.scope, deployment: deployment, from: from, to: to)
        let wanted = (task.properties["indicators"]?.elements ?? []).compactMap(\.stringValue)
        let values = wanted.map { indicator -> JSON in
            let (value, problem) = Self.value(of: named[indicator] ?? indicator, summary, task.scope)
            return [
                "metric": .string(indicator), "value": .number(value ?? 0), "success": .bool(value != nil),
                "message": problem.map { .string($0) },
            ]
        }
        return .pass(
            data: ["get-sli": ["start": .string(start), "end": .string(end), "indicatorValues": .array(values)]])
    }

    private static func value(
        of query: String, _ summary: TrafficSummary?, _ scope: Scope
    ) -> (value: Double?, problem: String?) {
        guard let summary, summary.requests > 0 else {
            return (nil, "the proxy has seen no request to \(scope) in this window")
        }
        guard summary.isComplete else {
            return (
                nil, "the proxy does not know the whole window any more: it was restarted, or the window is too old"
            )
        }
        let quantiles = [
            "response_time_p50": 0.5, "response_time_p90": 0.9, "response_time_p95": 0.95, "response_time_p99": 0.99,
        ]
        if let quantile = quantiles[query] { return (summary.latency(quantile: quantile), nil) }
        switch query {
        case "error_rate": return (summary.errorRate, nil)
        case "throughput": return (summary.throughputPerSecond, nil)
        default:
            let known = (quantiles.keys.sorted() + ["error_rate", "throughput"]).joined(separator: ", ")
            return (nil, "'\(query)' is nothing that the proxy measures; it has \(known)")
        }
    }
}
