import CloudEvents
import Core
import KeptnKit
import KeptnModel
import LighthouseService
import Ports
import Synchronization
import Testing

/// One set of files for every place and commit.
private final class FixedConfiguration: ConfigurationWriting {
    private let files: Mutex<[String: String]>

    init(files: [String: String]) { self.files = Mutex(files) }

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        if place.service == "gone" { throw KeptnError(.notFound, "service gone not found") }
        let file = files.withLock { $0[path] }
        return file.map { ConfigurationFile(path: path, bytes: Array($0.utf8), commit: commit ?? "head") }
    }
    func head(of place: ConfigurationPlace) async throws -> String { "head" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }
    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        throw KeptnError(.notFound, "no shipyard here")
    }
    func write(_ written: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace) async throws -> String {
        for (path, bytes) in written { files.withLock { $0[path] = String(decoding: bytes, as: UTF8.self) } }
        return "head"
    }
}

private let slo = """
    comparison:
      compare_with: single_result
      include_result_with_score: pass
    filter:
      zone: eu
    objectives:
    - sli: response_time_p95
      pass:
      - criteria: ["<=+10%", "<200"]
    total_score:
      pass: "90%"
    """

@Suite("Lighthouse", .timeLimit(.minutes(5)))
struct LighthouseServiceTests {
    private static let window: JSON = [
        "test": ["start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:01:00.000Z"],
        "deployment": ["deploymentNames": ["canary"]],
    ]

    private static func lighthouse(
        _ bench: IntegrationBench, slo: String?, in file: String = "slo.yaml", provider: String = "fake"
    ) -> Integration {
        LighthouseService(
            configuration: FixedConfiguration(files: slo.map { [file: $0] } ?? [:]), queries: bench.store,
            time: bench.time, sliProvider: provider
        ).integration(version: "1")
    }

    /// Answers `get-sli` as a provider would.
    private static func answer(_ bench: IntegrationBench, to request: CloudEvent, _ data: JSON) async throws {
        let common: JSON = [
            "project": "sockshop", "stage": "dev", "service": "carts", "status": "succeeded", "result": "pass",
            "get-sli": ["start": request.json?["get-sli", "start"], "end": request.json?["get-sli", "end"]],
        ]
        try await bench.store.append([
            CloudEvent(
                keptn: .task(name: "get-sli", kind: .finished), id: "answer to \(request.id)", source: "fake",
                time: bench.time.now, context: request.keptnContext ?? "", triggeredID: request.id,
                data: common.merging(data))
        ])
    }

    private static func value(_ number: Double) -> JSON {
        ["get-sli": ["indicatorValues": [["metric": "response_time_p95", "value": .number(number), "success": true]]]]
    }

    @Test("It asks the provider for the objectives' indicators of the test's time, and scores the answer")
    func scores() async throws {
        let bench = IntegrationBench()
        try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
        try await bench.running(Self.lighthouse(bench, slo: slo)) {
            try await bench.store.append([bench.triggered("evaluation", id: "e1", data: Self.window)])
            let asked = try await bench.event { $0.type == "sh.keptn.event.get-sli.triggered" }
            #expect(asked.json?["get-sli", "sliProvider"] == "fake")
            #expect(asked.json?["get-sli", "start"] == "2026-01-31T12:00:00.000Z")
            #expect(asked.json?["get-sli", "indicators"] == ["response_time_p95"])
            #expect(asked.json?["get-sli", "customFilters"] == [["key": "zone", "value": "eu"]])
            #expect(asked.json?["deployment"] == "canary")
            try await Self.answer(bench, to: asked, Self.value(100))
            let first = try await bench.event("evaluation.finished", answering: "e1")
            #expect(first.json?["result"] == "pass")
            #expect(first.json?["evaluation", "score"] == 100)

            try await bench.store.append([bench.triggered("evaluation", id: "e2", data: Self.window)])
            let again = try await bench.event {
                $0.type == "sh.keptn.event.get-sli.triggered" && $0.id != asked.id
            }
            try await Self.answer(bench, to: again, Self.value(150))
            let second = try await bench.event("evaluation.finished", answering: "e2")
            #expect(second.json?["result"] == "fail")
            #expect(second.json?["evaluation", "comparedEvents"] == [.string(first.id)])
            let message = second.json?["message"]?.stringValue ?? ""
            #expect(message.contains("response_time_p95") && message.contains("150"), "\(message)")
        }
    }

    @Test("Objectives of Keptn 0.5 are an SLO too")
    func oldObjectives() async throws {
        let bench = IntegrationBench()
        try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
        let old = "pass: 90\nobjectives:\n- {metric: response_time_p95, threshold: 200, timeframe: 5m, score: 100}"
        try await bench.running(Self.lighthouse(bench, slo: old, in: "service-objectives.yaml")) {
            var asked: Set<String> = []
            for (id, value, verdict) in [("e1", 150, "pass"), ("e2", 250, "fail")] as [(String, Double, String)] {
                try await bench.store.append([bench.triggered("evaluation", id: id, data: Self.window)])
                let request = try await bench.event {
                    $0.type == "sh.keptn.event.get-sli.triggered" && !asked.contains($0.id)
                }
                asked.insert(request.id)
                #expect(request.json?["get-sli", "indicators"] == ["response_time_p95"])
                try await Self.answer(bench, to: request, Self.value(value))
                let finished = try await bench.event("evaluation.finished", answering: id)
                #expect(finished.json?["result"]?.stringValue == verdict)
            }
        }
    }

    @Test("A project's provider is the one that monitoring.configure named last, in every later evaluation")
    func choosesProvider() async throws {
        let bench = IntegrationBench()
        try await bench.open(
            LighthouseService.name, "sh.keptn.event.evaluation.triggered", "sh.keptn.event.monitoring.configure")
        try await bench.running(Self.lighthouse(bench, slo: slo)) {
            for (number, provider) in ["prometheus", "data: dog"].enumerated() {
                let chosen = try await bench.store.append([
                    CloudEvent(
                        id: "choice \(number)", source: "cli", type: "sh.keptn.event.monitoring.configure",
                        data: .json(["project": "sockshop", "type": .string(provider)]))
                ])
                try await bench.settled(LighthouseService.name, upTo: try #require(chosen.last).position.value)
                try await bench.store.append([bench.triggered("evaluation", id: "e\(number)", data: Self.window)])
                let asked = try await bench.event {
                    $0.type == "sh.keptn.event.get-sli.triggered"
                        && $0.json?["get-sli", "sliProvider"]?.stringValue == provider
                }
                try await Self.answer(bench, to: asked, Self.value(100))
                _ = try await bench.event("evaluation.finished", answering: "e\(number)")
            }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var name: String
        var data: JSON
        var slo: String?
        var provider = "fake"
        var status = "errored"
        var result = "fail"
        var says: String
        var testDescription: String { name }
    }

    private static let refusals: [Refusal] = [
        Refusal(
            name: "no time", data: .emptyObject, slo: slo,
            says: "evaluation.triggered event does not contain evaluation timeframe"),
        Refusal(
            name: "end and timeframe",
            data: ["evaluation": ["start": "2026-01-31T12:00:00Z", "end": "2026-01-31T12:05:00Z", "timeframe": "5m"]],
            slo: slo, says: "'end' and 'timeframe' are mutually exclusive"),
        Refusal(
            name: "a number for a time", data: ["evaluation": ["start": 5, "timeframe": "5m"]], slo: slo,
            says: "start has to be a text, not 5"),
        Refusal(
            name: "broken objectives", data: window, slo: "objectives: 3",
            says:
                "error retrieving SLO file: Could not parse SLO file for service carts in stage dev in project sockshop"
        ),
        Refusal(
            name: "no provider", data: window, slo: slo, provider: "", status: "succeeded", result: "pass",
            says: "no evaluation performed by lighthouse because no SLI-provider configured for project sockshop"),
    ]

    @Test("What cannot be evaluated is answered with the reason", arguments: refusals)
    func refuses(_ test: Refusal) async throws {
        let bench = IntegrationBench()
        try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
        try await bench.running(Self.lighthouse(bench, slo: test.slo, provider: test.provider)) {
            try await bench.store.append([bench.triggered("evaluation", data: test.data)])
            let finished = try await bench.event("evaluation.finished")
            #expect(finished.json?["status"]?.stringValue == test.status)
            #expect(finished.json?["result"]?.stringValue == test.result)
            let message = finished.json?["message"]?.stringValue ?? ""
            #expect(message.hasPrefix(test.says), "\(message)")
        }
    }

    @Test("A provider of the project's own whose file is broken ends the evaluation, which would wait for nobody")
    func brokenProvider() async throws {
        let bench = IntegrationBench()
        let lighthouse = LighthouseService(
            configuration: PlacedFiles([
                "sockshop/dev/carts/slo.yaml": slo,
                "sockshop/prometheus-eu/provider.yaml": "kind: prometheus\nurl: ftp://p",
            ]), queries: bench.store, time: bench.time, sliProvider: "prometheus-eu"
        ).integration(version: "1")
        try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
        try await bench.running(lighthouse) {
            try await bench.store.append([bench.triggered("evaluation", data: Self.window)])
            let finished = try await bench.event("evaluation.finished")
            #expect(finished.json?["status"] == "errored")
            let message = finished.json?["message"]?.stringValue ?? ""
            let says =
                "error retrieving the SLI provider of project sockshop: sockshop/prometheus-eu/provider.yaml:2:6"
            #expect(message.hasPrefix(says), "\(message)")
        }
    }

    @Test("A provider that fails makes the evaluation fail, and one that errs makes it err")
    func providerFailure() async throws {
        for (status, result, expected) in [("succeeded", "fail", "succeeded"), ("errored", "fail", "errored")] {
            let bench = IntegrationBench()
            try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
            try await bench.running(Self.lighthouse(bench, slo: slo)) {
                try await bench.store.append([bench.triggered("evaluation", data: Self.window)])
                let asked = try await bench.event { $0.type == "sh.keptn.event.get-sli.triggered" }
                try await Self.answer(
                    bench, to: asked,
                    Self.value(1).merging(["status": .string(status), "result": .string(result), "message": "no luck"]))
                let finished = try await bench.event("evaluation.finished")
                #expect(finished.json?["status"]?.stringValue == expected)
                #expect(finished.json?["result"] == "fail")
                #expect(finished.json?["message"]?.stringValue?.contains("no luck") == true)
            }
        }
    }

    @Test("The provider keptn answers with the proxy's figures, and leaves other providers' requests alone")
    func ownProvider() async throws {
        let bench = IntegrationBench()
        let router = InMemoryTrafficRouter(time: bench.time)
        let scope = Scope(project: "sockshop", stage: "dev", service: "carts")
        let route = RouteKey(scope: scope, kind: .primary)
        _ = try await router.open(route, port: nil)
        await router.setUpstreams(Upstreams(deployment: "d1", endpoints: [Endpoint(port: 1)]), of: route)
        let start = bench.time.now
        for number in 1...100 { router.record(route, milliseconds: Double(number), failed: number == 100) }
        let provider = KeptnSLIProvider(
            configuration: FixedConfiguration(files: [
                "keptn/sli.yaml": "spec_version: '1.0'\nindicators:\n  slowest: response_time_p99\n  odd: nonsense\n"
            ]), measurements: router
        ).integration(version: "1")
        try await bench.open(provider.name, "sh.keptn.event.get-sli.triggered")
        func request(_ id: String, _ provider: String) -> CloudEvent {
            bench.triggered(
                "get-sli", id: id,
                data: [
                    "get-sli": [
                        "sliProvider": .string(provider), "start": .string((start - .seconds(1)).rfc3339),
                        "end": .string((start + .seconds(1)).rfc3339), "indicators": ["slowest", "error_rate", "odd"],
                    ]
                ])
        }
        try await bench.running(provider) {
            try await bench.store.append([request("other", "prometheus"), request("ours", "keptn")])
            let finished = try await bench.event("get-sli.finished", answering: "ours")
            let values = finished.json?["get-sli", "indicatorValues"]?.elements ?? []
            #expect(values.count == 3)
            #expect(abs((values.first?["value"]?.doubleValue ?? 0) - 99) < 2)
            #expect(values.dropFirst().first?["value"]?.doubleValue == 0.01)
            #expect(values.last?["success"] == false)
            #expect(values.last?["message"]?.stringValue?.contains("response_time_p50") == true)
            var query = EventQuery()
            query.triggeredID = "other"
            #expect(try await bench.store.page(query).total == 0)
        }
    }
}
