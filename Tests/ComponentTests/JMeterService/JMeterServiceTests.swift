import CloudEvents
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
                ])
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
                try await time.waitForSleepers()
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

    @Test("A JMeter script is an error that says what to do")
    func jmx() async throws {
        let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200) }
        let data = try await test("performance", requester, files: ["jmeter/load.jmx": "<jmeterTestPlan/>"])
        #expect(data["status"] == "errored")
        #expect(data["message"]?.stringValue?.contains("write an HTTP plan") == true)
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
    /// The data of the answer to one test.
    private func test(
        _ strategy: String, _ requester: InMemoryHTTPRequester, files: [String: String] = JMeterServiceTests.files,
        deployment: JSON = [
            "deploymentURIsLocal": [.string(JMeterServiceTests.url)], "deploymentURIsPublic": ["http://other"],
        ],
        meanwhile: () async throws -> Void = {}
    ) async throws -> JSON {
        let events = try await run([strategy], requester, files, deployment, meanwhile: meanwhile)
        #expect(events.map(\.type) == ["sh.keptn.event.test.started", "sh.keptn.event.test.finished"])
        return events.last?.json ?? .null
    }

    /// What is sent until the last test has its answer.
    private func run(
        _ strategies: [String], _ requester: InMemoryHTTPRequester, _ files: [String: String], _ deployment: JSON,
        meanwhile: () async throws -> Void = {}
    ) async throws -> [CloudEvent] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = InMemoryStore()
        let plane = InProcessControlPlane(
            subscriptions: Distributor(store: store, logger: logger), log: store, queries: store,
            configuration: FilesOfAStage(files: files), secrets: InMemorySecretStore())
        _ = try await plane.subscribe(
            Interest(name: JMeterService.name, patterns: ["sh.keptn.event.test.triggered"]))
        for (index, strategy) in strategies.enumerated() {
            let data: JSON = [
                "project": "sockshop", "stage": "dev", "service": "carts", "deployment": deployment,
                "test": ["teststrategy": .string(strategy)],
            ]
            try await store.append([
                CloudEvent(
                    keptn: .task(name: "test", kind: .triggered), id: "t\(index + 1)", source: "shipyard-controller",
                    time: time.now, context: "c", gitCommitID: "abc123", data: data)
            ])
        }
        let component = JMeterService(
            configuration: FilesOfAStage(files: files), requester: requester, time: time, logger: logger)
        let service = IntegrationService(component.integration(version: "1"), on: plane, time: time, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await meanwhile()
            var answers: [CloudEvent] = []
            var position = Position(Int64(strategies.count))
            let last = "t\(strategies.count)"
            while !answers.contains(where: { $0.triggeredID == last && $0.type.hasSuffix("finished") }) {
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
