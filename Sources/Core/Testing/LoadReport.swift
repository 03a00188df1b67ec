package import KeptnModel

/// What a load test has measured: how many requests, how long they took, and which ones failed.
package struct LoadReport: Sendable, Hashable {
    /// So many failures are kept in words.
    package static let failuresMax = 5

    package private(set) var latencies = LatencyHistogram()
    package private(set) var errors = 0
    /// The first failures, each kind once.
    package private(set) var failures: [String] = []
    /// The same by the requests' names, in the order in which they were first seen.
    package private(set) var parts: [Part] = []

    /// So many names are told apart; what comes beyond them is counted under `othersName`.
    package static let partsMax = 200
    package static let othersName = "(others)"

    /// What is known of one request of the plan.
    package struct Part: Sendable, Hashable {
        package let name: String
        package fileprivate(set) var latencies = LatencyHistogram()
        package fileprivate(set) var errors = 0
    }

    package init() {}

    package var requests: Int { latencies.count }

    /// The average response time in milliseconds over all requests, the failed ones too; 0 without any.
    package var average: Double { requests == 0 ? 0 : latencies.sum / Double(requests) }

    /// - Parameters:
    ///   - name: The request's name in its plan.
    ///   - problem: What was wrong with the answer; nil when it was as expected.
    package mutating func record(_ name: String, latency: Duration, problem: String?) {
        latencies.record(latency)
        let part = part(name)
        parts[part].latencies.record(latency)
        guard let problem else { return }
        errors += 1
        parts[part].errors += 1
        keep("\(name): \(problem)")
    }

    package mutating func merge(_ other: LoadReport) {
        latencies.merge(other.latencies)
        errors += other.errors
        for theirs in other.parts {
            let part = part(theirs.name)
            parts[part].latencies.merge(theirs.latencies)
            parts[part].errors += theirs.errors
        }
        for failure in other.failures { keep(failure) }
    }

    private mutating func part(_ name: String) -> Int {
        if let known = parts.firstIndex(where: { $0.name == name }) { return known }
        guard parts.count < Self.partsMax || name == Self.othersName else { return part(Self.othersName) }
        parts.append(Part(name: name))
        return parts.count - 1
    }

    private mutating func keep(_ failure: String) {
        if failures.count < Self.failuresMax, !failures.contains(failure) { failures.append(failure) }
    }

    /// Why the test fails; empty when it passes (jmeter-service 0.18.1): a functional test with any error, more errors
    /// than the accepted share of the requests, an average above the limit.
    package func reasonsToFail(_ workload: TestConfiguration.Workload) -> [String] {
        var reasons: [String] = []
        let accepted = workload.acceptedErrorRate * Double(requests)
        if workload.testStrategy == "functional", errors > 0 {
            reasons.append("a functional test accepts no errors")
        } else if Double(errors) > accepted {
            reasons.append("accepted are errors in \(percent(workload.acceptedErrorRate)) of the requests")
        }
        let limit = workload.averageResponseTimeMillisecondsMax
        if limit > 0, average > Double(limit) {
            reasons.append("the average response time of \(milliseconds(average)) is above \(limit) ms")
        }
        return reasons
    }

    /// One sentence for people: `30 requests, 3 errors (10 %), average 12.5 ms, 95 % within 40 ms`.
    package var summary: String {
        var text = "\(requests) requests, \(errors) errors"
        if errors > 0 { text += " (\(percent(Double(errors) / Double(max(requests, 1)))))" }
        text += ", average \(milliseconds(average))"
        if let most = latencies.quantile(0.95) { text += ", 95 % within \(milliseconds(most))" }
        return text
    }
}

private func percent(_ share: Double) -> String { "\(rounded(share * 100)) %" }
private func milliseconds(_ value: Double) -> String { "\(rounded(value)) ms" }

/// With one digit after the point, or none where it is 0.
private func rounded(_ value: Double) -> String {
    let tenths = Int(min(max(value * 10, 0), 1e15).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
}
