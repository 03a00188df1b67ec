/// A service level objective of the OpenSLO specification, version 1 (https://github.com/OpenSLO/OpenSLO), as far as a
/// quality gate can use it.
public struct OpenSLO: Sendable, Hashable {
    public var name: String
    public var displayName: String
    public var service: String
    public var indicator: Indicator
    public var budgeting: Budgeting
    public var objectives: [Objective]

    public enum Budgeting: String, Sendable, Hashable, CaseIterable {
        case occurrences = "Occurrences"
        case timeslices = "Timeslices"
        case ratioTimeslices = "RatioTimeslices"
    }

    public enum Indicator: Sendable, Hashable {
        /// Good events of all, or all but the bad ones.
        case ratio(part: Query, isGood: Bool, total: Query, countsUp: Bool)
        /// A share that is measured as such: of good events, or of bad ones.
        case share(Query, isGood: Bool)
        /// A value that is good while it is on the right side of each objective's bound.
        case threshold(Query)
    }

    public struct Query: Sendable, Hashable {
        /// What is asked, such as `Prometheus`.
        public var source: String
        public var text: String

        public init(source: String, text: String) {
            self.source = source
            self.text = text
        }
    }

    public struct Objective: Sendable, Hashable {
        public enum Comparison: String, Sendable, Hashable, CaseIterable {
            case lt, lte, gt, gte
        }

        public var displayName: String
        public var comparison: Comparison?
        public var bound: Double?
        /// The promised share, between 0 and 1.
        public var target: Double
        public var sliceTarget: Double?
        public var sliceWindow: Duration?

        public init(
            displayName: String, comparison: Comparison? = nil, bound: Double? = nil, target: Double,
            sliceTarget: Double? = nil, sliceWindow: Duration? = nil
        ) {
            self.displayName = displayName
            self.comparison = comparison
            self.bound = bound
            self.target = target
            self.sliceTarget = sliceTarget
            self.sliceWindow = sliceWindow
        }
    }

    public init(
        name: String, displayName: String = "", service: String = "", indicator: Indicator,
        budgeting: Budgeting = .occurrences, objectives: [Objective]
    ) {
        self.name = name
        self.displayName = displayName
        self.service = service
        self.indicator = indicator
        self.budgeting = budgeting
        self.objectives = objectives
    }
}
