package import KeptnModel

extension Criterion {
    /// What a value is compared with; nil for a relative criterion without a base.
    package func target(base: Double?) -> Double? {
        switch bound {
        case .fixed(let value): value
        case .change(let amount): base.map { $0 + amount }
        case .changePercent(let percent): base.map { $0 * (100 + percent) / 100 }
        }
    }

    /// A relative criterion without anything to compare with is satisfied.
    package func isSatisfied(by value: Double, base: Double?) -> Bool {
        target(base: base).map { comparison.holds(value, $0) } ?? true
    }
}

extension Criterion.Comparison {
    func holds(_ value: Double, _ target: Double) -> Bool {
        switch self {
        case .lessOrEqual: value <= target
        case .less: value < target
        case .equal: value == target
        case .greaterOrEqual: value >= target
        case .greater: value > target
        }
    }
}

extension ObjectiveCriterion {
    /// What a criterion looks at.
    struct Evidence {
        let value: SLIValue
        /// The aggregate of the earlier values; nil without any.
        let base: Double?
        /// The samples of the earlier evaluations together.
        let samplesBefore: [Double]
        /// The promised share of good events.
        let target: Double?
        /// The values over other windows with the same end.
        let windows: [Duration: SLIValue]
    }

    func judge(_ text: String, _ evidence: Evidence) throws(CriterionError) -> EvaluationOutcome.Target {
        switch self {
        case .threshold(let criterion):
            return .init(
                criteria: text, targetValue: criterion.target(base: evidence.base) ?? 0,
                violated: !criterion.isSatisfied(by: evidence.value.value, base: evidence.base))
        case .distribution(let criterion): return criterion.judge(text, evidence)
        case .burnRate(let criterion): return try criterion.judge(text, evidence)
        }
    }
}

extension DistributionCriterion {
    /// The target value is the median of the earlier samples. Like a relative criterion, it holds without any.
    func judge(_ text: String, _ evidence: ObjectiveCriterion.Evidence) -> EvaluationOutcome.Target {
        func target(_ violated: Bool, _ note: String) -> EvaluationOutcome.Target {
            let median = ComparisonRule.Aggregate.p50(evidence.samplesBefore) ?? 0
            return .init(criteria: text, targetValue: median, violated: violated, note: note)
        }
        guard !evidence.samplesBefore.isEmpty else { return target(false, "no earlier samples to compare with") }
        guard let test = MannWhitney(now: evidence.value.samples, before: evidence.samplesBefore) else {
            return target(true, "the SLI provider has sent no samples")
        }
        let (probability, effect) =
            switch direction {
            case .similar: (test.probability, test.effect.magnitude)
            case .notWorse: (test.probabilityHigher, test.effect)
            case .notLower: (test.probabilityLower, -test.effect)
            }
        let counts = "\(evidence.value.samples.count) samples against \(evidence.samplesBefore.count)"
        return target(
            probability < alpha && effect >= effectMin,
            "p=\(probability.readable(significantDigits: 3)), "
                + "effect=\(test.effect.readable(significantDigits: 3)), \(counts)")
    }
}

extension BurnRateCriterion {
    /// The target value is the share of bad events at which the rate would be the criterion's.
    func judge(
        _ text: String, _ evidence: ObjectiveCriterion.Evidence
    ) throws(CriterionError) -> EvaluationOutcome.Target {
        guard let promised = evidence.target else { throw .noTarget(text) }
        let budget = 1 - promised
        func target(_ violated: Bool, _ note: String) -> EvaluationOutcome.Target {
            .init(criteria: text, targetValue: rate * budget, violated: violated, note: note)
        }
        guard let value = window.map({ evidence.windows[$0] }) ?? evidence.value, value.success else {
            let reason = window.flatMap { evidence.windows[$0]?.message } ?? "it was not measured"
            return target(true, "no value over \(window?.go ?? "")" + (reason.isEmpty ? "" : ": \(reason)"))
        }
        let burnt = value.value / budget
        return target(
            !comparison.holds(burnt, rate),
            "burn rate \(burnt.readable(significantDigits: 4))" + (window.map { " over \($0.go)" } ?? ""))
    }
}

// MARK: - What has to be asked for

extension SLO {
    /// The indicators of which samples are needed.
    package var sampledIndicators: Set<String> {
        Set(objectives.filter(\.needsSamples).map(\.sli))
    }

    /// Over further ones nothing is measured.
    private static let budgetWindowsMax = 8

    /// The windows, beside that of the evaluation, over which indicators are needed; the shortest first, at most 8.
    package var budgetWindows: [(window: Duration, indicators: [String])] {
        var found: [Duration: [String]] = [:]
        for objective in objectives {
            for case .burnRate(let criterion) in objective.specialCriteria {
                guard let window = criterion.window, found[window]?.contains(objective.sli) != true else { continue }
                found[window, default: []].append(objective.sli)
            }
        }
        return found.sorted { $0.key < $1.key }.prefix(Self.budgetWindowsMax).map { ($0.key, $0.value) }
    }
}

extension SLO.Objective {
    var needsSamples: Bool {
        specialCriteria.contains { if case .distribution = $0 { true } else { false } }
    }

    /// The criteria that are no thresholds. Nearly all are, which their first sign tells.
    fileprivate var specialCriteria: [ObjectiveCriterion] {
        (pass + warning).flatMap(\.criteria).compactMap { text in
            guard let first = text.utf8.first(where: { $0 != UInt8(ascii: " ") }), !"<=>".utf8.contains(first) else {
                return nil
            }
            return try? ObjectiveCriterion(parsing: text)
        }
    }
}
