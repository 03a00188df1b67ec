import CloudEvents
import FoundationEssentials
import KeptnModel
import Ports
import RemoteClients

/// The story of a problem in production: real alerts, one action that does not help, one that does. Every outcome is
/// asked from the API, from Prometheus and from the running service.
struct RemediationDemo {
    static let stage = "production"
    static let resources = [
        "process.yaml", "slo.yaml", "keptn/sli.yaml", "remediation.yaml", "jmeter/jmeter.conf.yaml",
        "jmeter/healthcheck.yaml", "jmeter/functional.yaml",
    ]
    static let secret = "alertmanager"
    /// How many use production, and how long each of them reads what he got.
    static let customers = 12
    static let readingTime = Duration.milliseconds(400)
    static let waitMax = Duration.seconds(120)
    private static let lookInterval = Duration.milliseconds(250)

    let demo: Demo
    let mappings: String
    let programs: MonitoringPrograms
    /// The API's address without `/api`.
    let server: String

    private var terminal: Terminal { demo.terminal }
    private var time: SystemTime { demo.time }

    /// True when every promised outcome was seen.
    func run(_ client: APIClient, hookToken: String) async throws -> Bool {
        let outcomes = Outcomes()
        try await demo.prepare(client)
        try await openHook(client, token: hookToken)
        let hook = "\(server)/api/v1/hook/alertmanager?project=\(Demo.project)"
        return try await programs.run(
            example: demo.example, folder: demo.folder, hook: (hook, hookToken)
        ) {
            try await waitUntil("Prometheus is ready") {
                (try? await Demo.get(programs.prometheusURL + "/-/ready").status) == 200
            }
            try await watchService(client, outcomes)
            _ = try await demo.deliver("v1", client)
            let second = try await demo.deliver("v2", client)
            let production = try await demo.address(in: Self.stage, context: second.context, client)
            outcomes.note(
                "version 2 passes its gate and serves production", try await demo.version(at: production) == "2")
            try await underLoad(production, client, outcomes)
            return outcomes.report(on: terminal)
        }
    }

    private func openHook(_ client: APIClient, token: String) async throws {
        _ = try await client.post(
            "secrets/v1/secret",
            ["name": .string(Self.secret), "scope": "keptn-default", "data": ["token": .string(token)]])
        try await write("eventmappings.yaml", try InputFile.read(mappings), client)
    }

    private func write(_ path: String, _ bytes: [UInt8], _ client: APIClient) async throws {
        _ = try await client.post(
            "resource-service/v1/project/\(Demo.project)/resource",
            [
                "resources": [
                    ["resourceURI": .string(path), "resourceContent": .string(Base64.encode(bytes))]
                ]
            ])
    }

    /// As `keptn configure monitoring prometheus` does.
    private func watchService(_ client: APIClient, _ outcomes: Outcomes) async throws {
        let sent = try await client.post(
            "v1/event",
            [
                "specversion": "1.0", "type": "sh.keptn.event.monitoring.configure", "source": "demo",
                "data": [
                    "type": "prometheus", "project": .string(Demo.project), "service": .string(Demo.service),
                    "alertWindow": "20s", "alertAfter": "2s",
                ],
            ])
        let answer = try await found("the answer of prometheus-service") {
            try await events("configure-monitoring.finished", context: sent.text("keptnContext"), client).first
        }
        terminal.line(answer["data"]?.text("message") ?? "")
        outcomes.note("Prometheus has alert rules for the objectives", answer["data", "result"] == "pass")
        // Its tests are over before Prometheus has looked twice, so the gates ask what the proxy has measured.
        try await write("lighthouse-config.yaml", Array("sli-provider: keptn\n".utf8), client)
    }

    // MARK: - The problem

    private func underLoad(_ production: String, _ client: APIClient, _ outcomes: Outcomes) async throws {
        terminal.line("\n\(Self.customers) customers come to production")
        let customers = (0..<Self.customers).map { _ in
            Customer(url: production + "/carts/demo", pause: Self.readingTime)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for customer in customers { group.addTask { try await customer.run() } }
            try await followProblem(production, client, outcomes)
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
        let failures = customers.reduce(0) { $0 + $1.count.failures }
        let requests = customers.reduce(0) { $0 + $1.count.requests }
        outcomes.note("production answered all \(requests) requests, \(failures) failed", requests > 0 && failures == 0)
    }

    private func followProblem(_ production: String, _ client: APIClient, _ outcomes: Outcomes) async throws {
        let problem = try await found("a problem from Alertmanager") {
            try await events("\(Self.stage).remediation.triggered", context: nil, client).last
        }
        let context = problem.text("shkeptncontext")
        outcomes.note(
            "an alert fired in Prometheus and came through Alertmanager",
            try await alerts() == ["firing"] && problem.text("source").hasPrefix("hook/alertmanager"))
        terminal.line("Problem: \(problem["data", "problem", "problemTitle"]?.stringValue ?? "?")\n")
        let watch = SequenceWatch(client: client, project: Demo.project, context: context, terminal: terminal)
        _ = try await time.withDeadline(Self.waitMax, "the remediation") { try await watch.untilOver() }

        let actions = try await events("get-action.finished", context: context, client).reversed()
            .compactMap { $0["data", "action", "action"]?.stringValue }
        let done = try await events("action.finished", context: context, client).reversed()
        let gates = try await events("evaluation.finished", context: context, client).reversed()
            .compactMap { $0["data", "result"]?.stringValue }
        terminal.line("")
        for action in done { terminal.line("Action: \(action["data"]?.text("message") ?? "")") }
        outcomes.note("two actions were tried: scaling, then rollback", actions == ["scaling", "rollback"])
        outcomes.note("both were carried out", done.map { $0["data", "result"] } == ["pass", "pass"])
        outcomes.note("the gate failed after the first and passed after the second", gates == ["fail", "pass"])
        outcomes.note("production serves version 1 again", try await demo.version(at: production) == "1")
        try await followEnd(of: problem, client, outcomes)
    }

    private func followEnd(of problem: JSON, _ client: APIClient, _ outcomes: Outcomes) async throws {
        terminal.line("Waiting for the alert to be resolved")
        let id = problem["data", "problem", "ProblemID"]
        _ = try await found("the end of the problem") {
            let told = try await client.get(
                "mongodb-datastore/event", ["project": Demo.project, "type": "sh.keptn.events.problem"])
            return told["events"]?.elements.first {
                $0["data", "ProblemID"] == id && $0["data", "State"] == "RESOLVED"
            }
        }
        outcomes.note("Alertmanager told that the problem is over", try await alerts().isEmpty)
        let service = try await client.get(
            "controlPlane/v1/project/\(Demo.project)/stage/\(Self.stage)/service/\(Demo.service)")
        outcomes.note("no remediation is open", service["openRemediations"]?.elements.isEmpty == true)
        let openings = try await events("\(Self.stage).remediation.triggered", context: nil, client)
            .filter { $0.text("source").hasPrefix("hook/") }
        outcomes.note("one problem had one remediation", openings.count == 1)
    }

    /// The states of what Prometheus itself says.
    private func alerts() async throws -> [String] {
        let answer = try await Demo.get(programs.prometheusURL + "/api/v1/alerts")
        let json = try JSON(parsing: answer.body)
        return (json["data", "alerts"]?.elements ?? []).compactMap { $0["state"]?.stringValue }
    }

    // MARK: - Asking

    /// Newest first.
    private func events(_ type: String, context: String?, _ client: APIClient) async throws -> [JSON] {
        var query = ["project": Demo.project, "type": "sh.keptn.event.\(type)"]
        if let context { query["keptnContext"] = context }
        return try await client.get("mongodb-datastore/event", query)["events"]?.elements ?? []
    }

    private func found(_ what: String, _ look: @escaping @Sendable () async throws -> JSON?) async throws -> JSON {
        try await time.withDeadline(Self.waitMax, what) {
            while true {
                if let found = try await look() { return found }
                try await time.sleep(for: Self.lookInterval)
            }
        }
    }

    private func waitUntil(_ what: String, _ isSo: @escaping @Sendable () async throws -> Bool) async throws {
        _ = try await found(what) { try await isSo() ? true : nil }
    }
}
