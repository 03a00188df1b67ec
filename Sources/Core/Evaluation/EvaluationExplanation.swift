package import KeptnModel

extension EvaluationOutcome {
    /// A sentence for each objective that was missed, in the SLO's order; without full stops.
    package func explanations(of slo: SLO) -> [String] {
        zip(indicatorResults ?? [], slo.objectives).compactMap { $0.explanation(of: $1) }
    }
}

extension EvaluationOutcome.IndicatorResult {
    /// What was expected, what came, and what it was compared with; nil unless the objective failed or only its warning
    /// criteria held. For people: numbers are rounded to six digits where that does not hide the difference.
    ///
    ///     response_time_p95 is 412.3, expected <=+10% (120.5), compared with 1 earlier evaluation (b9ce…)
    package func explanation(of objective: SLO.Objective) -> String? {
        guard status == .fail || status == .warning else { return nil }
        let name = displayName.isEmpty || displayName == sli ? sli : "\(displayName) (\(sli))"
        guard let value, value.success else {
            let reason = value?.message ?? ""
            return "\(name) has no value" + (reason.isEmpty ? "" : ": \(reason)")
        }
        let exact = Self.show(value.value, exactly: true)
        let hidesDifference = (passTargets ?? []).contains { target in
            target.violated && Self.show(target.targetValue, exactly: false) == Self.show(value.value, exactly: false)
        }
        let measured = hidesDifference ? exact : Self.show(value.value, exactly: false)
        let expected = expectation(objective.pass, exactly: hidesDifference)
        let notes = (passTargets ?? []).filter(\.violated).compactMap(\.note)
        let found = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
        let grade = status == .warning ? ", good enough for a warning" : ""
        return "\(name) is \(measured)\(grade), expected \(expected)\(found)\(comparison(objective.pass))"
    }

    /// `<=+10% (120.5) and <600, or <100`.
    private func expectation(_ lists: [SLO.Criteria], exactly: Bool) -> String {
        let base = comparedEvents.isEmpty ? nil : comparedValue
        let alternatives = lists.map { list in
            list.criteria.map { text in
                guard let criterion = try? Criterion(parsing: text), criterion.isRelative,
                    let target = criterion.target(base: base)
                else { return text }
                return "\(text) (\(Self.show(target, exactly: exactly)))"
            }.joined(separator: " and ")
        }
        return alternatives.joined(separator: ", or ")
    }

    private func comparison(_ lists: [SLO.Criteria]) -> String {
        let isRelative = lists.flatMap(\.criteria).contains { (try? Criterion(parsing: $0))?.isRelative == true }
        guard isRelative, !comparedEvents.isEmpty else { return "" }
        let count = comparedEvents.count
        let named = comparedEvents.prefix(3).joined(separator: ", ") + (count > 3 ? " and \(count - 3) more" : "")
        return ", compared with \(count) earlier evaluation\(count == 1 ? "" : "s") (\(named))"
    }

    private static func show(_ number: Double, exactly: Bool) -> String {
        number.readable(significantDigits: exactly ? 17 : 6)
    }
}
