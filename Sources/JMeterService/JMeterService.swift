import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports

/// Tests what was deployed (K §2.10), with the built-in load generator.
///
/// It hears: `test` tasks. It reads the workload and its plan from the service's configuration, sends the requests, and
/// lets `LoadReport` decide. It answers with the time of the test and what it measured.
package struct JMeterService: Sendable {
    package static let name = "jmeter-service"

    private let workloads: Workloads
    private let generator: LoadGenerator
    private let time: any TimeSource
    private let logger: Logger

    package init(
        configuration: any Configuration, requester: any HTTPRequester, time: any TimeSource, logger: Logger
    ) {
        workloads = Workloads(configuration: configuration)
        generator = LoadGenerator(requester: requester, time: time)
        self.time = time
        self.logger = logger
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version).on(task: "test", when: isOurs, perform: test).cancelledOnAbort()
    }

    /// Real users are somebody else's: Keptn's wait-service answers for them.
    private func isOurs(_ task: TaskContext) -> Bool {
        guard task.strategy == "real-user" else { return true }
        logger.notice(
            "a test by real users is left to others",
            metadata: ["keptn.context": "\(task.contextID)", "event.id": "\(task.event.id)"])
        return false
    }

    private func test(_ task: TaskContext) async throws -> TaskOutcome {
        var start = time.now
        guard let url = task.deploymentURL else {
            return .errored("there is nothing to test: data.deployment has neither deploymentURIsLocal nor -Public")
        }
        let known = try await workloads.all(of: task.scope, commit: task.gitCommitID)
        guard let workload = known.first(where: { $0.testStrategy == task.strategy }) else {
            let names = known.map(\.testStrategy).joined(separator: ", ")
            return outcome(
                .pass, "nothing tested: there is no workload for '\(task.strategy)' (there are \(names))", task, start)
        }
        if let problem = try await generator.whyUnreachable(url) {
            return outcome(.fail, "\(url) cannot be reached: \(problem)", task, start)
        }
        let healthCheck = known.first { $0.testStrategy == "healthcheck" }
        if let healthCheck, healthCheck != workload {
            let verdict = try await run(healthCheck, at: url, task)
            if verdict.result == .fail { return outcome(.fail, verdict.message, task, start) }
        }
        // Evaluations look at this window: the health check is no part of it.
        start = time.now
        let verdict = try await run(workload, at: url, task)
        return outcome(verdict.result, verdict.message, task, start)
    }

    /// A workload without a script passes.
    private func run(
        _ workload: TestConfiguration.Workload, at url: String, _ task: TaskContext
    ) async throws -> (result: KeptnResult, message: String) {
        let strategy = workload.testStrategy
        guard let plan = try await workloads.plan(of: workload, for: task.scope, commit: task.gitCommitID) else {
            return (.pass, "\(strategy): skipped, there is no script '\(workload.script)'")
        }
        let report = try await generator.run(plan, workload, at: url)
        let reasons = report.reasonsToFail(workload)
        var message = "\(strategy): \(report.summary)"
        if !reasons.isEmpty { message += "; failed: " + reasons.joined(separator: "; ") }
        if !report.failures.isEmpty { message += "; first failures: " + report.failures.joined(separator: "; ") }
        return (reasons.isEmpty ? .pass : .fail, message)
    }

    private func outcome(
        _ result: KeptnResult, _ message: String, _ task: TaskContext, _ start: Timestamp
    ) -> TaskOutcome {
        let test: JSON = .object([
            ("start", .string(start.rfc3339)), ("end", .string(time.now.rfc3339)),
            ("gitCommit", task.gitCommitID.map { .string($0) }),
        ])
        return TaskOutcome(result: result, message: message, data: ["test": test])
    }
}

extension TaskContext {
    fileprivate var strategy: String { properties["teststrategy"]?.stringValue ?? "" }

    /// The first local address, else the first public one, without slashes at the end.
    fileprivate var deploymentURL: String? {
        for list in ["deploymentURIsLocal", "deploymentURIsPublic"] {
            let addresses = data["deployment", list]?.elements ?? []
            guard var url = addresses.lazy.compactMap(\.stringValue).first(where: { !$0.isEmpty }) else { continue }
            while url.hasSuffix("/") { url.removeLast() }
            return url.contains("://") ? url : "http://\(url)"
        }
        return nil
    }
}
