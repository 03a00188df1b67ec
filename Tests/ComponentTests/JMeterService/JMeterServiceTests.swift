import CloudEvents
import ConfigurationService
import Distributor
import JMeterService
import KeptnKit
import KeptnModel
import Logging
import Ports
import Testing

@Suite(.timeLimit(.minutes(5))) struct JMeterServiceTests {
    private static let url = "http://carts.local"
    private let time = ManualTime()
    private let reports = InMemoryTestReports()

    private static let workloads = """
        spec_version: "0.1.0"
        workloads:
          - teststrategy: functional
            vuser: 1
            loopcount: 2
            thinktime: 0
            script: jmeter/functional.yaml
          - teststrategy: performance
            vuser: 3
            loopcount: 2
            thinktime: 0
            acceptederrorrate: 0.5
            script: jmeter/load.yaml
          - teststrategy: healthcheck
            script: jmeter/check.yaml
            thinktime: 0
        """

    private static let files: [String: String] = [
        "jmeter/jmeter.conf.yaml": workloads,
        "jmeter/functional.yaml": """
        requests:
          - path: /carts/1
            expect: {status: 200, body_contains: socks}
          - name: add an item
            method: POST
            path: /carts/1/items
            headers: {Content-Type: application/json}
            body: '{"item":"socks"}'
            expect: {status: 201}
        """,
        "jmeter/load.yaml": "requests: [{path: /load}]",
        "jmeter/check.yaml": "requests: [{path: /health}]",
    ]

    @Test("A good functional test passes, and sends the plan in its order after the health check")
    func functional() async throws {
        let requester = InMemoryHTTPRequester { request in
            IncomingResponse(status: request.method == "POST" ? 201 : 200, body: Array("socks".utf8))
        }
        let data = try await test("functional", requester)
        #expect(data["result"] == "pass")
        #expect(data["message"] == "functional: 4 requests, 0 errors, average 0 ms, 95 % within 0 ms")
        #expect(
            requester.requests.map { "\($0.method) \($0.url)" } == [
                "GET http://carts.local/", "GET http://carts.local/health", "GET http://carts.local/carts/1",
                "POST http://carts.local/carts/1/items", "GET http://carts.local/carts/1",
                "POST http://carts.local/carts/1/items",
            ])
        #expect(requester.requests[3].body == Array(#"{"item":"socks"}"#.utf8))
        #expect(requester.requests[3].headers == ["Content-Type": "application/json"])
        #expect(
            data["test"]
                == [
                    "start": .string(time.now.rfc3339), "end": .string(time.now.rfc3339), "gitCommit": "abc123",
                    "report": "/api/v1/test-reports/t1",
                ])
    }

    @Test(
        "The project's own workloads count at the run's commit where that is one of its branch",
        arguments: [true, false])
    func pinned(_ areStagesFolders: Bool) async throws {
        let files = ConfigurationBench(newLayout: areStagesFolders ? .folders : .branches)
        try await files.service.createProject("sockshop", shipyard: shipyard(["dev"]))
        try await files.service.createService("carts", in: "sockshop")
        func workload(_ strategy: String) async throws -> String {
            let text = "spec_version: '0.1.0'\nworkloads: [{teststrategy: \(strategy), script: none.yaml}]"
            return try await files.service.write([("jmeter/jmeter.conf.yaml", Array(text.utf8))], at: sockshop)
        }
        let first = try await workload("first")
        let commit = areStagesFolders ? first : try await files.service.head(of: dev)
        _ = try await workload("second")
        let bench = IntegrationBench()
        let integration = JMeterService(
            configuration: files.service, requester: InMemoryHTTPRequester { _ in IncomingResponse(status: 200) },
            jmeter: ScriptedLoadTool([]), reports: reports, time: bench.time
        ).integration(version: "1")
        try await bench.open(integration.name, "sh.keptn.event.test.triggered")
        try await bench.running(integration) {
            let data: JSON = [
                "test": ["teststrategy": areStagesFolders ? "first" : "second"],
                "deployment": ["deploymentURIsLocal": [.string(Self.url)]],
            ]
            try await bench.store.append([bench.triggered("test", commit: commit, data: data)])
            let message = try await bench.event("test.finished").json?["message"]?.stringValue
            #expect(message?.hasSuffix("skipped, there is no script 'none.yaml'") == true, "\(message ?? "")")
        }
    }

    @Test("A functional test fails at the first error and tells it")
    func functionalErrors() async throws {
        let requester = InMemoryHTTPRequester { request in
            IncomingResponse(status: request.method == "POST" ? 500 : 200, body: Array("socks".utf8))
        }
        let data = try await test("functional", requester)
        #expect(data["status"] == "succeeded")
        #expect(data["result"] == "fail")
        #expect(
            data["message"]?.stringValue
                == "functional: 4 requests, 2 errors (50 %), average 0 ms, 95 % within 0 ms; "
                + "failed: a functional test accepts no errors; "
                + "first failures: add an item: it answered 500, expected 201")
    }

    @Test("A performance test sends from all users, and accepts its share of errors")
    func performance() async throws {
        let count = Counter()
        let requester = InMemoryHTTPRequester { request in
            guard request.url.hasSuffix("/load") else { return IncomingResponse(status: 200) }
            if count.next().isMultiple(of: 2) { throw RequestFailure(.timeout, "no answer") }
            return IncomingResponse(status: 200)
        }
        let data = try await test("performance", requester)
        #expect(data["result"] == "pass")
        #expect(data["message"]?.stringValue?.hasPrefix("performance: 6 requests, 3 errors (50 %)") == true)
    }

    @Test("A failed health check ends it")
    func healthCheck() async throws {
        let requester = InMemoryHTTPRequester { request in
            IncomingResponse(status: request.url.hasSuffix("/health") ? 503 : 200)
        }
        let data = try await test("performance", requester)
        #expect(data["result"] == "fail")
        #expect(data["message"]?.stringValue?.hasPrefix("healthcheck: 1 requests, 1 errors") == true)
        #expect(!requester.requests.contains { $0.url.hasSuffix("/load") })
    }

    @Test("A health check as the test itself runs once")
    func onlyHealthCheck() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        #expect(try await test("healthcheck", requester)["result"] == "pass")
        #expect(requester.requests.map(\.url) == ["http://carts.local/", "http://carts.local/health"])
    }

    @Test("What cannot be reached is tried three times, five seconds apart")
    func unreachable() async throws {
        let requester = InMemoryHTTPRequester { _ in throw RequestFailure(.unreachable, "connection refused") }
        let data = try await test("performance", requester) {
            for _ in 1...2 {
                try await time.waitForSleepers()
                time.advance(by: .seconds(5))
            }
        }
        #expect(data["result"] == "fail")
        #expect(data["message"] == "http://carts.local cannot be reached: connection refused")
        #expect(requester.requests.count == 3)
    }

    @Test("The pause is between two requests of a user, and no part of their latency")
    func thinkTime() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let files = [
            "jmeter/jmeter.conf.yaml": """
            workloads:
              - {teststrategy: performance, vuser: 1, loopcount: 3, thinktime: 250, script: jmeter/load.yaml}
            """,
            "jmeter/load.yaml": "requests: [{path: /load}]",
        ]
        let start = time.now
        let data = try await test("performance", requester, files: files) {
            for _ in 1...2 {
                // The user, and the deadline of the test.
                try await time.waitForSleepers(2)
                time.advance(by: .milliseconds(250))
            }
        }
        #expect(data["message"] == "performance: 3 requests, 0 errors, average 0 ms, 95 % within 0 ms")
        #expect(data["test", "start"] == .string(start.rfc3339))
        #expect(data["test", "end"] == .string((start + .milliseconds(500)).rfc3339))
    }

    @Test("Without a script there is nothing to fail")
    func noScript() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let data = try await test("performance", requester, files: [:])
        #expect(data["result"] == "pass")
        #expect(data["message"] == "performance: skipped, there is no script 'jmeter/load.jmx'")
    }

    @Test("A strategy without a workload passes, and says which ones there are")
    func unknownStrategy() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let data = try await test("chaos", requester, files: [:])
        #expect(data["result"] == "pass")
        #expect(
            data["message"]
                == "nothing tested: there is no workload for 'chaos' (there are healthcheck, performance, functional)")
    }

    @Test("A JMeter script runs with what Keptn gives it, and its results become the report")
    func jmx() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let tool = ScriptedLoadTool([
            "1700000000000,12,get,200,OK,users 1-1,text,true,,20\n1700000000001,18,ge",
            "t,500,\"Oh, no\",users 1-1,text,false,,20\n",
        ])
        let files = ["jmeter/load.jmx": "<plan/>", "jmeter/data/users.csv": "alice", "slo.yaml": "objectives: []"]
        let data = try await test("performance", requester, files: files, tool: tool)
        #expect(data["result"] == "fail")
        #expect(
            data["message"]?.stringValue
                == "performance: 2 requests, 1 errors (50 %), average 15 ms, 95 % within 18 ms; "
                + "failed: accepted are errors in 10 % of the requests; first failures: get: 500 Oh, no")
        #expect(tool.tests.map(\.plan) == ["jmeter/load.jmx"])
        #expect(
            tool.tests.first?.files == [
                "jmeter/load.jmx": Array("<plan/>".utf8), "jmeter/data/users.csv": Array("alice".utf8),
            ])
        let properties = tool.tests.first?.properties ?? [:]
        #expect(properties["SERVER_URL"] == "carts.local" && properties["SERVER_PORT"] == "80")
        #expect(properties["VUCount"] == "10" && properties["LoopCount"] == "500" && properties["ThinkTime"] == "250")
        #expect(properties["KEPTN_SERVICE"] == "carts" && properties["KEPTN_TESTSTRATEGY"] == "performance")
        let report = try await savedReport()
        #expect(data["test", "report"] == "/api/v1/test-reports/t1")
        #expect(report["tool"] == "jmeter" && report["requests"] == 2 && report["errors"] == 1)
        #expect(report["byRequest"]?.elements.first?["name"] == "get")
    }

    @Test("The report of a task whose event has a hostile id lies under a plain one")
    func hostileID() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let events = try await run(["healthcheck"], requester, Self.files, Self.deployment, ids: ["../../t/1"])
        let link = try #require(events.last?.json?["test", "report"]?.stringValue)
        let id = String(link.dropFirst("/api/v1/test-reports/".count))
        #expect(Names.isPlain(id: id), "\(link)")
        #expect(try await reports.report(id: id) != nil)
    }

    @Test("Without JMeter the answer says what to install")
    func noJMeter() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let tool = ScriptedLoadTool([], failure: KeptnError(.failedDependency, "install it"))
        let data = try await test("performance", requester, files: ["jmeter/load.jmx": "<plan/>"], tool: tool)
        #expect(data["status"] == "errored")
        #expect(data["message"]?.stringValue?.contains("install it") == true)
    }

    @Test("A test that never ends is ended, and fails with what it measured")
    func deadline() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let tool = ScriptedLoadTool(["1,12,get,200,OK,u,text,true,\n"], neverEnds: true, time: time)
        let files = [
            "jmeter/jmeter.conf.yaml": "workloads: [{teststrategy: performance, script: jmeter/x.jmx, timeout: 90s}]",
            "jmeter/x.jmx": "<plan/>",
        ]
        let data = try await test("performance", requester, files: files, tool: tool) {
            // The tool, and the deadline.
            try await time.waitForSleepers(2)
            time.advance(by: .seconds(90))
        }
        #expect(data["result"] == "fail")
        #expect(
            data["message"]?.stringValue
                == "performance: 1 requests, 0 errors, average 12 ms, 95 % within 12 ms; "
                + "failed: it did not end within 1m30s")
    }

    @Test("With one JMeter at once, the second test waits, says so, and its time begins with its turn")
    func queue() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let tool = ScriptedLoadTool(["1,12,get,200,OK,u,text,true,\n"], neverEnds: true, time: time)
        let files = [
            "jmeter/jmeter.conf.yaml": "workloads: [{teststrategy: performance, script: jmeter/x.jmx, timeout: 90s}]",
            "jmeter/x.jmx": "<plan/>",
        ]
        let begin = time.now
        let events = try await run(
            ["performance", "performance"], requester, files,
            ["deploymentURIsLocal": [.string(Self.url)]], tool: tool, jmetersMax: 1, endsMin: 2,
            watching: { store in
                var position = Position(0)
                var isWaiting = false
                while !isWaiting {
                    try await store.waitForEvents(after: position)
                    for event in try await store.events(after: position, limit: 100) {
                        position = event.position
                        let message = event.event.json?["message"]?.stringValue ?? ""
                        isWaiting = isWaiting || message.contains("waits for JMeter; 1 tests run or wait before it")
                    }
                }
                #expect(tool.tests.count == 1)
                for _ in 0..<2 {
                    // The tool, and the deadline of the one that runs.
                    try await time.waitForSleepers(2)
                    time.advance(by: .seconds(90))
                }
            })
        let ends = events.filter { $0.type.hasSuffix("test.finished") }.compactMap(\.json)
        #expect(
            Set(ends.compactMap { $0["test", "end"]?.stringValue }) == [
                (begin + .seconds(90)).rfc3339, (begin + .seconds(180)).rfc3339,
            ])
        #expect(ends.count == 2)
        for end in ends { #expect(end["message"]?.stringValue?.contains("did not end within 1m30s") == true) }
    }

    @Test("At a rate, latency counts from the instant at which a request was to be sent")
    func rate() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let files = [
            "jmeter/jmeter.conf.yaml": """
            workloads:
              - {teststrategy: performance, rate: 2/s, duration: 2s, script: jmeter/load.yaml}
            """,
            "jmeter/load.yaml": "requests: [{path: /a}, {path: /b}]",
        ]
        let data = try await test("performance", requester, files: files) {
            // The first request is sent at once, three wait for their instant, and there is the deadline.
            try await time.waitForSleepers(4)
            time.advance(by: .seconds(2))
        }
        #expect(data["result"] == "pass")
        let report = try await savedReport()
        #expect(report["requests"] == 4)
        // Those of 0.5, 1 and 1.5 s were held up until 2 s.
        #expect(report["milliseconds", "average"] == 750)
        #expect(report["milliseconds", "maximum"] == 1500)
        #expect(report["perSecond"] == 2)
        #expect(report["byRequest"]?.elements.map { $0["requests"] } == [2, 2])
    }

    @Test("A rate and a JMeter script do not go together")
    func rateOfScript() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let files = [
            "jmeter/jmeter.conf.yaml":
                "workloads: [{teststrategy: performance, rate: 2/s, duration: 2s, script: jmeter/x.jmx}]",
            "jmeter/x.jmx": "<plan/>",
        ]
        let data = try await test("performance", requester, files: files)
        #expect(data["status"] == "errored")
        #expect(data["message"]?.stringValue?.contains("rates are for HTTP plans") == true)
    }

    @Test("Progress is told while a test runs, every ten seconds at most")
    func progress() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let files = [
            "jmeter/jmeter.conf.yaml": """
            workloads:
              - {teststrategy: performance, vuser: 1, loopcount: 4, thinktime: 6000, script: jmeter/load.yaml}
            """,
            "jmeter/load.yaml": "requests: [{path: /load}]",
        ]
        let events = try await run(["performance"], requester, files, Self.deployment) {
            for _ in 1...3 {
                try await time.waitForSleepers(2)
                time.advance(by: .seconds(6))
            }
        }
        let progress = events.filter { $0.type == "sh.keptn.event.test.status.changed" }
        #expect(
            progress.map { $0.json?["message"] } == [
                "performance: so far 3 requests, 0 errors, average 0 ms, 95 % within 0 ms"
            ])
        #expect(progress.first?.json?["test"] == ["requests": 3, "errors": 0])
    }

    @Test("A file that cannot be used is an error with its place")
    func badFile() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        var files = Self.files
        files["jmeter/load.yaml"] = "requests: [{path: load}]"
        let data = try await test("performance", requester, files: files)
        #expect(data["status"] == "errored")
        #expect(data["message"]?.stringValue?.hasPrefix("jmeter/load.yaml:1:") == true)
    }

    @Test("Without an address there is nothing to test, and that is an error")
    func noAddress() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let data = try await test("performance", requester, deployment: [:])
        #expect(data["status"] == "errored")
        #expect(requester.requests.isEmpty)
    }

    @Test("The local address goes before the public one")
    func addresses() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        _ = try await test(
            "healthcheck", requester,
            deployment: ["deploymentURIsLocal": [], "deploymentURIsPublic": ["carts.public:80/"]])
        #expect(requester.requests.first?.url == "http://carts.public:80/")
    }

    @Test("A test by real users is left to others")
    func realUser() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let events = try await run(
            ["real-user", "healthcheck"], requester, Self.files, ["deploymentURIsLocal": [.string(Self.url)]])
        #expect(events.allSatisfy { $0.triggeredID == "t2" })
    }
}

extension JMeterServiceTests {
    static let deployment: JSON = [
        "deploymentURIsLocal": [.string(JMeterServiceTests.url)], "deploymentURIsPublic": ["http://other"],
    ]

    private func savedReport() async throws -> JSON {
        try JSON(parsing: try #require(try await reports.report(id: "t1")))
    }

    /// The data of the answer to one test.
    private func test(
        _ strategy: String, _ requester: InMemoryHTTPRequester, files: [String: String] = JMeterServiceTests.files,
        deployment: JSON = JMeterServiceTests.deployment, tool: ScriptedLoadTool = ScriptedLoadTool([]),
        meanwhile: () async throws -> Void = {}
    ) async throws -> JSON {
        let events = try await run([strategy], requester, files, deployment, tool: tool, meanwhile: meanwhile)
        #expect(events.map(\.type) == ["sh.keptn.event.test.started", "sh.keptn.event.test.finished"])
        return events.last?.json ?? .null
    }

    /// What is sent until the last test has its answer.
    private func run(
        _ strategies: [String], _ requester: InMemoryHTTPRequester, _ files: [String: String], _ deployment: JSON,
        ids: [String] = ["t1", "t2"], tool: ScriptedLoadTool = ScriptedLoadTool([]), jmetersMax: Int = 2,
        endsMin: Int = 1, meanwhile: () async throws -> Void = {},
        watching: (InMemoryStore) async throws -> Void = { _ in }
    ) async throws -> [CloudEvent] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = InMemoryStore()
        let plane = InProcessControlPlane(
            subscriptions: Distributor(store: store, logger: logger), log: store, queries: store,
            configuration: FilesOfAStage(files: files), secrets: InMemorySecretStore())
        _ = try await plane.subscribe(
            Interest(name: JMeterService.name, patterns: ["sh.keptn.event.test.triggered"]))
        let ids = Array(ids.prefix(strategies.count))
        for (id, strategy) in zip(ids, strategies) {
            let data: JSON = [
                "project": "sockshop", "stage": "dev", "service": "carts", "deployment": deployment,
                "test": ["teststrategy": .string(strategy)],
            ]
            try await store.append([
                CloudEvent(
                    keptn: .task(name: "test", kind: .triggered), id: id, source: "shipyard-controller",
                    time: time.now, context: "c", gitCommitID: "abc123", data: data)
            ])
        }
        let component = JMeterService(
            configuration: FilesOfAStage(files: files), requester: requester, jmeter: tool, jmetersMax: jmetersMax,
            reports: reports, time: time)
        let service = IntegrationService(component.integration(version: "1"), on: plane, time: time, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await meanwhile()
            try await watching(store)
            var answers: [CloudEvent] = []
            var position = Position(Int64(strategies.count))
            var ends: [CloudEvent] { answers.filter { $0.type.hasSuffix("finished") } }
            while ends.count < endsMin || !ends.contains(where: { $0.triggeredID == ids.last }) {
                try await store.waitForEvents(after: position)
                for event in try await store.events(after: position, limit: 100) {
                    answers.append(event.event)
                    position = event.position
                }
            }
            group.cancelAll()
            return answers
        }
    }
}
