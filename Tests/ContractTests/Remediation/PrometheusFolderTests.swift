import CloudEvents
import Core
import Foundation
import KeptnModel
import Ports
import ProcessRuntime
import SpecFiles
import Synchronization
import TestSupport
import Testing

/// With the real promtool.
@Suite("Prometheus' folder")
struct PrometheusFolderTests {
    private let scope = Scope(project: "sockshop", stage: "production", service: "carts")

    private var rules: MonitoringFile {
        let names = ["response_time_p50", "response_time_p95", "error_rate", "throughput"]
        let slo = SLO(
            objectives: names.map { .init(sli: $0, pass: [.init(["<600", "<=+10%"]), .init([">=0.5"])]) },
            totalScore: nil)
        let rules = AlertRules(scope: scope, slo: slo, queries: [:], timing: .init())
        #expect(rules.rules.count == names.count)
        return MonitoringFile(
            .alertRules, name: "sockshop-carts.yaml",
            bytes: Array(SpecFiles.yaml(from: AlertRules.file([rules])).utf8))
    }

    @Test("What promtool finds right is there under its name, and Prometheus is told")
    func install() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let requester = ReloadDouble()
            let files = PrometheusFolder(
                folder: "\(folder)/p", reload: .post(url: "http://prometheus:9090/", by: requester),
                ids: RandomIDs(), time: MachineTime())
            let targets = MonitoringFile(.targets, name: "keptn.json", bytes: Array("[]".utf8))
            #expect(try await files.install([targets, rules]) == "")
            #expect(requester.urls == ["http://prometheus:9090/-/reload"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/p/targets") == ["keptn.json"])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(folder)/p/rules") == ["sockshop-carts.yaml"])
            requester.answer(403)
            #expect(
                try await files.install([rules])
                    == "Prometheus did not reload its rules: http://prometheus:9090/-/reload answered 403; it needs "
                    + "--web.enable-lifecycle")
        }
    }

    @Test("What promtool refuses leaves the old rules alone")
    func refused() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let files = PrometheusFolder(folder: folder, reload: .nothing, ids: RandomIDs(), time: MachineTime())
            #expect(try await files.install([rules]).contains("SIGHUP"))
            let path = "\(folder)/rules/sockshop-carts.yaml"
            let before = FileManager.default.contents(atPath: path)
            var wrong = rules
            wrong.bytes = Array("groups: [{name: a, rules: [{alert: a, expr: 'rate('}]}]".utf8)
            let error = await #expect(throws: KeptnError.self) { try await files.install([wrong]) }
            #expect(error?.message.contains("promtool refuses the rules of sockshop-carts.yaml") == true)
            #expect(FileManager.default.contents(atPath: path) == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/rules").count == 1)
        }
    }

    @Test("A process id that is none is said")
    func signal() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let files = PrometheusFolder(
                folder: folder, reload: .signal(pidFile: "\(folder)/pid"), ids: RandomIDs(), time: MachineTime())
            #expect(try await files.install([]) == "Prometheus was not told: \(folder)/pid holds no process id")
        }
    }
}

private final class ReloadDouble: HTTPRequester {
    private let state = Mutex((urls: [String](), status: 200))

    var urls: [String] { state.withLock { $0.urls } }
    func answer(_ status: Int) { state.withLock { $0.status = status } }

    func send(_ request: OutgoingRequest) async throws -> IncomingResponse {
        state.withLock { state in
            state.urls.append(request.url)
            return IncomingResponse(status: state.status)
        }
    }
}
