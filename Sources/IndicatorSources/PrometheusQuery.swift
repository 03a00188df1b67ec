import Core
import KeptnModel

/// The queries for Prometheus, those of the project and those that hold without any (prometheus-service 0.9 of Keptn).
enum PrometheusQuery {
    /// With placeholders; nil for an indicator without a query.
    static func text(of indicator: String, _ queries: SLI, _ request: IndicatorRequest) -> String? {
        if let own = queries.indicators[indicator], !own.isEmpty { return own }
        return standard(indicator, filter(request))
    }

    private static func standard(_ indicator: String, _ filter: String) -> String? {
        let requests = "http_requests_total"
        switch indicator {
        case "throughput": return "sum(rate(\(requests){\(filter)}[$DURATION_SECONDS]))"
        case "error_rate":
            // Keptn's own has no result while nothing fails, and took that for 0; here no result is a failure.
            return "(sum(rate(\(requests){\(filter),status!~'2..'}[$DURATION_SECONDS])) or vector(0))"
                + "/sum(rate(\(requests){\(filter)}[$DURATION_SECONDS]))"
        case "response_time_p50", "response_time_p90", "response_time_p95", "response_time_p99":
            return "histogram_quantile(0.\(indicator.suffix(2)),"
                + "sum(rate(http_response_time_milliseconds_bucket{\(filter)}[$DURATION_SECONDS]))by(le))"
        default: return nil
        }
    }

    /// The SLO's filters as label matchers, an operator in front of a value is kept; and the job of the service's
    /// scrape configuration, unless a filter names one.
    private static func filter(_ request: IndicatorRequest) -> String {
        var matchers = request.filters.map { key, value in
            let hasOperator = ["=", "!=", "=~", "!~"].contains(where: value.hasPrefix)
            return hasOperator
                ? key + value.replacing("\"", with: "'") : "\(key)='\(value.filter { !"'\"\\".contains($0) })'"
        }
        if !request.filters.contains(where: { $0.key == "job" }) {
            let side = ["canary", "primary"].contains(request.deployment) ? "-\(request.deployment)" : ""
            matchers.insert("job='$SERVICE-$PROJECT-$STAGE\(side)'", at: 0)
        }
        return matchers.joined(separator: ",")
    }
}
