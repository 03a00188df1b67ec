import Assembly
import CloudEvents
import Core
import KeptnModel
import Ports
import RemoteClients

/// Puts an integration through the cases of `ConformanceCase`, over a Keptn that is played for it.
struct IntegrationCheck: Sendable {
    let bench: CheckBench
    let client: APIClient
    let task: String
    /// Whatever the integration wants to find in the data of its task.
    let data: JSON
    /// How long it may take for its first question, and for each answer.
    let patience: Duration

    private static let project = "check"
    private static let stage = "dev"
    private static let sequence = "check"
    /// After the last answer that is expected, unexpected ones have so much time.
    private static let silence = Duration.seconds(1)
    private static let pause = Duration.milliseconds(20)

    private let time = SystemTime()
    private let ids = SystemIDs()

    init(_ bench: CheckBench, task: String, data: JSON, patience: Duration) {
        self.bench = bench
        self.task = task
        self.data = data
        self.patience = patience
        client = APIClient(endpoint: bench.server.apiURL, token: bench.server.token)
    }

    /// A run as it is known so far.
    private struct Run {
        let context: String
        var untested: String?
    }

    /// Throws when nobody asks for the task's events, and when Keptn itself does not work.
    func run(_ isAtWork: @escaping @Sendable (ConformanceCase) -> Void) async throws -> [ConformanceFinding] {
        try await prepare()
        try await waitForIntegration()
        var runs: [(test: ConformanceCase, runs: [Run])] = []
        var services = 0
        for test in ConformanceCase.allCases {
            isAtWork(test)
            runs.append((test, try await perform(test, services: services..<(services + test.runs))))
            services += test.runs
        }
        let repeated = runs.first { $0.test == .handedOutAgain }?.runs.map(\.context) ?? []
        _ = try await waits { repeated.allSatisfy { bench.wasHandedOutAgain($0) } }
        try await time.sleep(for: Self.silence)
        let everything = try await everyAnswer()
        var findings: [ConformanceFinding] = []
        for (test, runs) in runs {
            var seen: [ConformanceRun] = []
            for run in runs { seen.append(try await observed(run, in: test, everything)) }
            findings += test.findings(seen, patience: patience)
        }
        return findings
    }

    // MARK: Keptn's side

    private func prepare() async throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.3
            kind: Shipyard
            metadata: {name: \(Self.project)}
            spec:
              stages:
                - name: \(Self.stage)
                  sequences: [{name: \(Self.sequence), tasks: [{name: \(task)}]}]
            """
        _ = try await client.post(
            "controlPlane/v1/project",
            ["name": .string(Self.project), "shipyard": .string(Base64.encode(shipyard.utf8))])
        // A service for each run: one that never ends does not keep the others waiting.
        for number in 0..<ConformanceCase.allCases.reduce(0, { $0 + $1.runs }) {
            _ = try await client.post(
                "controlPlane/v1/project/\(Self.project)/service", ["serviceName": .string(Self.service(number))])
        }
    }

    private static func service(_ number: Int) -> String { "service-\(number + 1)" }

    private func waitForIntegration() async throws {
        let type = EventType.task(name: task, kind: .triggered).text
        do {
            try await time.withDeadline(patience, "waiting") { try await bench.waitForSubscriber(of: type) }
        } catch is DeadlineExceeded {
            throw KeptnError(
                .unavailable,
                "nobody has asked for \(type) at \(bench.server.apiURL) within \(patience): is the integration "
                    + "running, and does it know address and token?")
        }
    }

    private func perform(_ test: ConformanceCase, services: Range<Int>) async throws -> [Run] {
        var runs = services.map { _ in Run(context: ids.newID()) }
        for (run, service) in zip(runs, services) {
            if test == .handedOutAgain { bench.handOutAgain(run.context) }
            try await client.send([trigger(run.context, Self.service(service), test)])
        }
        if test == .aborted {
            for index in runs.indices { runs[index].untested = try await abort(runs[index].context) }
        }
        for run in runs { _ = try await waits { try await observed(run.context)?.isOver == true } }
        return runs
    }

    private func trigger(_ context: String, _ service: String, _ test: ConformanceCase) -> CloudEvent {
        let place: JSON = [
            "project": .string(Self.project), "stage": .string(Self.stage), "service": .string(service),
        ]
        return CloudEvent(
            keptn: .sequence(stage: Self.stage, name: Self.sequence, kind: .triggered), id: ids.newID(),
            source: "keptn-test", time: time.now, context: context,
            data: place.merging(test.data(data, task: task)))
    }

    /// Aborts a run as soon as its task has started. Why that did not succeed; nil when it did.
    private func abort(_ context: String) async throws -> String? {
        guard try await waits({ try await observed(context)?.starts.isEmpty == false }) else {
            return "it was not started, so that nothing could be aborted"
        }
        _ = try await client.post(
            "controlPlane/v1/sequence/\(Self.project)/\(context)/control", ["state": "abort", "stage": ""])
        let states = try await client.get(
            "controlPlane/v1/sequence/\(Self.project)", ["keptnContext": context])["states"]?.elements
        return states?.first?["state"] == "aborted" ? nil : "it was done before its sequence could be aborted"
    }

    /// False when it is not so within the patience.
    private func waits(_ condition: () async throws -> Bool) async throws -> Bool {
        let end = time.now + patience
        while try await !condition() {
            guard time.now < end else { return false }
            try await time.sleep(for: Self.pause)
        }
        return true
    }

    // MARK: What came of it

    /// Nil as long as the task is not triggered.
    private func observed(_ context: String) async throws -> ConformanceRun? {
        let events = try await client.pages(
            "mongodb-datastore/event", items: "events", ["keptnContext": context, "pageSize": "100"]
        ).reversed().map { try CloudEvent(structured: $0) }
        guard let triggered = events.first(where: { isOfTask($0, [.triggered]) }) else { return nil }
        return ConformanceRun(
            triggered: triggered, answers: events.filter { isOfTask($0, [.started, .finished]) })
    }

    private func observed(
        _ run: Run, in test: ConformanceCase, _ everything: [CloudEvent]
    ) async throws -> ConformanceRun {
        guard var observed = try await observed(run.context) else {
            throw KeptnError(.internalFailure, "Keptn has not triggered '\(task)' in \(run.context)")
        }
        observed.answers += everything.filter {
            $0.triggeredID == observed.triggered.id && $0.keptnContext != run.context
        }
        observed.isUntested = run.untested
        if test == .handedOutAgain, !bench.wasHandedOutAgain(run.context) {
            observed.isUntested = "it never asked again, so that nothing could be handed out again"
        }
        return observed
    }

    /// Also what is in contexts that nobody knows.
    private func everyAnswer() async throws -> [CloudEvent] {
        var events: [CloudEvent] = []
        for kind in [EventType.Kind.started, .finished] {
            let type = EventType.task(name: task, kind: kind).text
            events += try await client.pages(
                "mongodb-datastore/event", items: "events", ["type": type, "pageSize": "100"]
            ).map { try CloudEvent(structured: $0) }
        }
        return events
    }

    private func isOfTask(_ event: CloudEvent, _ kinds: [EventType.Kind]) -> Bool {
        guard case .task(task, let kind)? = event.eventType else { return false }
        return kinds.contains(kind)
    }
}
