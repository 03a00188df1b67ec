import CloudEvents
import Core
import Foundation
import KeptnModel
import Ports
import ProcessRuntime
import RemoteClients
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
            .alertRules, name: "sockshop.carts.yaml",
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
            #expect(try await files.install([targets, rules], removing: []) == "")
            #expect(requester.urls == ["http://prometheus:9090/-/reload"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/p/targets") == ["keptn.json"])
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(folder)/p/rules") == ["sockshop.carts.yaml"])
            requester.answer(403)
            #expect(
                try await files.install([rules], removing: [])
                    == "Prometheus did not reload its rules: http://prometheus:9090/-/reload answered 403; it needs "
                    + "--web.enable-lifecycle")
        }
    }

    @Test("What promtool refuses leaves the old rules alone")
    func refused() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let files = PrometheusFolder(folder: folder, reload: .nothing, ids: RandomIDs(), time: MachineTime())
            #expect(try await files.install([rules], removing: []).contains("SIGHUP"))
            let path = "\(folder)/rules/sockshop.carts.yaml"
            let before = FileManager.default.contents(atPath: path)
            var wrong = rules
            wrong.bytes = Array("groups: [{name: a, rules: [{alert: a, expr: 'rate('}]}]".utf8)
            let error = await #expect(throws: KeptnError.self) { try await files.install([wrong], removing: []) }
            #expect(error?.message.contains("promtool refuses the rules of sockshop.carts.yaml") == true)
            #expect(FileManager.default.contents(atPath: path) == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/rules").count == 1)
        }
    }

    @Test("What is removed is gone, and a real Prometheus forgets it; other files are seen and left alone")
    func removal() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            try await PrometheusServer.with("", rules: "\(folder)/rules/*.yaml") { prometheus in
                let files = PrometheusFolder(
                    folder: folder, reload: .post(url: prometheus.url, by: WebRequester()), ids: RandomIDs(),
                    time: MachineTime())
                #expect(try await files.alertRules { _ in true }.isEmpty)
                #expect(try await files.install([rules], removing: []) == "")
                let mine = "groups: [{name: mine, rules: [{alert: a, expr: up}]}]"
                try mine.write(toFile: "\(folder)/rules/mine.yaml", atomically: true, encoding: .utf8)
                try mine.write(toFile: "\(folder)/rules/x.yaml.bak", atomically: true, encoding: .utf8)
                #expect(
                    try await files.alertRules { _ in true } == [
                        MonitoringFile(.alertRules, name: "mine.yaml", bytes: Array(mine.utf8)), rules,
                    ])
                #expect(try await files.alertRules { $0.hasPrefix("s") } == [rules])
                let document = try SpecFiles.json(rules.bytes, file: rules.name)
                #expect(AlertRules.owner(of: document)?.fileName == rules.name)

                #expect(try await groups(prometheus) == ["keptn/sockshop/production/carts"])
                #expect(try await files.install([], removing: [rules.name, "none.yaml"]) == "")
                #expect(try await groups(prometheus) == ["mine"])
            }
        }
    }

    @Test("What a server that was killed has left half written goes at the next start, and nothing else")
    func leftovers() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let id = RandomIDs().newID()
            let others = ["new-rules.tmp", "check-\(id).yaml", "\(id).tmp", "renew-\(id).tmp"]
            for kind in ["rules", "targets"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(kind)", withIntermediateDirectories: true)
                for name in others + ["new-\(id).tmp", "check-\(id).tmp"] {
                    try "groups: []".write(toFile: "\(folder)/\(kind)/\(name)", atomically: true, encoding: .utf8)
                }
            }
            _ = PrometheusFolder(folder: folder, reload: .nothing, ids: RandomIDs(), time: MachineTime())
            for kind in ["rules", "targets"] {
                let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)")
                #expect(left.sorted() == others.sorted())
            }
        }
    }

    private func groups(_ prometheus: PrometheusServer) async throws -> [String?] {
        let answer = try await WebRequester().send(
            OutgoingRequest(method: "GET", url: "\(prometheus.url)/api/v1/rules"))
        return try JSON(parsing: answer.body)["data", "groups"]?.elements.map { $0["name"]?.stringValue } ?? []
    }

    @Test("A process id that is none is said")
    func signal() async throws {
        try await withTemporaryFolder { (folder: String) async throws in
            let files = PrometheusFolder(
                folder: folder, reload: .signal(pidFile: "\(folder)/pid"), ids: RandomIDs(), time: MachineTime())
            let told = try await files.install([], removing: [])
            #expect(told == "Prometheus was not told: \(folder)/pid holds no process id")
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
