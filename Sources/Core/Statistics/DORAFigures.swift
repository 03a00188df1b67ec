package import CloudEvents
package import KeptnModel

/// The four figures of software delivery (N. Forsgren, J. Humble, G. Kim: Accelerate, 2018; dora.dev) of one service in
/// one stage and one stretch of time. docs/statistics.md has the definitions.
package struct DORAFigures: Sendable, Hashable {
    package let scope: Scope
    /// Deployments that went well.
    package private(set) var deployments = 0
    /// The same by day.
    package private(set) var deploymentsPerDay = 0.0
    /// From the first event of an artifact to its deployment, each.
    package private(set) var leadTimes: [Duration] = []
    /// Deployments that failed, or led to a failure.
    package private(set) var failures = 0
    /// All deployments that were tried.
    package private(set) var changes = 0
    /// From a failure to the next good state, each, where there was one.
    package private(set) var restoreTimes: [Duration] = []
    /// Failures after which nothing has been good yet.
    package private(set) var openFailures = 0

    package var leadTime: Duration? { leadTimes.median }
    package var timeToRestore: Duration? { restoreTimes.median }
    /// 0...1; nil without any change.
    package var changeFailureRate: Double? { changes == 0 ? nil : Double(failures) / Double(changes) }

    /// The figures of every place in which something was deployed, or failed, within `from..<to`, sorted.
    ///
    /// - Parameter facts: Also those from before, and of other stages: artifacts and failures come from there.
    package static func all(_ facts: [DeliveryFact], from: Timestamp, to: Timestamp) -> [DORAFigures] {
        let births = births(facts)
        let places = Dictionary(grouping: facts, by: \.scope)
        return places.map { scope, facts in
            DORAFigures(scope: scope, facts, births, from: from, to: to)
        }
        .filter { $0.changes > 0 || !$0.restoreTimes.isEmpty || $0.openFailures > 0 }
        .sorted { $0.order.lexicographicallyPrecedes($1.order) }
    }

    private var order: [String] { [scope.project, scope.stage, scope.service] }

    private init(scope: Scope, _ facts: [DeliveryFact], _ births: Births, from: Timestamp, to: Timestamp) {
        self.scope = scope
        let range = from..<to
        let deployedAt = facts.compactMap { $0.deployment?.at }.sorted()
        let repairedAt = facts.filter { $0.sequence == Self.remediation }.map(\.triggeredAt).sorted()
        for fact in facts {
            guard let deployment = fact.deployment, range.contains(deployment.at) else { continue }
            changes += 1
            let next = deployedAt.first(after: deployment.at) ?? .distantFuture
            let isRepaired = repairedAt.first(from: deployment.at).map { $0 < next } ?? false
            // The deployment itself, or the rest of its sequence; or a repair was needed before the next deployment.
            if !deployment.isGood || fact.end?.isGood == false || isRepaired { failures += 1 }
            guard deployment.isGood else { continue }
            deployments += 1
            leadTimes.append(deployment.at - births.birth(of: fact))
        }
        let days = (to - from) / .seconds(86_400)
        deploymentsPerDay = days > 0 ? Double(deployments) / days : 0
        countRestores(facts, range)
    }

    /// One failure is open at a time: what fails while it is open belongs to it.
    private mutating func countRestores(_ facts: [DeliveryFact], _ range: Range<Timestamp>) {
        var changes: [(at: Timestamp, isGood: Bool)] = []
        for fact in facts {
            if fact.sequence == Self.remediation { changes.append((fact.triggeredAt, false)) }
            let matters = fact.deployment != nil || fact.sequence == Self.remediation || fact.sequence == Self.rollback
            if let deployment = fact.deployment, !deployment.isGood { changes.append((deployment.at, false)) }
            if matters, let end = fact.end { changes.append((end.at, end.isGood)) }
        }
        var brokenSince: Timestamp?
        for change in changes.sorted(by: { ($0.at, $0.isGood ? 1 : 0) < ($1.at, $1.isGood ? 1 : 0) }) {
            guard change.at < range.upperBound else { break }
            if !change.isGood {
                brokenSince = brokenSince ?? change.at
            } else if let since = brokenSince {
                if range.contains(change.at) { restoreTimes.append(change.at - since) }
                brokenSince = nil
            }
        }
        openFailures = brokenSince == nil ? 0 : 1
    }

    private static let remediation = "remediation"
    private static let rollback = "rollback"

    // MARK: - Artifacts

    /// When each artifact of a service was first heard of.
    private struct Births {
        var artifacts: [String: Timestamp] = [:]
        var contexts: [String: Timestamp] = [:]

        static func key(_ fact: DeliveryFact) -> String? {
            fact.artifact.map { "\(fact.scope.project)\n\(fact.scope.service)\n\($0)" }
        }

        func birth(of fact: DeliveryFact) -> Timestamp {
            let known = [Self.key(fact).flatMap { artifacts[$0] }, contexts[fact.context]].compactMap(\.self).min()
            return known ?? fact.triggeredAt
        }
    }

    private static func births(_ facts: [DeliveryFact]) -> Births {
        var births = Births()
        for fact in facts {
            births.contexts[fact.context] = min(births.contexts[fact.context] ?? fact.triggeredAt, fact.triggeredAt)
            guard let key = Births.key(fact) else { continue }
            births.artifacts[key] = min(births.artifacts[key] ?? fact.triggeredAt, fact.triggeredAt)
        }
        return births
    }
}

extension DORAFigures {
    /// As the API shows it; times are in seconds.
    package var json: JSON {
        .object([
            ("project", .string(scope.project)), ("stage", .string(scope.stage)), ("service", .string(scope.service)),
            ("deployments", .integer(deployments)), ("deploymentsPerDay", .number(deploymentsPerDay)),
            ("leadTimeSeconds", leadTime.map { .number($0 / .seconds(1)) } ?? .null),
            ("changes", .integer(changes)), ("failures", .integer(failures)),
            ("changeFailureRate", changeFailureRate.map { .number($0) } ?? .null),
            ("timeToRestoreSeconds", timeToRestore.map { .number($0 / .seconds(1)) } ?? .null),
            ("restores", .integer(restoreTimes.count)), ("openFailures", .integer(openFailures)),
        ])
    }
}

extension [Duration] {
    /// The middle one, or the middle of the two in the middle; nil without any.
    fileprivate var median: Duration? {
        let sorted = sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}

extension [Timestamp] {
    /// Of sorted ones.
    fileprivate func first(after instant: Timestamp) -> Timestamp? { firstSorted { $0 > instant } }
    fileprivate func first(from instant: Timestamp) -> Timestamp? { firstSorted { $0 >= instant } }

    private func firstSorted(where isBehind: (Timestamp) -> Bool) -> Timestamp? {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low < endIndex ? self[low] : nil
    }
}

extension Timestamp {
    fileprivate static let distantFuture = Timestamp(nanoseconds: .max)
}
