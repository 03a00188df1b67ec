import ArgumentParser
import CloudEvents
import Core
import KeptnModel
import Ports
import RemoteClients
import Subprocess

/// Quality gates: how many evaluations a second, scored alone and as whole sequences.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure evaluations of 20 SLIs: pure scoring against 10 earlier results, and whole sequences.",
        discussion: """
            The sequences run on projects x stages x services as in Keptn's load test (50 x 5 x 50, 5,000 sequences, \
            one a second there). The SLI provider is 'file', in the server; the first figure is a closed loop on 64 \
            services that compare with 10 earlier results, the second an open loop over all places at a fixed rate.
            """)

    @Option(help: "Evaluations that are only scored.") var scored = 20_000
    @Option(help: "Projects.") var projects = 50
    @Option(help: "Stages of each.") var stages = 5
    @Option(help: "Services of each.") var services = 50
    @Option(help: "Evaluation sequences of each loop.") var count = 5000
    @Option(help: "Sequences a second in the open loop.") var rate = 200.0
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let pure = try scoring()
        let whole = try await withTemporaryFolder { home in
            try await ServerUnderTest.run(
                program: ServerUnderTest.program(keptn), home: home, arguments: ["--sli-provider", "file"]
            ) { server in (try await sequences(server), .terminate) }
        }
        Output.report(pure.merging(whole).setting("conditions", to: Conditions.json), asJSON: json)
    }

    // MARK: Scoring

    /// From the provider's answer and ten earlier verdicts, as bytes, to the verdict's bytes; and the judgement alone.
    private func scoring() throws -> JSON {
        let answer: JSON = [
            "get-sli": ["indicatorValues": .array(GateWorkload.slis.map { SLIValue(metric: $0, value: 100).json })]
        ]
        let slo = GateWorkload.objectives
        let values = try SLIValue.values(ofGetSLIFinished: answer)
        let verdict = Evaluation.evaluate(slo: slo, values: values)
            .evaluationJSON(timeStart: "", timeEnd: "", sloFile: Array(GateWorkload.slo.utf8), gitCommit: nil)
        let earlier = (0..<10).map { ("e\($0)", JSON.object([("evaluation", verdict)])) }
        let known = earlier.compactMap { PreviousEvaluation(eventID: $0.0, data: $0.1) }

        func perSecond(_ body: () throws -> EvaluationOutcome) throws -> JSON {
            for _ in 0..<(scored / 10) { _ = try body() }
            let start = ContinuousClock.now
            var passed = 0
            for _ in 0..<scored where try body().result == .pass { passed += 1 }
            let elapsed = (ContinuousClock.now - start).seconds
            guard passed == scored else { throw KeptnError(.internalFailure, "\(scored - passed) did not pass") }
            return .number((Double(scored) / elapsed).rounded())
        }
        return [
            "scoredPerSecond": try perSecond { Evaluation.evaluate(slo: slo, values: values, previous: known) },
            "scoredWithReadingAndWritingPerSecond": try perSecond {
                let previous = earlier.compactMap { PreviousEvaluation(eventID: $0.0, data: $0.1) }
                let outcome = Evaluation.evaluate(
                    slo: slo, values: try SLIValue.values(ofGetSLIFinished: answer), previous: previous)
                let json = outcome.evaluationJSON(
                    timeStart: "", timeEnd: "", sloFile: Array(GateWorkload.slo.utf8), gitCommit: nil)
                guard !json.bytes.isEmpty else { return .errored("nothing was written") }
                return outcome
            },
        ]
    }

    // MARK: Sequences

    private func sequences(_ server: ServerUnderTest) async throws -> JSON {
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        let places = try await GateWorkload.prepare(
            client, projects: projects, stages: stages, services: services, used: count)
        let driver = try await Driver(
            Workload.plane(server.endpoint, server.token), hearing: "sh.keptn.event.*.evaluation.finished")
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await driver.listen() }
            defer { group.cancelAll() }
            let few = Array(places.prefix(64))
            try await closedLoop(driver, few, 64 * 11)
            let (cpu, start) = (server.cpuMilliseconds, ContinuousClock.now)
            try await closedLoop(driver, few, count)
            let elapsed = (ContinuousClock.now - start).seconds
            let perSequence = (server.cpuMilliseconds - cpu) / Double(count)
            let latencies = try await openLoop(driver, places)
            return [
                "sequencesPerSecond": .number((Double(count) / elapsed).rounded()),
                "cpuMsPerSequence": .number((perSequence * 1000).rounded() / 1000),
                "openLoopRate": .number(rate), "places": .integer(places.count), "count": .integer(count),
                "latencyMs": latencies.json([("p50", 0.5), ("p99", 0.99), ("max", 1)]),
                "peakRSSMB": .number(server.residentMegabytes.peak.rounded()),
            ]
        }
    }

    private func closedLoop(_ driver: Driver, _ places: [Scope], _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for place in places {
                group.addTask {
                    for _ in 0..<(count / places.count) { _ = try await driver.run(GateWorkload.trigger(place)) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func openLoop(_ driver: Driver, _ places: [Scope]) async throws -> Samples {
        let durations = try await OpenLoop.run(rate: rate, count: count) { number, due in
            _ = try await driver.run(GateWorkload.trigger(places[number % places.count]))
            return ContinuousClock.now - due
        }
        return durations.reduce(into: Samples()) { $0.add($1) }
    }
}
