/// The values that a provider has delivered. Each is used once (K §9.3), and found without a search, however many
/// there are.
struct IndicatorSupply {
    /// What nobody has taken.
    private(set) var rest: [SLIValue]
    /// The places of a metric in `rest`.
    private var places: [String: Set<Int>] = [:]

    init(_ values: [SLIValue]) {
        rest = values
        for (index, value) in values.enumerated() { places[value.metric, default: []].insert(index) }
    }

    /// The first value of the metric. Keptn fills the gap with the last one, which decides in which order it names the
    /// ones left over.
    mutating func take(_ metric: String) -> SLIValue? {
        guard let index = places[metric]?.min() else { return nil }
        places[metric]?.remove(index)
        let last = rest.count - 1
        if index != last {
            let moved = rest[last].metric
            places[moved]?.remove(last)
            places[moved]?.insert(index)
            rest.swapAt(index, last)
        }
        return rest.removeLast()
    }
}

/// What earlier evaluations had for one indicator.
struct History {
    var values: [Double] = []
    var samples: [Double] = []
    /// The ids of those that had a value.
    var events: [String] = []

    /// By the indicator.
    static func all(of previous: [PreviousEvaluation]) -> [String: History] {
        var all: [String: History] = [:]
        for evaluation in previous {
            for value in evaluation.values where value.success {
                all[value.metric, default: History()].add(value, of: evaluation.eventID)
            }
        }
        return all
    }

    private mutating func add(_ value: SLIValue, of event: String) {
        values.append(value.value)
        samples += value.samples
        if events.last != event { events.append(event) }
    }
}
