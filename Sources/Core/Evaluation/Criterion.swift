import GoTemplate

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

/// Why a text is no criterion. The description begins with Keptn's words.
package enum CriterionError: Error, Hashable, Sendable, CustomStringConvertible {
    case noComparison(String)
    case badNumber(String)
    case badDistribution(String)
    case badBurnRate(String)
    case noTarget(String)

    package var description: String {
        switch self {
        case .noComparison(let text):
            "invalid criteria string: \"\(text)\" must begin with <, <=, =, >= or >, as in <=600"
        case .badNumber(let text):
            "could not parse criteria target value: \"\(text)\" must be a comparison and a number, such as <=+10%"
        case .badDistribution(let text):
            "invalid criteria string: \"\(text)\" must be a word, and at most two numbers between 0 and 1 behind "
                + "colons, as in not_worse:0.05"
        case .badBurnRate(let text):
            "invalid criteria string: \"\(text)\" must be burn_rate, a window or none, a comparison and a number, as "
                + "in burn_rate(1h)<14.4"
        case .noTarget(let text):
            "invalid criteria string: \"\(text)\" needs the objective's 'target', such as 99.9%"
        }
    }
}
