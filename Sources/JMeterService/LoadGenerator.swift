import CloudEvents
import Core
import KeptnModel
import Ports

/// Sends a plan's requests as virtual users do: each one after the other, with a pause in between, and the next only
/// when the one before was answered.
struct LoadGenerator: Sendable {
    /// K §2.10.
    private static let reachingAttempts = 3
    private static let reachingPause = Duration.seconds(5)
    private static let reachingTimeout = Duration.seconds(5)

    let requester: any HTTPRequester
    let time: any TimeSource

    /// Nil when something answers at the address, whatever it says.
    func whyUnreachable(_ url: String) async throws -> String? {
        var problem: String?
        for attempt in 1...Self.reachingAttempts {
            if attempt > 1 { try await time.sleep(for: Self.reachingPause) }
            do {
                _ = try await requester.send(OutgoingRequest(url: "\(url)/", timeout: Self.reachingTimeout))
                return nil
            } catch let failure as RequestFailure {
                problem = "\(failure)"
            }
        }
        return problem
    }

    func run(_ plan: TestPlan, _ workload: TestConfiguration.Workload, at url: String) async throws -> LoadReport {
        try await withThrowingTaskGroup(of: LoadReport.self) { group in
            for _ in 0..<workload.virtualUsers {
                group.addTask { try await runUser(plan, workload, at: url) }
            }
            return try await group.reduce(into: LoadReport()) { $0.merge($1) }
        }
    }

    private func runUser(
        _ plan: TestPlan, _ workload: TestConfiguration.Workload, at url: String
    ) async throws -> LoadReport {
        var report = LoadReport()
        for _ in 0..<workload.loopCount {
            for request in plan.requests {
                if report.requests > 0 { try await time.sleep(for: workload.thinkTime) }
                let start = time.now
                let problem = try await problem(with: request, at: url)
                report.record(request.name, latency: time.now - start, problem: problem)
            }
        }
        return report
    }

    /// Nil when the answer was as expected.
    private func problem(with request: TestPlan.Request, at url: String) async throws -> String? {
        let outgoing = OutgoingRequest(
            method: request.method, url: url + request.path, headers: request.headers,
            body: Array((request.body ?? "").utf8), timeout: request.timeout)
        do {
            let answer = try await requester.send(outgoing)
            return request.expect.problem(status: answer.status, body: answer.body)
        } catch let failure as RequestFailure {
            return "\(failure)"
        }
    }
}
