import CloudEvents
import KeptnKit
import KeptnModel
import MonitoringService
import Ports
import SpecFiles
import Synchronization
import Testing

@Suite("MonitoringService", .timeLimit(.minutes(5)))
struct MonitoringServiceTests {
    private static let shipyard =
        "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: s}\nspec:\n  stages:\n  - name: dev\n"
        + "  - {name: production, sequences: [{name: remediation, tasks: [{name: get-action}]}]}\n"
    private static let slo =
        "objectives:\n- {sli: response_time_p95, pass: [{criteria: ['<300']}]}\n"
        + "- {sli: cpu, pass: [{criteria: ['<1']}]}\n- {sli: ram, pass: [{criteria: ['<=+10%']}]}\n"
        + "total_score: {pass: '90%'}\n"
    private static let sli = "spec_version: '1.0'\nindicators: {cpu: 'cpu{s=\"$SERVICE\"}', ram: ram}\n"

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var files = ["slo.yaml": slo, "prometheus/sli.yaml": sli]
        var hasFolder = true
        var prometheusURL: String?
        /// What is written into the project.
        var written: [String: String] = [:]
        var shipyard = MonitoringServiceTests.shipyard
        var data: JSON = ["alertWindow": "20s", "alertAfter": "2s"]
        var result = "pass"
        var says: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "all is well",
            says: "Prometheus watches production: response_time_p95, cpu. Not watched: production: ram: it can be "
                + "met without any fixed bound, and only those are watched. Reload by hand"),
        Case(
            name: "the address is known", prometheusURL: "http://p:9090",
            written: ["sockshop/prometheus/provider.yaml": "url: http://p:9090\n"],
            says: "Prometheus watches production: response_time_p95, cpu. Not watched: production: ram: it can be "
                + "met without any fixed bound, and only those are watched. Reload by hand. Gates ask http://p:9090, "
                + "as prometheus/provider.yaml says"),
        Case(
            name: "the project has an address of its own",
            files: ["slo.yaml": slo, "prometheus/sli.yaml": sli, "prometheus/provider.yaml": "url: http://q"],
            prometheusURL: "http://p:9090", says: "Prometheus watches production: response_time_p95, cpu."),
        Case(
            name: "no folder", hasFolder: false, result: "fail",
            says: "this server writes nothing for Prometheus: its operator has to name the folder by 'keptn server "
                + "--prometheus-folder DIR'"),
        Case(
            name: "no objectives", files: [:], result: "fail",
            says: "carts has no objective in slo.yaml that Prometheus could watch"),
        Case(
            name: "no remediation", shipyard: shipyard.split(separator: "remediation").joined(separator: "repair"),
            result: "fail", says: "no stage of sockshop has a sequence 'remediation' that an alert could start"),
        Case(
            name: "wrong time", data: ["alertAfter": "soon"], result: "fail",
            says: "data.alertAfter is 'soon'; a duration from 1s to 24h is needed"),
        Case(
            name: "broken objectives", files: ["slo.yaml": "objectives: 3"], result: "fail",
            says: "sockshop/production/carts/slo.yaml:1:13: error: "),
    ]

    @Test("It writes rules for every stage with a remediation, and says what it did and could not do", arguments: cases)
    func configure(_ test: Case) async throws {
        let bench = IntegrationBench()
        let folder = FolderDouble()
        let configuration = ServiceFiles(files: test.files, text: test.shipyard)
        let integration = MonitoringService(
            configuration: configuration, files: test.hasFolder ? folder : nil, prometheusURL: test.prometheusURL,
            ownAddress: { "127.0.0.1:8080" }, time: bench.time
        ).integration(version: "1")
        try await bench.open(integration.name, "sh.keptn.event.monitoring.configure")
        try await bench.running(integration) {
            for (id, type) in [("other", "dynatrace"), ("ours", "prometheus")] {
                let data: JSON = ["type": .string(type), "project": "sockshop", "service": "carts"]
                try await bench.store.append([
                    CloudEvent(
                        id: id, source: "cli", type: "sh.keptn.event.monitoring.configure", time: bench.time.now,
                        data: .json(data.merging(test.data)))
                ])
            }
            let answer = try await bench.event("configure-monitoring.finished", answering: "ours")
            #expect(answer.json?["result"]?.stringValue == test.result)
            let message = answer.json?["message"]?.stringValue ?? ""
            #expect(message.hasPrefix(test.says), "\(message)")
            #expect(configuration.written == test.written)
            guard test.result == "pass" else { return #expect(folder.files.isEmpty) }
            #expect(folder.files.map(\.name) == ["keptn.json", "sockshop-carts.yaml"])
            let rules = try SpecFiles.json(try #require(folder.files.last).bytes, file: "rules.yaml")
            let group = try #require(rules["groups"]?.elements.first)
            #expect(group["name"] == "keptn/sockshop/production/carts")
            #expect(group["rules"]?.elements.map { $0["alert"] } == ["response_time_p95", "cpu"])
            #expect(group["rules"]?.elements.last?["expr"] == "((cpu{s=\"carts\"}) >= 1.0)")
            #expect(group["rules"]?.elements.last?["for"] == "2s")
        }
    }
}

private final class FolderDouble: MonitoringFiles {
    private let installed = Mutex<[MonitoringFile]>([])

    var files: [MonitoringFile] { installed.withLock { $0 } }

    func install(_ files: [MonitoringFile]) async throws -> String {
        installed.withLock { $0 += files }
        return "Reload by hand"
    }
}

/// Files that the service has in every stage, and what is written beside them.
private final class ServiceFiles: ConfigurationWriting {
    private let files: [String: String]
    private let text: String
    private let added = Mutex<[String: String]>([:])

    init(files: [String: String], text: String) { (self.files, self.text) = (files, text) }

    var written: [String: String] { added.withLock { $0 } }

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        guard place.service != nil else { return nil }
        return files[path].map { ConfigurationFile(path: path, bytes: Array($0.utf8), commit: "head") }
    }

    func head(of place: ConfigurationPlace) async throws -> String { "head" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        (try SpecFiles.shipyard(Array(text.utf8), file: "shipyard.yaml").value, "head")
    }

    func write(_ written: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace) async throws -> String {
        for (path, bytes) in written {
            added.withLock { $0["\(place)/\(path)"] = String(decoding: bytes, as: UTF8.self) }
        }
        return "head"
    }
}
