import CloudEvents
import Core
import KeptnKit
import KeptnModel
import LighthouseService
import Ports
import Synchronization
import Testing

/// Files by their place: `sockshop/dev/carts/slo.yaml`, `sockshop/dev/…`, `sockshop/…`.
final class PlacedFiles: ConfigurationWriting {
    private let files: Mutex<[String: String]>

    init(_ files: [String: String]) { self.files = Mutex(files) }

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        files.withLock { $0["\(place)/\(path)"] }.map {
            ConfigurationFile(path: path, bytes: Array($0.utf8), commit: commit ?? "head")
        }
    }

    func head(of place: ConfigurationPlace) async throws -> String { "head" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }
    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        throw KeptnError(.notFound, "no shipyard here")
    }

    func write(_ written: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace) async throws -> String {
        for (path, bytes) in written {
            files.withLock { $0["\(place)/\(path)"] = String(decoding: bytes, as: UTF8.self) }
        }
        return "head"
    }
}

/// The evaluation of a minute of `carts`, with objectives and a provider that the test plays.
struct LighthouseBench: Sendable {
    static let window: JSON = [
        "test": ["start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:01:00.000Z"]
    ]

    let bench = IntegrationBench()

    /// Runs lighthouse-service with this `slo.yaml` and one evaluation, and gives the body the request to the provider.
    func evaluating(_ slo: String, _ body: (_ asked: CloudEvent) async throws -> Void) async throws {
        let lighthouse = LighthouseService(
            configuration: PlacedFiles(["sockshop/dev/carts/slo.yaml": slo]), queries: bench.store, time: bench.time,
            sliProvider: "fake"
        ).integration(version: "1")
        try await bench.open(LighthouseService.name, "sh.keptn.event.evaluation.triggered")
        try await bench.running(lighthouse) {
            try await bench.store.append([bench.triggered("evaluation", id: "e1", data: Self.window)])
            try await body(try await bench.event("get-sli.triggered"))
        }
    }

    /// The verdict.
    func finished() async throws -> JSON {
        try #require(try await bench.event("evaluation.finished", answering: "e1").json)
    }

    /// What the provider says. `values` is a text of JSON, so that it may be wrong in any way.
    func answer(
        _ request: CloudEvent, status: String = "succeeded", result: String = "pass", message: String = "",
        values: JSON = []
    ) async throws {
        try await bench.store.append([
            CloudEvent(
                keptn: .task(name: "get-sli", kind: .finished), id: "answer to \(request.id)", source: "fake",
                time: bench.time.now, context: request.keptnContext ?? "", triggeredID: request.id,
                data: [
                    "project": "sockshop", "stage": "dev", "service": "carts", "status": .string(status),
                    "result": .string(result), "message": .string(message),
                    "get-sli": [
                        "start": request.json?["get-sli", "start"], "end": request.json?["get-sli", "end"],
                        "indicatorValues": values,
                    ],
                ])
        ])
    }

    static func value(_ name: String, _ number: Double, samples: [Double] = []) -> JSON {
        SLIValue(metric: name, value: number, samples: samples).json
    }
}
