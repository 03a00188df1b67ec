import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Ports
import Synchronization

/// Tests what was deployed (K §2.10): JMeter scripts with JMeter, HTTP plans with the built-in load generator.
///
/// It hears: `test` tasks. It reads the workload and its script from the service's configuration, has it run, says how
/// far it has come, and lets `LoadReport` decide. It answers with the time of the test and where its report is.
package struct JMeterService: Sendable {
    package static let name = "jmeter-service"

    private let workloads: Workloads
    private let generator: LoadGenerator
    private let jmeter: any LoadTool
    private let queue: RunQueue
    private let reports: any TestReports
    private let environment: [String: String]
    private let time: any TimeSource

    /// - Parameters:
    ///   - jmetersMax: How many JMeters run side by side; further tests wait.
    ///   - environment: Of the server: what JMeter scripts get of it is in `JMeterProperties`.
    package init(
        configuration: any ConfigurationListing, requester: any HTTPRequester, jmeter: any LoadTool,
        jmetersMax: Int = 2, reports: any TestReports, environment: [String: String] = [:], time: any TimeSource
    ) {
        workloads = Workloads(configuration: configuration)
        generator = LoadGenerator(requester: requester, time: time)
        self.jmeter = jmeter
        queue = RunQueue(width: jmetersMax)
        self.reports = reports
        self.environment = environment
        self.time = time
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version).on(task: "test", when: isOurs, perform: test).cancelledOnAbort()
    }

    /// wait-service answers for real users.
    private func isOurs(_ task: TaskContext) -> Bool { task.testStrategy != "real-user" }

    private func test(_ task: TaskContext) async throws -> TaskOutcome {
        let begin = time.now
        guard let url = task.deploymentURL else {
            return .errored("there is nothing to test: data.deployment has neither deploymentURIsLocal nor -Public")
        }
        let known = try await workloads.all(of: task.scope, commit: task.gitCommitID)
        guard let workload = known.first(where: { $0.testStrategy == task.testStrategy }) else {
            let names = known.map(\.testStrategy).joined(separator: ", ")
            let message = "nothing tested: there is no workload for '\(task.testStrategy)' (there are \(names))"
            return outcome(.pass, message, task, begin)
        }
        if let problem = try await generator.whyUnreachable(url) {
            return outcome(.fail, "\(url) cannot be reached: \(problem)", task, begin)
        }
        let healthCheck = known.first { $0.testStrategy == "healthcheck" }
        if let healthCheck, healthCheck != workload {
            let check = try await run(healthCheck, at: url, task)
            if check.result == .fail { return try await outcome(of: check, task) }
        }
        // Evaluations look at the time of this one: the health check is no part of it.
        return try await outcome(of: try await run(workload, at: url, task), task)
    }

    /// The time in the queue is no time of the test.
    private func run(
        _ workload: TestConfiguration.Workload, at url: String, _ task: TaskContext
    ) async throws -> TestRun.Summary {
        guard Workloads.isForJMeter(workload.script) else { return try await runNow(workload, at: url, task) }
        return try await queue.run(
            onWait: { before in
                task.report(
                    "\(workload.testStrategy): waits for JMeter; \(before) tests run or wait before it, and "
                        + "\(queue.width) may run at once (--jmeters-max)")
            }, { try await runNow(workload, at: url, task) })
    }

    /// A workload without a script passes.
    private func runNow(
        _ workload: TestConfiguration.Workload, at url: String, _ task: TaskContext
    ) async throws -> TestRun.Summary {
        let run = TestRun(workload, of: task, at: url, time: time)
        guard let script = try await workloads.script(of: workload, for: task.scope, commit: task.gitCommitID) else {
            return run.skipped
        }
        do {
            try await time.withDeadline(workload.timeout, "the test") {
                switch script {
                case .plan(let plan): try await generator.send(plan, workload, at: url, run)
                case .jmeter(let path, let files): try await runJMeter(path, files, workload, at: url, task, run)
                }
            }
            return run.summary(tool: script.tool)
        } catch is DeadlineExceeded {
            return run.summary(tool: script.tool, endedAfter: workload.timeout)
        }
    }

    private func runJMeter(
        _ script: String, _ files: [String: [UInt8]], _ workload: TestConfiguration.Workload, at url: String,
        _ task: TaskContext, _ run: TestRun
    ) async throws {
        guard
            let properties = JMeterProperties.all(
                for: workload, of: task.scope, context: task.contextID, at: url, environment: environment)
        else { throw KeptnError(.invalidInput, "JMeter cannot be sent to '\(url)': an http or https URL is needed") }
        let results = Mutex(JMeterResults())
        try await jmeter.run(LoadToolTest(plan: script, files: files, properties: properties)) { piece in
            let report = try results.withLock { results in
                try results.read(piece)
                return results.report
            }
            run.replace(report)
        }
    }

    private func outcome(of summary: TestRun.Summary, _ task: TaskContext) async throws -> TaskOutcome {
        var link: String?
        if let report = summary.report {
            try await reports.save(Array(report.bytes), id: task.fileName)
            link = "/api/v1/test-reports/\(task.fileName)"
        }
        return outcome(summary.result, summary.message, task, summary.start, report: link)
    }

    private func outcome(
        _ result: KeptnResult, _ message: String, _ task: TaskContext, _ start: Timestamp, report: String? = nil
    ) -> TaskOutcome {
        let test: JSON = .object([
            ("start", .string(start.rfc3339)), ("end", .string(time.now.rfc3339)),
            ("gitCommit", task.gitCommitID.map { .string($0) }), ("report", report.map { .string($0) }),
        ])
        return TaskOutcome(result: result, message: message, data: ["test": test])
    }
}

extension Workloads.Script {
    fileprivate var tool: String {
        switch self {
        case .plan: "keptn"
        case .jmeter: "jmeter"
        }
    }
}

extension TaskContext {
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
