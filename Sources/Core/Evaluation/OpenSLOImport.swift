package import CloudEvents
package import KeptnModel

/// OpenSLO's objectives as a quality gate: criteria on how fast the error budget burns, and for each indicator a query
/// for Prometheus that says the share of bad events, or of bad time, over the window.
package struct OpenSLOImport: Sendable {
    /// `slo.yaml`
    package private(set) var slo: JSON
    /// `prometheus/sli.yaml`
    package private(set) var sli: JSON
    /// What somebody has to do by hand.
    package private(set) var notes: [String] = []

    private typealias Member = (key: String, value: JSON?)

    package init(_ objectives: [OpenSLO], pass: [String], warning: [String]) {
        var (judged, queries): ([JSON], [Member]) = ([], [])
        var taken: Set<String> = []
        for objective in objectives {
            for (number, part) in objective.objectives.enumerated() {
                var name = Self.identifier(objective.name)
                if objective.objectives.count > 1 { name += "_\(number + 1)" }
                while !taken.insert(name).inserted { name += "_" }
                let words = [objective.displayName, part.displayName].filter { !$0.isEmpty }
                judged.append([
                    "sli": .string(name), "displayName": words.isEmpty ? nil : .string(words.joined(separator: ": ")),
                    "target": .number(part.target), "pass": [["criteria": .array(pass.map { .string($0) })]],
                    "warning": warning.isEmpty ? nil : [["criteria": .array(warning.map { .string($0) })]],
                    "weight": 1,
                ])
                if let query = Self.query(objective, part) {
                    queries.append((name, .string(query)))
                } else {
                    notes.append(
                        "\(objective.name): its metrics are not those of Prometheus; write the query of '\(name)' by "
                            + "hand, as the share of bad events")
                }
            }
        }
        slo = [
            "spec_version": "1.0", "objectives": .array(judged), "total_score": ["pass": "90%", "warning": "75%"],
        ]
        sli = ["spec_version": "1.0", "indicators": .object(queries)]
    }

    private static func identifier(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }).lowercased()
    }

    /// Nil when a metric is not one of Prometheus.
    private static func query(_ slo: OpenSLO, _ objective: OpenSLO.Objective) -> String? {
        let slice = objective.sliceWindow.map { "\(max(1, $0.components.seconds))s" } ?? "1m"
        let isSliced = slo.budgeting != .occurrences
        func text(_ query: OpenSLO.Query, counts: Bool) -> String? {
            guard ["", "any", "prometheus"].contains(query.source.lowercased()) else { return nil }
            let hasRange = query.text.contains("[")
            guard counts, !hasRange else { return "(\(query.text))" }
            return "sum(increase(\(query.text)[\(isSliced ? slice : "$DURATION_SECONDS")]))"
        }
        let good: String
        switch slo.indicator {
        case .threshold(let query):
            guard let value = text(query, counts: false), let bound = objective.bound,
                let comparison = objective.comparison
            else { return nil }
            let sign = [.lt: "<", .lte: "<=", .gt: ">"][comparison] ?? ">="
            return "1 - avg_over_time((\(value) \(sign) bool \(bound.readable(significantDigits: 12)))"
                + "[$DURATION_SECONDS:\(slice)])"
        case .share(let query, let isGood):
            guard let share = text(query, counts: false) else { return nil }
            good = isGood ? share : "(1 - \(share))"
        case .ratio(let part, let isGood, let total, let countsUp):
            guard let part = text(part, counts: countsUp), let total = text(total, counts: countsUp) else { return nil }
            good = isGood ? "\(part) / \(total)" : "(1 - \(part) / \(total))"
        }
        switch slo.budgeting {
        case .occurrences: return "1 - \(good)"
        case .ratioTimeslices: return "1 - avg_over_time((\(good))[$DURATION_SECONDS:\(slice)])"
        case .timeslices:
            let needed = (objective.sliceTarget ?? objective.target).readable(significantDigits: 12)
            return "1 - avg_over_time((\(good) >= bool \(needed))[$DURATION_SECONDS:\(slice)])"
        }
    }
}
