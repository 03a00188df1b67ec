import KeptnModel

extension DORAFigures {
    /// In the Prometheus text format 0.0.4; what is not known has no sample.
    package static func metrics(_ all: [DORAFigures]) -> String {
        let families: [(name: String, help: String, value: (DORAFigures) -> Double?)] = [
            ("deployments", "Good deployments in the last 30 days.", { Double($0.deployments) }),
            (
                "lead_time_seconds", "Median time from an artifact's first event to its deployment.",
                {
                    $0.leadTime.map { $0 / .seconds(1) }
                }
            ),
            ("change_failure_ratio", "Share of deployments that failed or led to a failure.", \.changeFailureRate),
            (
                "time_to_restore_seconds", "Median time from a failure to the next good state.",
                {
                    $0.timeToRestore.map { $0 / .seconds(1) }
                }
            ),
        ]
        var text = ""
        for family in families {
            let name = "keptn_dora_\(family.name)"
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) gauge\n"
            for figures in all {
                guard let value = family.value(figures) else { continue }
                let scope = figures.scope
                text +=
                    "\(name){project=\"\(scope.project)\",service=\"\(scope.service)\",stage=\"\(scope.stage)\"} "
                    + "\(value)\n"
            }
        }
        return text
    }
}
