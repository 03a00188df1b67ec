package import CloudEvents
package import KeptnModel

/// Alert rules of Prometheus for the objectives of a service: an alert fires when an objective is missed.
///
/// Only fixed bounds can be watched: what a value may be compared with earlier runs is known to a gate, not to
/// Prometheus. Of several alternatives all have to be missed, and one without a fixed bound cannot be.
package struct AlertRules: Sendable, Hashable {
    package struct Rule: Sendable, Hashable {
        /// The indicator's name: also the problem's title and root cause.
        package let alert: String
        package let expression: String
    }

    /// Which stretch of time a query looks at, and how long an objective has to be missed.
    package struct Timing: Sendable, Hashable {
        package var window: Duration
        package var after: Duration

        package init(window: Duration = .seconds(180), after: Duration = .seconds(60)) {
            self.window = window
            self.after = after
        }
    }

    package let scope: Scope
    package let rules: [Rule]
    /// Objectives that cannot be watched, each with the reason.
    package let leftOut: [String]
    private let timing: Timing

    /// - Parameter queries: PromQL by indicator, with Keptn's placeholders; those of the built-in proxy count where
    ///   there is none.
    package init(scope: Scope, slo: SLO, queries: [String: String], timing: Timing) {
        self.scope = scope
        self.timing = timing
        var rules: [Rule] = []
        var leftOut: [String] = []
        for objective in slo.objectives where !objective.pass.isEmpty {
            guard let template = queries[objective.sli] ?? Self.proxyQueries[objective.sli] else {
                leftOut.append("\(objective.sli): prometheus/sli.yaml has no query for it")
                continue
            }
            if let name = Self.known(ofRunsOnly: template) {
                leftOut.append("\(objective.sli): its query has \(name), which is known of a run only")
                continue
            }
            let query = Self.filled(template, scope, slo.filter, timing.window)
            let alternatives = objective.pass.map { Self.missed($0, query) }
            guard alternatives.allSatisfy({ $0 != nil }) else {
                leftOut.append("\(objective.sli): it can be met without any fixed bound, and only those are watched")
                continue
            }
            let expression = alternatives.compactMap(\.self).joined(separator: " and ")
            rules.append(Rule(alert: objective.sli, expression: expression))
        }
        (self.rules, self.leftOut) = (rules, leftOut)
    }

    /// When none of these criteria could be told to hold; nil when all of them are relative.
    private static func missed(_ criteria: SLO.Criteria, _ query: String) -> String? {
        let bounds = criteria.criteria.compactMap { text -> String? in
            guard let criterion = try? Criterion(parsing: text), case .fixed(let bound) = criterion.bound else {
                return nil
            }
            return "\(query) \(criterion.comparison.opposite) \(bound)"
        }
        return bounds.isEmpty ? nil : "(\(bounds.joined(separator: " or ")))"
    }

    /// As in a gate of what serves, with the placeholders of Keptn's prometheus-service in lower case, too.
    private static func filled(
        _ query: String, _ scope: Scope, _ filters: [(key: String, value: String)], _ window: Duration
    ) -> String {
        let (end, deployment) = (Timestamp(nanoseconds: 0), "primary")
        let names = [
            ("project", scope.project), ("stage", scope.stage), ("service", scope.service), ("deployment", deployment),
        ]
        let request = IndicatorRequest(
            scope: scope, start: end - max(window, .seconds(1)), end: end, indicators: [], deployment: deployment,
            filters: filters + names.map { (key: $0.0, value: $0.1) })
        return "(\(request.filled(query)))"
    }

    /// The first placeholder in a query that only a run has a value for.
    private static func known(ofRunsOnly query: String) -> String? {
        for name in ["$CONTEXT", "$TESTSTRATEGY"] where query.contains(name) { return name }
        guard let label = query.firstRange(of: "$LABEL.") else { return nil }
        let rest = query[label.upperBound...].prefix { $0.isLetter || $0.isNumber || "_-".contains($0) }
        return "$LABEL.\(rest)"
    }

    /// What the built-in proxy's figures in `/metrics` say, under the names that the SLI provider `keptn` has for them.
    package static let proxyQueries: [String: String] = {
        let labels = "project=\"$PROJECT\",stage=\"$STAGE\",service=\"$SERVICE\",kind=\"primary\""
        func rate(_ name: String) -> String { "sum(rate(\(name){\(labels)}[$DURATION_SECONDS]))" }
        let requests = rate("keptn_proxy_request_seconds_count")
        var queries = [
            "error_rate": "\(rate("keptn_proxy_errors_total")) / \(requests)", "throughput": requests,
        ]
        for percent in [50, 90, 95, 99] {
            let buckets = "sum by (le) (rate(keptn_proxy_request_seconds_bucket{\(labels)}[$DURATION_SECONDS]))"
            queries["response_time_p\(percent)"] = "histogram_quantile(0.\(percent), \(buckets)) * 1000"
        }
        return queries
    }()

    /// A rule file (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules).
    package static func file(_ groups: [AlertRules]) -> JSON {
        ["groups": .array(groups.filter { !$0.rules.isEmpty }.map(\.group))]
    }

    private static let groupPrefix = "keptn"

    private var group: JSON {
        [
            "name": .string("\(Self.groupPrefix)/\(scope)"),
            "rules": .array(
                rules.map { rule in
                    [
                        "alert": .string(rule.alert), "expr": .string(rule.expression),
                        "for": .string("\(timing.after.components.seconds)s"),
                        "labels": [
                            "project": .string(scope.project), "stage": .string(scope.stage),
                            "service": .string(scope.service), "severity": "warning",
                        ],
                        "annotations": [
                            "summary": .string(
                                "\(rule.alert) of \(scope.service) in stage \(scope.stage) misses its objective")
                        ],
                    ]
                }),
        ]
    }
}

extension AlertRules {
    /// The service that a rule file is about.
    package struct Owner: Sendable, Hashable {
        package var project: String
        package var service: String

        package init(project: String, service: String) {
            self.project = project
            self.service = service
        }

        /// No project's name has a dot, so that no two services have one file.
        package var fileName: String { "\(project).\(service).yaml" }
        /// What it was in older versions: `a-b` and `c` had the file of `a` and `b-c`.
        package var oldFileName: String { "\(project)-\(service).yaml" }
    }

    /// Whose rules a file holds; nil for one that we did not write, or to which somebody has added groups.
    package static func owner(of file: JSON) -> Owner? {
        guard file.members.map(\.key) == ["groups"], let groups = file["groups"]?.elements, !groups.isEmpty else {
            return nil
        }
        var owners: Set<Owner> = []
        for group in groups {
            let parts = (group["name"]?.stringValue ?? "").split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[0] == groupPrefix, !parts.contains("") else { return nil }
            owners.insert(Owner(project: String(parts[1]), service: String(parts[3])))
        }
        return owners.count == 1 ? owners.first : nil
    }
}

extension Criterion.Comparison {
    /// Holds when this one does not. PromQL writes equality with two signs.
    fileprivate var opposite: String {
        switch self {
        case .lessOrEqual: ">"
        case .less: ">="
        case .equal: "!="
        case .greaterOrEqual: "<"
        case .greater: "<="
        }
    }
}
