import CloudEvents
import Core
import IndicatorSources
import KeptnKit
import KeptnModel
import LighthouseService
import Ports
import Testing

/// Providers with sources whose servers the test plays.
@Suite("SLI providers", .timeLimit(.minutes(5)))
struct SLIProviderTests {
    private let bench = IntegrationBench()
    private let secrets = InMemorySecretStore()

    private func request(_ provider: String, _ indicators: [String], id: String = "t1") -> CloudEvent {
        bench.triggered(
            "get-sli", id: id,
            data: [
                "get-sli": [
                    "sliProvider": .string(provider), "start": "2026-01-31T12:00:00Z", "end": "2026-01-31T12:05:00Z",
                    "indicators": .array(indicators.map { .string($0) }),
                ],
                "labels": ["version": "v1"],
            ])
    }

    /// Runs a provider on the files with one request; what it answers.
    private func answer(
        to request: CloudEvent, _ source: any IndicatorSource, files: [String: String]
    ) async throws -> JSON {
        let provider = SLIProvider(
            source: source, configuration: PlacedFiles(files), secrets: secrets, time: bench.time
        ).integration(version: "1")
        try await bench.open(provider.name, "sh.keptn.event.get-sli.triggered")
        var answer = JSON.null
        try await bench.running(provider) {
            try await bench.store.append([request])
            answer = try #require(try await bench.event("get-sli.finished", answering: request.id).json)
        }
        return answer
    }

    private static func prometheus(_ answer: String = #"[1700000000,"7"]"#) -> InMemoryHTTPRequester {
        InMemoryHTTPRequester { _ in
            let body = #"{"status":"success","data":{"resultType":"scalar","result":\#(answer)}}"#
            return IncomingResponse(status: 200, body: Array(body.utf8))
        }
    }

    /// The queries that were sent, decoded as far as the test needs.
    private static func queries(_ requester: InMemoryHTTPRequester) -> [String] {
        requester.requests.map { request in
            let form = String(decoding: request.body, as: UTF8.self).split(separator: "&")
            return form.first { $0.hasPrefix("query=") }.map { String($0.dropFirst(6)) } ?? ""
        }.sorted()
    }

    @Test("The queries of project, stage and service are one; the more special counts")
    func threeLevels() async throws {
        let requester = Self.prometheus()
        let answer = try await answer(
            to: request("prometheus", ["a", "b", "c"]), PrometheusSource(requester: requester),
            files: [
                "sockshop/prometheus/provider.yaml": "url: http://p:9090",
                "sockshop/prometheus/sli.yaml": "indicators: {a: project, b: project, c: project}",
                "sockshop/dev/prometheus/sli.yaml": "indicators: {b: stage, c: stage}",
                "sockshop/dev/carts/prometheus/sli.yaml": "indicators: {c: $LABEL.version}",
            ])
        #expect(answer["result"] == "pass" && answer["status"] == "succeeded")
        #expect(answer["get-sli", "indicatorValues"]?.elements.map { $0["value"] } == [7, 7, 7])
        #expect(Self.queries(requester) == ["project", "stage", "v1"])
        #expect(requester.requests.allSatisfy { $0.url == "http://p:9090/api/v1/query" })
    }

    @Test("A provider of another name is found by its kind, and the secret comes from the store")
    func named() async throws {
        try await secrets.save(["token": "t-1"], as: SecretName("prom", scope: "keptn-prometheus-service"))
        let requester = Self.prometheus()
        let answer = try await answer(
            to: request("prometheus-eu", ["a"]), PrometheusSource(requester: requester),
            files: [
                "sockshop/prometheus-eu/provider.yaml":
                    "kind: prometheus\nurl: https://eu\n"
                    + "authentication: {type: bearer, secret: {name: prom, key: token}}\n",
                "sockshop/prometheus-eu/sli.yaml": "indicators: {a: up}",
            ])
        #expect(answer["result"] == "pass")
        #expect(requester.requests.first?.headers["Authorization"] == "Bearer t-1")
        #expect(answer.text.contains("t-1") == false)
    }

    @Test(
        "What cannot be asked ends errored, with the reason",
        arguments: [
            ("prometheus", [:], "'url'"),
            (
                "prometheus", ["sockshop/prometheus/provider.yaml": "url: ftp://p"],
                "sockshop/prometheus/provider.yaml:1:6"
            ),
            (
                "prometheus",
                [
                    "sockshop/prometheus/provider.yaml":
                        "url: http://p\nauthentication: {type: bearer, secret: {name: gone, key: token}}"
                ], "there is no secret 'gone' with a key 'token'"
            ),
            (
                "prometheus",
                [
                    "sockshop/prometheus/provider.yaml": "url: http://p",
                    "sockshop/dev/carts/prometheus/sli.yaml": "indicators: [a]",
                ], "sockshop/dev/carts/prometheus/sli.yaml:1:13"
            ),
        ])
    func errored(_ provider: String, _ files: [String: String], _ reason: String) async throws {
        let answer = try await answer(
            to: request(provider, ["a"]), PrometheusSource(requester: Self.prometheus()), files: files)
        #expect(answer["status"] == "errored" && answer["result"] == "fail")
        #expect(answer["message"]?.stringValue?.contains(reason) == true, "\(answer)")
    }

    @Test("Measurements that a CI job has stored with the service are read")
    func file() async throws {
        let answer = try await answer(
            to: request("file", ["slow", "errors", "none"]), FileSource(),
            files: [
                "sockshop/dev/carts/file/measurements.csv": "latency,errors\n10,0\n30,1\n",
                "sockshop/file/sli.yaml": "indicators: {slow: max(latency)}",
            ])
        let values = answer["get-sli", "indicatorValues"]?.elements ?? []
        #expect(values.map { $0["value"] } == [30, 0.5, 0])
        #expect(values.map { $0["success"] } == [true, true, false])
        #expect(answer["result"] == "warning")
        #expect(answer["message"]?.stringValue?.hasPrefix("1 of 3 SLIs have no value; none: no data") == true)
    }

    @Test("Requests for other providers are left alone, also those whose names are no folder's")
    func others() async throws {
        let provider = SLIProvider(
            source: FileSource(), configuration: PlacedFiles(["sockshop/other/provider.yaml": "kind: http"]),
            secrets: secrets, time: bench.time
        ).integration(version: "1")
        try await bench.open(provider.name, "sh.keptn.event.get-sli.triggered")
        try await bench.running(provider) {
            let names = ["other", "dynatrace", "../file", ""]
            let requests = names.map { request($0, ["a"], id: "for \($0)") } + [request("file", ["a"], id: "ours")]
            try await bench.store.append(requests)
            _ = try await bench.event("get-sli.finished", answering: "ours")
            for name in names {
                var query = EventQuery()
                query.triggeredID = "for \(name)"
                #expect(try await bench.store.page(query).total == 0, "\(name)")
            }
        }
    }

    @Test("Where nothing is asked for, nobody has to know how to measure")
    func nothing() async throws {
        let answer = try await answer(
            to: request("prometheus", []), PrometheusSource(requester: Self.prometheus()), files: [:])
        #expect(answer["result"] == "pass" && answer["status"] == "succeeded")
        #expect(answer["get-sli", "indicatorValues"] == [])
    }

    @Test("The abort of the sequence cuts its queries short")
    func aborted() async throws {
        let (asked, broken) = (Gate(), Gate())
        let provider = SLIProvider(
            source: HangingSource(asked: asked, broken: broken), configuration: PlacedFiles([:]), secrets: secrets,
            time: bench.time
        ).integration(version: "1")
        try await bench.open(provider.name, "sh.keptn.event.get-sli.triggered")
        try await bench.open("\(provider.name).aborts", "sh.keptn.event.*.*.finished")
        try await bench.running(provider) {
            try await bench.store.append([request("http", ["a"])])
            try await asked.pass()
            try await bench.store.append([
                CloudEvent(
                    keptn: .sequence(stage: "dev", name: "evaluation", kind: .finished), id: "end",
                    source: "shipyard-controller", time: bench.time.now, context: "context-1",
                    data: ["project": "sockshop", "stage": "dev", "service": "carts", "status": "aborted"])
            ])
            try await broken.pass()
            #expect(try await bench.event("get-sli.finished").keptnData?.status == "aborted")
        }
    }
}

/// A server that never answers.
private struct HangingSource: IndicatorSource {
    let kind = SLIProviderSpec.Kind.http
    let asked: Gate
    let broken: Gate

    func measure(_ request: IndicatorRequest, _ means: IndicatorMeans) async throws -> [SLIValue] {
        asked.open()
        do {
            try await Gate().pass()
        } catch {
            broken.open()
            throw error
        }
        return []
    }
}
