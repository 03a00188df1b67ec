import CloudEvents
import KeptnKit
import KeptnModel
import MonitoringService
import Ports
import ServiceLifecycle
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
        let integration = monitoring(
            configuration, test.hasFolder ? folder : nil, test.prometheusURL, bench.time
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
            guard test.result == "pass" else { return #expect(folder.names.isEmpty) }
            #expect(folder.names == ["keptn.json", "sockshop.carts.yaml"])
            let rules = try SpecFiles.json(try #require(folder["sockshop.carts.yaml"]), file: "rules.yaml")
            let group = try #require(rules["groups"]?.elements.first)
            #expect(group["name"] == "keptn/sockshop/production/carts")
            #expect(group["rules"]?.elements.map { $0["alert"] } == ["response_time_p95", "cpu"])
            #expect(group["rules"]?.elements.last?["expr"] == "((cpu{s=\"carts\"}) >= 1.0)")
            #expect(group["rules"]?.elements.last?["for"] == "2s")
        }
    }

    // MARK: - What was deleted

    private static func rules(_ scopes: String...) -> String {
        "groups:\n" + scopes.map { "- {name: keptn/\($0), rules: [{alert: a, expr: b}]}\n" }.joined()
    }

    /// What lies there, and what is left of it while there is but `sockshop` with `carts` and `a.b`.
    private static let left: [(before: [String: String], after: [String])] = [
        (["sockshop.carts.yaml": rules("sockshop/dev/carts", "sockshop/prod/carts")], ["sockshop.carts.yaml"]),
        (["sockshop-carts.yaml": rules("sockshop/dev/carts")], ["sockshop.carts.yaml"]),
        (["sockshop.a.b.yaml": rules("sockshop/dev/a.b")], ["sockshop.a.b.yaml"]),
        (["sockshop.gone.yaml": rules("sockshop/dev/gone"), "gone.carts.yaml": rules("gone/dev/carts")], []),
        (["sock-shop-carts.yaml": rules("sock/dev/shop-carts")], []),
        // Its name is that of another service, so somebody has given it to it.
        (["sockshop.gone.yaml": rules("sockshop/dev/lost")], ["sockshop.gone.yaml"]),
        (["mine.yaml": rules("sockshop/dev/gone")], ["mine.yaml"]),
        (["sockshop.gone.yaml": rules("sockshop/dev/gone") + "- {name: mine}\n"], ["sockshop.gone.yaml"]),
        (["sockshop.gone.yaml": rules("sockshop/dev/gone", "sockshop/dev/lost")], ["sockshop.gone.yaml"]),
        (["sockshop.gone.yaml": rules("sockshop/dev/gone") + "mine: 1\n"], ["sockshop.gone.yaml"]),
        (["sockshop.gone.yaml": "groups: [{name: keptn/sockshop/gone}]"], ["sockshop.gone.yaml"]),
        (
            ["sockshop.gone.yaml": "groups: []", "sockshop.x.yaml": "{", "sockshop.y.yaml": ""],
            ["sockshop.gone.yaml", "sockshop.x.yaml", "sockshop.y.yaml"]
        ),
    ]

    @Test("At the start rules of what is gone are removed, and others get today's name; files that are not ours stay")
    func start() async throws {
        for (before, after) in Self.left {
            let folder = FolderDouble(before)
            let configuration = ServiceFiles(files: [:], text: Self.shipyard, services: ["carts", "a.b"])
            try await run(monitoring(configuration, folder, nil, ManualTime()))
            #expect(folder.names == after, "\(before)")
            #expect(folder.reloads == (Set(before.keys) == Set(after) ? 0 : 1), "\(before)")
        }
    }

    @Test("The newer of two files of one service stays; without any project nothing is removed")
    func startDoubtful() async throws {
        let new = Self.rules("sockshop/dev/carts")
        let folder = FolderDouble(["sockshop-carts.yaml": Self.rules("sockshop/x/carts"), "sockshop.carts.yaml": new])
        let configuration = ServiceFiles(files: [:], text: Self.shipyard, services: ["carts"])
        try await run(monitoring(configuration, folder, nil, ManualTime()))
        #expect(folder.names == ["sockshop.carts.yaml"] && folder["sockshop.carts.yaml"] == Array(new.utf8))

        let empty = FolderDouble(["gone.carts.yaml": Self.rules("gone/dev/carts")])
        let none = MonitoringService(
            configuration: configuration, projectNames: { [] }, files: empty, ownAddress: { "" }, time: ManualTime(),
            logger: UniformBench.logger)
        try await run(none)
        #expect(empty.names == ["gone.carts.yaml"])
    }

    @Test("Rules go with their service and their project, and only those")
    func deletion() async throws {
        let bench = IntegrationBench()
        let folder = FolderDouble(
            Dictionary(
                uniqueKeysWithValues: [
                    "sockshop.carts", "sockshop.gone", "sockshop-gone", "sockshop.gone.too", "a.b-c", "a-b.c",
                    "a.later",
                ].map { name in
                    let parts = name.split(separator: name.hasPrefix("sockshop-") ? "-" : ".", maxSplits: 1)
                    return ("\(name).yaml", Self.rules("\(parts[0])/dev/\(parts[1])"))
                }))
        let configuration = ServiceFiles(files: [:], text: Self.shipyard, services: ["carts"])
        let integration = monitoring(configuration, folder, nil, bench.time).integration(version: "1")
        try await bench.open(
            integration.name, MonitoringService.serviceDeleted, MonitoringService.projectDeleted,
            "sh.keptn.event.monitoring.configure")
        try await bench.running(integration) {
            func announce(_ type: String, _ data: JSON) async throws {
                let id = "deletion-\(data["project"]?.text ?? "")-\(data["service"]?.text ?? "")"
                try await bench.store.append([
                    CloudEvent(
                        id: id, source: "shipyard-controller", type: type, time: bench.time.now, data: .json(data))
                ])
            }
            // It was created again in the meantime.
            try await announce(MonitoringService.serviceDeleted, ["project": "sockshop", "service": "carts"])
            try await announce(MonitoringService.serviceDeleted, ["project": "sockshop", "service": "gone"])
            try await folder.until { $0.count == 5 }
            #expect(
                folder.names == [
                    "a-b.c.yaml", "a.b-c.yaml", "a.later.yaml", "sockshop.carts.yaml", "sockshop.gone.too.yaml",
                ])
            try await announce(MonitoringService.projectDeleted, ["project": "a"])
            try await folder.until { $0.count == 3 }
            #expect(folder.names == ["a-b.c.yaml", "sockshop.carts.yaml", "sockshop.gone.too.yaml"])
        }
    }

    @Test("What is configured takes the place of the older name, and no file of somebody else's")
    func names() async throws {
        for (name, text, left) in [
            ("sockshop-carts.yaml", Self.rules("sockshop/dev/carts"), ["keptn.json", "sockshop.carts.yaml"]),
            (
                "sockshop-carts.yaml", Self.rules("sockshop-carts/dev/x"),
                ["keptn.json", "sockshop-carts.yaml", "sockshop.carts.yaml"]
            ),
            ("sockshop.carts.yaml", Self.rules("sockshop/dev/carts") + "- {name: mine}\n", ["sockshop.carts.yaml"]),
        ] {
            let bench = IntegrationBench()
            let folder = FolderDouble([name: text])
            let configuration = ServiceFiles(files: ["slo.yaml": Self.slo], text: Self.shipyard)
            let integration = monitoring(configuration, folder, nil, bench.time).integration(version: "1")
            try await bench.open(integration.name, "sh.keptn.event.monitoring.configure")
            try await bench.running(integration) {
                let data: JSON = ["type": "prometheus", "project": "sockshop", "service": "carts"]
                try await bench.store.append([
                    CloudEvent(
                        id: "ours", source: "cli", type: "sh.keptn.event.monitoring.configure", time: bench.time.now,
                        data: .json(data))
                ])
                let answer = try await bench.event("configure-monitoring.finished", answering: "ours").json
                #expect(folder.names == left)
                guard left.count == 1 else { return #expect(answer?["result"] == "pass") }
                #expect(answer?["result"] == "fail" && folder[name] == Array(text.utf8))
                #expect(
                    answer?["message"]?.stringValue
                        == "rules/sockshop.carts.yaml has groups that Keptn did not write: move them to a file of "
                        + "another name, and remove this one")
            }
        }
    }

    private func monitoring(
        _ configuration: ServiceFiles, _ folder: FolderDouble?, _ url: String?, _ time: ManualTime
    ) -> MonitoringService {
        MonitoringService(
            configuration: configuration, projectNames: { ["sockshop"] }, files: folder, prometheusURL: url,
            ownAddress: { "127.0.0.1:8080" }, time: time, logger: UniformBench.logger)
    }

    /// Until it has nothing to do any more.
    private func run(_ service: MonitoringService) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: UniformBench.logger))
        await group.triggerGracefulShutdown()
        try await group.run()
    }
}

private final class FolderDouble: MonitoringFiles {
    private struct State {
        var files: [String: [UInt8]]
        var reloads = 0
    }

    private let state: Mutex<State>
    private let changes = AsyncStream.makeStream(of: Void.self)

    init(_ files: [String: String] = [:]) { state = Mutex(State(files: files.mapValues { Array($0.utf8) })) }

    var names: [String] { state.withLock { $0.files.keys.sorted() } }
    var reloads: Int { state.withLock(\.reloads) }
    subscript(name: String) -> [UInt8]? { state.withLock { $0.files[name] } }

    /// Waits for a change after which the names are so.
    func until(_ isRight: ([String]) -> Bool) async throws {
        if isRight(names) { return }
        for await _ in changes.stream where isRight(names) { return }
    }

    func install(_ files: [MonitoringFile], removing gone: [String]) async throws -> String {
        state.withLock { state in
            for file in files { state.files[file.name] = file.bytes }
            for name in gone { state.files[name] = nil }
            state.reloads += 1
        }
        changes.continuation.yield()
        return "Reload by hand"
    }

    func alertRules(named isWanted: @Sendable (String) -> Bool) async throws -> [MonitoringFile] {
        state.withLock { $0.files }.filter { $0.key.hasSuffix(".yaml") && isWanted($0.key) }
            .map { MonitoringFile(.alertRules, name: $0.key, bytes: $0.value) }.sorted { $0.name < $1.name }
    }
}

/// Files that the service has in every stage, and what is written beside them.
private final class ServiceFiles: ConfigurationWriting {
    private let files: [String: String]
    private let text: String
    private let existing: [String]
    private let added = Mutex<[String: String]>([:])

    init(files: [String: String], text: String, services: [String] = ["carts"]) {
        (self.files, self.text, existing) = (files, text, services)
    }

    var written: [String: String] { added.withLock { $0 } }

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        guard place.service != nil else { return nil }
        return files[path].map { ConfigurationFile(path: path, bytes: Array($0.utf8), commit: "head") }
    }

    func head(of place: ConfigurationPlace) async throws -> String { "head" }

    func services(project: String, stage: String) async throws -> [ServiceEntry] {
        existing.map { ServiceEntry(name: $0, createdAt: Timestamp(nanoseconds: 0)) }
    }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        guard project == "sockshop" else { throw KeptnError(.notFound, "there is no project '\(project)'") }
        return (try SpecFiles.shipyard(Array(text.utf8), file: "shipyard.yaml").value, "head")
    }

    func write(_ written: [(path: String, bytes: [UInt8])], at place: ConfigurationPlace) async throws -> String {
        for (path, bytes) in written {
            added.withLock { $0["\(place)/\(path)"] = String(decoding: bytes, as: UTF8.self) }
        }
        return "head"
    }
}
