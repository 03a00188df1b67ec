import GoTemplate
package import KeptnModel

/// A criterion of any kind: Keptn's thresholds, and two that Keptn does not have.
package enum ObjectiveCriterion: Sendable, Hashable {
    /// `<600`, `<=+10%`
    case threshold(Criterion)
    /// `similar`, `not_worse:0.05`
    case distribution(DistributionCriterion)
    /// `burn_rate<2`, `burn_rate(1h)<14.4`
    case burnRate(BurnRateCriterion)

    package init(parsing text: String) throws(CriterionError) {
        let bare = text.filter { $0 != " " }
        if bare.hasPrefix(BurnRateCriterion.word) {
            self = .burnRate(try BurnRateCriterion(bare, text))
        } else if let criterion = try DistributionCriterion(bare, text) {
            self = .distribution(criterion)
        } else {
            self = .threshold(try Criterion(parsing: text))
        }
    }

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

/// Whether the samples now are like those of the earlier evaluations, by the test of Mann and Whitney. A difference
/// counts when it is both hardly chance (`probability < alpha`) and not negligible (`|effect| >= effectMin`).
package struct DistributionCriterion: Sendable, Hashable {
    package enum Direction: String, Sendable, CaseIterable {
        /// In either direction.
        case similar
        /// Higher is worse, as with response times and error rates.
        case notWorse = "not_worse"
        /// Lower is worse, as with throughput.
        case notLower = "not_lower"
    }

    package let direction: Direction
    package let alpha: Double
    package let effectMin: Double

    /// `WORD`, `WORD:ALPHA` or `WORD:ALPHA:EFFECT`; nil for what begins with no such word.
    init?(_ bare: String, _ text: String) throws(CriterionError) {
        let parts = bare.split(separator: ":", omittingEmptySubsequences: false)
        guard let direction = Direction(rawValue: String(parts[0])) else { return nil }
        let numbers = parts.dropFirst().map { Double($0) }
        guard numbers.count <= 2, numbers.allSatisfy({ number in number.map { $0 > 0 && $0 < 1 } ?? false }) else {
            throw .badDistribution(text)
        }
        self.direction = direction
        alpha = numbers.first.flatMap(\.self) ?? 0.05
        effectMin = numbers.dropFirst().first.flatMap(\.self) ?? MannWhitney.negligibleEffect
    }

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

/// How fast the error budget is used up: the share of bad events over the share that the objective allows (Beyer et
/// al., "The Site Reliability Workbook", chapter 5). At 1 the budget lasts exactly as long as its period.
package struct BurnRateCriterion: Sendable, Hashable {
    static let word = "burn_rate"

    /// Nil: the window of the evaluation.
    package let window: Duration?
    package let comparison: Criterion.Comparison
    package let rate: Double

    init(_ bare: String, _ text: String) throws(CriterionError) {
        var rest = bare.dropFirst(Self.word.count)
        if rest.first == "(" {
            let inner = rest.dropFirst().prefix { $0 != ")" }
            guard let length = Duration(go: inner), length > .zero else { throw .badBurnRate(text) }
            window = length
            rest = rest.dropFirst(inner.count + 2)
        } else {
            window = nil
        }
        guard let criterion = try? Criterion(parsing: String(rest)), case .fixed(let rate) = criterion.bound else {
            throw .badBurnRate(text)
        }
        (comparison, self.rate) = (criterion.comparison, rate)
    }

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
