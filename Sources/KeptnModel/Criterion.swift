/// One criterion of an objective, such as `<600`, `<=+10%` or `>=-5` (K §3.2).
///
/// Without sign and `%` the number is a fixed bound; with either it is a change against the base, the aggregate of the
/// earlier values: `%` without a sign means an increase.
package struct Criterion: Sendable, Hashable {
    package enum Comparison: String, Sendable, CaseIterable {
        case lessOrEqual = "<="
        case less = "<"
        case equal = "="
        case greaterOrEqual = ">="
        case greater = ">"
    }

    package enum Bound: Sendable, Hashable {
        case fixed(Double)
        /// The base plus this.
        case change(Double)
        /// The base plus so many percent of it.
        case changePercent(Double)
    }

    package let comparison: Comparison
    package let bound: Bound

    /// Reads Keptn's grammar. Only blanks are ignored, wherever they stand; numbers are Go's (`Double(go:)`), so that
    /// `<=+-5` means five less than the base.
    package init(parsing text: String) throws(CriterionError) {
        var rest = Substring(text.filter { $0 != " " })
        guard let first = rest.first, "<|=>".contains(first) else { throw .noComparison(text) }
        // `<=` and `>=` stand before the shorter words that they begin with.
        let candidates: [Comparison] = [.lessOrEqual, .less, .equal, .greaterOrEqual, .greater]
        guard let comparison = candidates.first(where: { rest.hasPrefix($0.rawValue) }) else {
            throw .badNumber(text)
        }
        rest = rest.dropFirst(comparison.rawValue.count)
        let isPercent = rest.hasSuffix("%")
        if isPercent { rest = rest.dropLast() }
        let sign = rest.first.flatMap { "+-".contains($0) ? $0 : nil }
        if sign != nil { rest = rest.dropFirst() }
        guard let number = Double(go: String(rest)) else { throw .badNumber(text) }
        let signed = sign == "-" ? -number : number
        self.comparison = comparison
        bound = isPercent ? .changePercent(signed) : sign == nil ? .fixed(number) : .change(signed)
    }

    package var isRelative: Bool {
        if case .fixed = bound { false } else { true }
    }
}

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
        if BurnRateCriterion.isMeant(by: bare) {
            self = .burnRate(try BurnRateCriterion(bare, text))
        } else if let criterion = try DistributionCriterion(bare, text) {
            self = .distribution(criterion)
        } else {
            self = .threshold(try Criterion(parsing: text))
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

    /// An effect below it is negligible (Romano, Kromrey, Coraggio, Skowronek 2006).
    static let negligibleEffect = 0.147

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
        effectMin = numbers.dropFirst().first.flatMap(\.self) ?? Self.negligibleEffect
    }
}

/// How fast the error budget is used up: the share of bad events over the share that the objective allows (Beyer et
/// al., "The Site Reliability Workbook", chapter 5). At 1 the budget lasts exactly as long as its period.
package struct BurnRateCriterion: Sendable, Hashable {
    private static let word = "burn_rate"

    package static func isMeant(by text: String) -> Bool { text.drop { $0 == " " }.hasPrefix(word) }

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
}

/// Why a text is no criterion. The description begins with Keptn's words.
package enum CriterionError: Error, Hashable, Sendable, CustomStringConvertible {
    case noComparison(String)
    case badNumber(String)
    case badDistribution(String)
    case badBurnRate(String)
    case noTarget(String)

    package var description: String {
        let kind =
            if case .badNumber = self { "could not parse criteria target value" } else { "invalid criteria string" }
        return "\(kind): \"\(text)\" \(demand)"
    }

    /// What the text would have to be.
    package var demand: String {
        switch self {
        case .noComparison:
            "must begin with <, <=, =, >= or >, as in <=600, or be similar, not_worse, not_lower or burn_rate<2"
        case .badNumber: "must be a comparison and a number, such as <=+10%"
        case .badDistribution:
            "must be a word, and at most two numbers between 0 and 1 behind colons, as in not_worse:0.05"
        case .badBurnRate: "must be burn_rate, a window or none, a comparison and a number, as in burn_rate(1h)<14.4"
        case .noTarget: "needs the objective's 'target', such as 99.9%"
        }
    }

    private var text: String {
        switch self {
        case .noComparison(let text), .badNumber(let text), .badDistribution(let text), .badBurnRate(let text),
            .noTarget(let text):
            text
        }
    }
}
