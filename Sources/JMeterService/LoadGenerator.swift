import CloudEvents
import Core
import KeptnModel
import Ports
import Synchronization

/// Sends a plan's requests as virtual users do: each one after the other, with a pause in between, and the next only
/// when the one before was answered; or at a rate, whatever is answered when.
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

    /// Notes every request in the run.
    func send(_ plan: TestPlan, _ workload: TestConfiguration.Workload, at url: String, _ run: TestRun) async throws {
        if let rate = workload.rate, let duration = workload.duration {
            return try await hold(rate, for: duration, plan, workload, at: url, run)
        }
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<workload.virtualUsers {
                group.addTask { try await runUser(plan, workload, at: url, run) }
            }
        }
    }

    private func runUser(
        _ plan: TestPlan, _ workload: TestConfiguration.Workload, at url: String, _ run: TestRun
    ) async throws {
        var isFirst = true
        for _ in 0..<workload.loopCount {
            for request in plan.requests {
                if !isFirst { try await time.sleep(for: workload.thinkTime) }
                isFirst = false
                try await send(request, at: url, countingFrom: time.now, run)
            }
        }
    }

    /// An open loop: each request has its instant, and its latency counts from there. So a service that is too slow
    /// for the rate shows it, also when all who send are busy waiting (coordinated omission, G. Tene).
    private func hold(
        _ rate: Double, for duration: Duration, _ plan: TestPlan, _ workload: TestConfiguration.Workload,
        at url: String, _ run: TestRun
    ) async throws {
        let start = time.now
        let count = max(1, Int(rate * (duration / .seconds(1))))
        let ticks = Ticks()
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<min(workload.virtualUsers, count) {
                group.addTask {
                    while true {
                        let index = ticks.next()
                        guard index < count else { return }
                        let intended = start + .nanoseconds(Int64(Double(index) / rate * 1e9))
                        try await time.sleep(until: intended)
                        let request = plan.requests[index % plan.requests.count]
                        try await send(request, at: url, countingFrom: intended, run)
                    }
                }
            }
        }
    }

    private func send(
        _ request: TestPlan.Request, at url: String, countingFrom start: Timestamp, _ run: TestRun
    ) async throws {
        let problem = try await problem(with: request, at: url)
        run.record(request.name, latency: time.now - start, problem: problem)
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

/// Counts from 0 on, for all who ask.
private final class Ticks: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}
