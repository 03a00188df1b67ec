package import CloudEvents
package import KeptnModel

/// One address of a service in a stage.
package struct RouteKey: Sendable, Hashable, CustomStringConvertible {
    package var scope: Scope
    package var kind: RouteKind

    package init(scope: Scope, kind: RouteKind) {
        self.scope = scope
        self.kind = kind
    }

    package var description: String { "\(scope)/\(kind.rawValue)" }
}

/// The traffic of every deployment at every address, so that a canary's figures never mix with the primary's, nor one
/// version's with the next one's. A deployment's figures are kept for the window's time after its end.
package struct TrafficLedger: Sendable {
    /// What each address has had since the start, whoever served it.
    package private(set) var totals: [RouteKey: TrafficTotals] = [:]

    private struct Account {
        let deployment: String
        let begin: Timestamp
        /// Whether it served before, and was measured by a ledger that is gone.
        let isResumed: Bool
        var end: Timestamp?
        var window: TrafficWindow
    }

    /// Oldest first; the last one may be open.
    private var accounts: [RouteKey: [Account]] = [:]
    private let secondsKept: Int
    private let startedAt: Timestamp?

    /// So many deployments of one address are remembered at most.
    package static let accountsMax = 16

    /// - Parameter startedAt: What was started before had traffic that is not known here.
    package init(secondsKept: Int = 3600, startedAt: Timestamp? = nil) {
        self.secondsKept = secondsKept
        self.startedAt = startedAt
    }

    /// From now on this deployment serves the address (nil: none does).
    ///
    /// - Parameter start: Of the deployment.
    package mutating func serve(
        _ deployment: String?, startedAt start: Timestamp? = nil, on route: RouteKey, at now: Timestamp
    ) {
        let isFirst = accounts[route] == nil
        var list = accounts[route] ?? []
        guard list.last(where: { $0.end == nil })?.deployment != deployment else { return }
        if let last = list.indices.last, list[last].end == nil { list[last].end = now }
        list.removeAll { account in account.end.map { $0 + .seconds(secondsKept) <= now } ?? false }
        if let deployment {
            let isOlder = startedAt.map { ledger in start.map { $0 < ledger } ?? false } ?? false
            list.append(
                Account(
                    deployment: deployment, begin: now, isResumed: isFirst && isOlder,
                    window: TrafficWindow(secondsKept: secondsKept)))
        }
        accounts[route] = Array(list.suffix(Self.accountsMax))
    }

    /// A request that ended now. One that ends after its deployment's turn is still counted as that one's.
    package mutating func record(
        _ route: RouteKey, deployment: String, at now: Timestamp, milliseconds: Double, failed: Bool
    ) {
        totals[route, default: TrafficTotals()].record(milliseconds: milliseconds, failed: failed)
        guard let index = accounts[route]?.lastIndex(where: { $0.deployment == deployment }) else { return }
        accounts[route]?[index].window.record(at: now, milliseconds: milliseconds, failed: failed)
    }

    /// See `TrafficMeasurements.summary`.
    package func summary(
        of scope: Scope, deployment name: String?, from: Timestamp, to: Timestamp
    ) -> TrafficSummary? {
        guard let kind = RouteKind(deploymentName: name) else { return nil }
        let list = accounts[RouteKey(scope: scope, kind: kind)] ?? []
        let served = list.last { $0.begin < to && ($0.end ?? to) >= from }
        guard let served else { return nil }
        return served.window.summary(from: from, to: to, knownSince: served.isResumed ? served.begin : nil)
    }
}
