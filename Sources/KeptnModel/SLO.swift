/// Service level objectives (`slo.yaml`): what a quality gate demands of the indicators.
public struct SLO: Sendable, Hashable {
    public var specVersion: String
    public var filter: [(key: String, value: String)]
    /// Nil when the file has no `comparison`: one result, all results, average.
    public var comparison: Comparison?
    public var objectives: [Objective]
    public var totalScore: TotalScore?

    /// Values as they stand in the file; `Core` resolves defaults, as unknown words have a meaning of their own.
    public struct Comparison: Sendable, Hashable {
        public var compareWith: String
        public var includeResultWithScore: String
        public var numberOfComparisonResults: Int
        public var aggregateFunction: String

        public init(
            compareWith: String = "", includeResultWithScore: String = "", numberOfComparisonResults: Int = 0,
            aggregateFunction: String = ""
        ) {
            self.compareWith = compareWith
            self.includeResultWithScore = includeResultWithScore
            self.numberOfComparisonResults = numberOfComparisonResults
            self.aggregateFunction = aggregateFunction
        }
    }

    public struct Objective: Sendable, Hashable {
        public var sli: String
        public var displayName: String
        /// Any of these must hold; within one, all criteria.
        public var pass: [Criteria]
        public var warning: [Criteria]
        /// 0 counts as 1.
        public var weight: Int
        public var keySLI: Bool
        /// Not Keptn's: the share of good events that is promised, such as 0.999; what is left of 1 is the error budget
        /// that criteria with `burn_rate` speak of.
        public var target: Double?

        public init(
            sli: String, displayName: String = "", pass: [Criteria] = [], warning: [Criteria] = [], weight: Int = 1,
            keySLI: Bool = false, target: Double? = nil
        ) {
            self.sli = sli
            self.displayName = displayName
            self.pass = pass
            self.warning = warning
            self.weight = weight
            self.keySLI = keySLI
            self.target = target
        }
    }

    /// One `criteria` list, such as `<=+10%` and `<600`.
    public struct Criteria: Sendable, Hashable {
        public var criteria: [String]
        public init(_ criteria: [String]) { self.criteria = criteria }
    }

    /// Percentages as written: `"90%"`.
    public struct TotalScore: Sendable, Hashable {
        public var pass: String
        public var warning: String
        public init(pass: String, warning: String = "") {
            self.pass = pass
            self.warning = warning
        }
    }

    public init(
        specVersion: String = "1.0", filter: [(key: String, value: String)] = [], comparison: Comparison? = nil,
        objectives: [Objective], totalScore: TotalScore?
    ) {
        self.specVersion = specVersion
        self.filter = filter
        self.comparison = comparison
        self.objectives = objectives
        self.totalScore = totalScore
    }

    public static func == (left: SLO, right: SLO) -> Bool {
        left.specVersion == right.specVersion && left.filter.elementsEqual(right.filter) { $0 == $1 }
            && left.comparison == right.comparison && left.objectives == right.objectives
            && left.totalScore == right.totalScore
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(specVersion)
        hasher.combine(objectives)
    }
}

/// Service level indicators (`PROVIDER/sli.yaml`): a provider's query for each indicator.
public struct SLI: Sendable, Hashable {
    public var specVersion: String
    public var indicators: [String: String]
    /// Those whose query is a request to a JSON API.
    public var requests: [String: SLIWebQuery]

    public init(
        specVersion: String = "1.0", indicators: [String: String], requests: [String: SLIWebQuery] = [:]
    ) {
        self.specVersion = specVersion
        self.indicators = indicators
        self.requests = requests
    }

    /// Adds a more special file, whose indicators count where both have them (K §3.3).
    public mutating func merge(_ special: SLI) {
        for name in special.indicators.keys { requests[name] = nil }
        for name in special.requests.keys { indicators[name] = nil }
        indicators.merge(special.indicators) { $1 }
        requests.merge(special.requests) { $1 }
    }
}
