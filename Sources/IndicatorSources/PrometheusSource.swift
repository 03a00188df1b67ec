import CloudEvents
package import Core
package import KeptnModel
package import Ports

/// Asks a Prometheus server, or anything with its query API (Thanos, Mimir, VictoriaMetrics).
///
/// An indicator is the one value that its query has at the window's end. What has no value, several or none that is a
/// number is a failure that says so. Samples are the values of the query over the window, one a step, each looking back
/// over its own step only (`$DURATION_SECONDS` is the step), so that they do not share measurements.
package struct PrometheusSource: IndicatorSource {
    package let kind = SLIProviderSpec.Kind.prometheus
    private let requester: any HTTPRequester

    package init(requester: any HTTPRequester) { self.requester = requester }

    package func measure(_ request: IndicatorRequest, _ means: IndicatorMeans) async throws -> [SLIValue] {
        guard let spec = means.spec, let url = spec.url else {
            throw IndicatorError(
                "it is not known where Prometheus is: the project needs a file 'provider.yaml' in the provider's "
                    + "folder with 'url', such as http://prometheus:9090")
        }
        let server = WebServer(url: url, spec: spec, authorization: means.authorization, requester: requester)
        return try await measureEach(request, means) { indicator, timeout in
            guard let query = PrometheusQuery.text(of: indicator, means.queries, request) else {
                return SLIValue(
                    metric: indicator, value: 0, success: false,
                    message: "unsupported SLI: sli.yaml has no query for '\(indicator)'")
            }
            do throws(IndicatorError) {
                let value = try await instant(request.filled(query), at: request.end, server, timeout)
                let samples =
                    request.sampled.contains(indicator)
                    ? try await samples(query, request, step: spec.step, server, timeout) : []
                return SLIValue(metric: indicator, value: value, samples: samples)
            } catch {
                try Task.checkCancellation()
                return SLIValue(metric: indicator, value: 0, success: false, message: error.description)
            }
        }
    }

    // MARK: Queries

    private func instant(
        _ query: String, at time: Timestamp, _ server: WebServer, _ timeout: Duration
    ) async throws(IndicatorError) -> Double {
        let data = try await ask("query", ["query": query, "time": Self.seconds(time)], server, timeout)
        let result = data["result"] ?? .null
        switch data["resultType"]?.stringValue {
        case "scalar": return try Self.number(result.elements.last)
        case "vector":
            let series = result.elements
            guard let first = series.first else {
                throw IndicatorError("no data: the query has no result at \(time): \(query)")
            }
            guard series.count == 1 else {
                throw IndicatorError(
                    "the query has \(series.count) results instead of one; sum(…) or another aggregation is needed: "
                        + query)
            }
            return try Self.number(first["value"]?.elements.last)
        case let type:
            throw IndicatorError("the query has a \(type ?? "result without a type") instead of a number: \(query)")
        }
    }

    private func samples(
        _ query: String, _ request: IndicatorRequest, step: Duration, _ server: WebServer, _ timeout: Duration
    ) async throws(IndicatorError) -> [Double] {
        let longest = request.seconds / Int64(SLIValue.samplesMax) + 1
        // A window that is shorter than a step is one.
        let seconds = min(max(step.components.seconds, longest), request.seconds)
        let query = request.filled(query, seconds: seconds)
        let data = try await ask(
            "query_range",
            [
                "query": query, "start": Self.seconds(request.start + .seconds(seconds)),
                "end": Self.seconds(request.end), "step": "\(seconds)",
            ], server, timeout)
        let series = data["result"]?.elements ?? []
        guard series.count <= 1 else {
            throw IndicatorError(
                "the query has \(series.count) series of samples instead of one; sum(…) or another aggregation is "
                    + "needed: \(query)")
        }
        return (series.first?["values"]?.elements ?? []).compactMap { pair in
            pair.elements.last?.stringValue.flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    private static func number(_ json: JSON?) throws(IndicatorError) -> Double {
        let text = json?.stringValue ?? ""
        guard let number = Double(text) else { throw IndicatorError("the result '\(text)' is no number") }
        guard number.isFinite else {
            throw IndicatorError("the result is \(text): there was nothing to compute it from in this window")
        }
        return number
    }

    private static func seconds(_ time: Timestamp) -> String {
        let fraction = String(time.milliseconds % 1000 + 1000).dropFirst()
        return "\(time.milliseconds / 1000).\(fraction)"
    }

    // MARK: The API

    /// The `data` of an answer (https://prometheus.io/docs/prometheus/latest/querying/api/). Queries may be long, so
    /// they go in a body; servers that do not take one are asked again with a URL.
    private func ask(
        _ path: String, _ form: [String: String], _ server: WebServer, _ timeout: Duration
    ) async throws(IndicatorError) -> JSON {
        let fields = String(URLText.query(form).dropFirst())
        var answer = try await server.send(
            "POST", "/api/v1/\(path)", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array(fields.utf8), timeout: timeout)
        if [405, 501].contains(answer.status) {
            answer = try await server.send("GET", "/api/v1/\(path)?\(fields)", timeout: timeout)
        }
        let json = try? JSON(parsing: answer.body)
        if json?["status"] == "success", let data = json?["data"] { return data }
        if let reason = json?["error"]?.stringValue {
            throw IndicatorError("Prometheus answered \(answer.status): \(reason.prefix(500)): \(form["query"] ?? "")")
        }
        throw IndicatorError(
            "\(server.url) answered \(answer.status) and nothing that Prometheus would say: is the URL right, and the "
                + "authentication?")
    }
}
