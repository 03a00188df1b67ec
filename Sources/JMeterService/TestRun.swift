import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Ports
import Synchronization

/// One workload while it runs: what was measured so far, told now and then, and what it comes to.
final class TestRun: Sendable {
    /// What is known at the end.
    struct Summary: Sendable {
        let start: Timestamp
        let result: KeptnResult
        let message: String
        /// Nil where nothing ran.
        let report: JSON?
    }

    /// So often it says how far it has come, at most: when something was measured.
    private static let sayingPause = Duration.seconds(10)

    private let workload: TestConfiguration.Workload
    private let task: TaskContext
    private let url: String
    private let time: any TimeSource
    private let start: Timestamp
    private let state: Mutex<(report: LoadReport, saidAt: Timestamp)>

    init(_ workload: TestConfiguration.Workload, of task: TaskContext, at url: String, time: any TimeSource) {
        self.workload = workload
        self.task = task
        self.url = url
        self.time = time
        start = time.now
        state = Mutex((LoadReport(), time.now))
    }

    func record(_ name: String, latency: Duration, problem: String?) {
        update { $0.record(name, latency: latency, problem: problem) }
    }

    func replace(_ report: LoadReport) { update { $0 = report } }

    private func update(_ change: (inout LoadReport) -> Void) {
        let now = time.now
        let news: LoadReport? = state.withLock { state in
            change(&state.report)
            guard now - state.saidAt >= Self.sayingPause else { return nil }
            state.saidAt = now
            return state.report
        }
        guard let news else { return }
        task.report(
            "\(workload.testStrategy): so far \(news.summary)",
            data: ["test": ["requests": .integer(news.requests), "errors": .integer(news.errors)]])
    }

    // MARK: - The end

    var skipped: Summary {
        let message = "\(workload.testStrategy): skipped, there is no script '\(workload.script)'"
        return Summary(start: start, result: .pass, message: message, report: nil)
    }

    /// - Parameters:
    ///   - tool: What has sent the requests.
    ///   - timeout: Set when it was ended because it did not end by itself.
    func summary(tool: String, endedAfter timeout: Duration? = nil) -> Summary {
        let report = state.withLock { $0.report }
        var reasons = report.reasonsToFail(workload)
        if let timeout { reasons.insert("it did not end within \(timeout.go)", at: 0) }
        var message = "\(workload.testStrategy): \(report.summary)"
        if !reasons.isEmpty { message += "; failed: " + reasons.joined(separator: "; ") }
        if !report.failures.isEmpty { message += "; first failures: " + report.failures.joined(separator: "; ") }
        let result: KeptnResult = reasons.isEmpty ? .pass : .fail
        let end = time.now
        let about: JSON = .object([
            ("id", .string(task.event.id)), ("shkeptncontext", .string(task.contextID)),
            ("project", .string(task.scope.project)), ("stage", .string(task.scope.stage)),
            ("service", .string(task.scope.service)), ("teststrategy", .string(workload.testStrategy)),
            ("script", .string(workload.script)), ("tool", .string(tool)), ("url", .string(url)),
            ("start", .string(start.rfc3339)), ("end", .string(end.rfc3339)), ("result", .string(result.rawValue)),
            ("reasons", .array(reasons.map { .string($0) })),
        ])
        return Summary(
            start: start, result: result, message: message, report: about.merging(report.json(over: end - start)))
    }
}
