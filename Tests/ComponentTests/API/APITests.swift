import API
import CloudEvents
import ConfigurationService
import Core
import Distributor
import EventBroker
import HTTPServing
import KeptnModel
import Logging
import Ports
import RemoteClients
import ServiceLifecycle
import ShipyardService
import Testing

/// The whole API on a real socket, over a store and a configuration in memory.
private struct APIBench {
    static let token = "the-token"
    let url: String
    let store: InMemoryStore

    static func run(_ body: @escaping @Sendable (APIBench) async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = InMemoryStore()
        let time = ManualTime()
        let ids = SequentialIDs()
        let configuration = try await ConfigurationBench.withSockshop().service
        try await configuration.createService("carts", in: "sockshop")
        let shipyard = ShipyardService(
            store: store, configuration: configuration, time: time, ids: ids, logger: logger)
        let tokens = try await TokenRegistry(
            firstToken: token, store: InMemoryTokenStore(), time: time, logger: logger)
        let api = API(
            .init(
                store: store, configuration: configuration,
                intake: EventBroker(
                    log: store, queries: store, sequences: store, configuration: configuration, time: time, ids: ids,
                    bytesMax: 4096),
                barrier: shipyard, subscriptions: Distributor(store: store, logger: logger),
                words: PushBench.words(store), push: PushBench.idle(store),
                artifacts: InMemoryArtifactStore(), reports: InMemoryTestReports(),
                uniform: UniformBench.uniform(store), zips: InMemoryZipArchives(), secrets: InMemorySecretStore(),
                tokens: tokens, channels: ChannelTokens(secret: [1]),
                sessions: try await SessionRegistry(tokens: tokens, store: InMemorySessionStore(), time: time),
                time: time,
                ids: ids, version: "1", metrics: { "up 1\n" }))
        let access = TokenGuard(tokens: tokens, time: time)
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let serving = HTTPServing(
            host: "127.0.0.1", port: 0, routes: api.routes, requests: RequestStatistics(),
            admit: { try await access.admit($0, to: $1) }, logger: logger
        ) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shipyard.run() }
            group.addTask { try await serving.run() }
            for await number in ports {
                try await body(APIBench(url: "http://127.0.0.1:\(number)", store: store))
                break
            }
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }

    func send(
        _ method: String, _ path: String, _ body: String = "", contentType: String = "application/json",
        token: String = token, headers: [String: String] = [:]
    ) async throws -> (status: Int, json: JSON) {
        let headers = headers.merging(["content-type": contentType, "x-token": token]) { $1 }
        let response = try await WebRequester().send(
            OutgoingRequest(method: method, url: url + path, headers: headers, body: Array(body.utf8)))
        return (response.status, (try? JSON(parsing: response.body)) ?? .null)
    }
}

private let trigger = """
    {"type":"sh.keptn.event.dev.delivery.triggered","source":"test","id":"t1",
    "data":{"project":"sockshop","stage":"dev","service":"carts"}}
    """

@Suite("The API on a socket", .timeLimit(.minutes(5)))
struct APITests {
    struct Case: Sendable, CustomTestStringConvertible {
        var method: String
        var path: String
        var body = ""
        var contentType = "application/json"
        var token = "the-token"
        var status: Int
        var says = ""
        var testDescription: String { "\(method) \(path) \(body.prefix(60)) -> \(status)" }
    }

    private static let project = "/api/controlPlane/v1/project"
    private static let carts = "/api/resource-service/v1/project/sockshop/stage/dev/service/carts"

    private static let cases: [Case] = [
        Case(method: "GET", path: "/healthz", token: "", status: 200),
        Case(method: "GET", path: "/readyz", token: "", status: 200),
        Case(method: "POST", path: "/api/v1/auth", status: 200),
        Case(method: "POST", path: "/api//v1/auth/", status: 200),
        Case(method: "POST", path: "/api/v1/auth", token: "", status: 401, says: "unauthenticated"),
        Case(method: "GET", path: "/api/v1/auth", status: 200),
        Case(method: "PUT", path: "/api/v1/auth", status: 405, says: "POST"),
        Case(method: "GET", path: "/nginx-health", token: "", status: 200),
        Case(method: "GET", path: "/nowhere", status: 404, says: "/nowhere"),
        Case(method: "GET", path: "/api/v1/metadata", status: 200),
        Case(method: "GET", path: project, status: 200),
        Case(method: "GET", path: project + "?pageSize=x", status: 400, says: "pageSize is 'x'"),
        Case(method: "GET", path: project + "/sockshop", status: 200),
        Case(method: "GET", path: project + "/nope", status: 404, says: "nope"),
        Case(method: "GET", path: project + "/sockshop/stage", status: 200),
        Case(method: "GET", path: project + "/sockshop/stage/nope", status: 404, says: "nope"),
        Case(method: "GET", path: project + "/sockshop/stage/dev/service", status: 200),
        Case(method: "GET", path: project + "/sockshop/stage/dev/service/carts", status: 200),
        Case(method: "GET", path: project + "/sockshop/stage/dev/service/nope", status: 404, says: "nope"),
        Case(method: "POST", path: project, body: "{", status: 400, says: "not JSON"),
        Case(method: "POST", path: project, body: #"{"shipyard":"eA=="}"#, status: 400, says: "name"),
        Case(method: "POST", path: project, body: #"{"name":"x","shipyard":"%"}"#, status: 400, says: "Base64"),
        Case(
            method: "POST", path: project, body: #"{"name":"x","shipyard":"eDogMQ=="}"#, status: 400,
            says: "shipyard.yaml:"),
        Case(method: "POST", path: project, body: #"{"name":"x","colour":1}"#, status: 400, says: "colour"),
        Case(
            method: "POST", path: project + "/sockshop/service", body: #"{"serviceName":"a/b"}"#, status: 400, says: "/"
        ),
        Case(
            method: "POST", path: project + "/sockshop/service", body: #"{"serviceName":"carts"}"#, status: 409,
            says: "carts"),
        Case(method: "POST", path: "/api/v1/event", body: trigger, status: 200),
        Case(method: "POST", path: "/api/v1/event", body: "{]", status: 400, says: "not JSON"),
        Case(method: "POST", path: "/api/v1/event", body: "[]", status: 400, says: "JSON object"),
        Case(
            method: "POST", path: "/api/v1/event", body: trigger, contentType: "text/plain", status: 415,
            says: "text/plain"),
        Case(
            method: "POST", path: "/api/v1/event", body: "{\"type\":\"\(String(repeating: "x", count: 5000))\"}",
            status: 413, says: "4096"),
        Case(method: "POST", path: "/api/v1/event", body: #"{"type":"my.own","data":{}}"#, status: 400, says: "my.own"),
        Case(
            method: "POST", path: "/api/v1/event", body: trigger.replacing("carts", with: "nope"), status: 404,
            says: "nope"),
        Case(
            method: "POST", path: "/api/v1/event", body: trigger.replacing("\"dev\"", with: "\"prod\""), status: 400,
            says: "data.stage is 'prod'"),
        Case(
            method: "POST", path: "/api/v1/event",
            body: #"{"type":"sh.keptn.event.t.finished","triggeredid":"x","data":{"result":"odd","status":"errored"}}"#,
            status: 400, says: "'odd'"),
        Case(method: "GET", path: "/api/mongodb-datastore/event?project=sockshop", status: 200),
        Case(
            method: "GET", path: "/api/mongodb-datastore/event/type/x?filter=data.stage:dev", status: 400,
            says: "data.project"),
        Case(
            method: "GET",
            path: "/api/mongodb-datastore/event/type/x?filter=data.project:a%20AND%20data.result:pass,fail",
            status: 200),
        Case(
            method: "GET", path: "/api/controlPlane/v1/event/triggered/sh.keptn.event.test.triggered", status: 200),
        Case(method: "GET", path: "/api/controlPlane/v1/event/triggered/nonsense", status: 400, says: "nonsense"),
        Case(method: "GET", path: "/api/controlPlane/v1/sequence/sockshop", status: 200),
        Case(method: "GET", path: "/api/controlPlane/v1/sequence/sockshop?state=odd", status: 400, says: "odd"),
        Case(
            method: "POST", path: "/api/controlPlane/v1/sequence/sockshop/nope/control", body: #"{"state":"pause"}"#,
            status: 404, says: "nope"),
        Case(
            method: "POST", path: "/api/controlPlane/v1/sequence/sockshop/x/control", body: #"{"state":"stop"}"#,
            status: 400, says: "pause, resume or abort"),
        Case(method: "GET", path: carts + "/resource/nope.yaml", status: 404, says: "nope.yaml"),
        Case(method: "POST", path: carts + "/resource", body: #"{"resources":[]}"#, status: 400, says: "resources"),
        Case(
            method: "POST", path: carts + "/resource",
            body: #"{"resources":[{"resourceURI":"../x","resourceContent":"eA=="}]}"#, status: 400, says: "../x"),
        Case(
            method: "POST", path: project + "/sockshop/stage/dev/service/nope/evaluation", body: "{}", status: 400,
            says: "nope"),
        Case(
            method: "POST", path: project + "/sockshop/stage/dev/service/carts/evaluation",
            body: #"{"end":"2026-01-31T12:00:00Z"}"#, status: 400, says: "'end' cannot be set without 'start'"),
        Case(
            method: "POST", path: project + "/sockshop/stage/dev/service/carts/evaluation",
            body: #"{"timeframe":"10s"}"#, status: 400, says: "shorter than one minute"),
        Case(
            method: "POST", path: project + "/sockshop/stage/dev/service/carts/evaluation", body: "{}", status: 200),
        Case(method: "PUT", path: "/api/v1/artifacts", body: "x", status: 400, says: "name"),
        Case(method: "POST", path: "/api/v1/subscriptions/s/settle", body: "{}", status: 409, says: "pull first"),
    ]

    @Test("Every answer has the fitting status, and every error says what is wrong")
    func answers() async throws {
        try await APIBench.run { bench in
            for test in Self.cases {
                let answer = try await bench.send(
                    test.method, test.path, test.body, contentType: test.contentType, token: test.token)
                #expect(answer.status == test.status, "\(test): \(answer.json)")
                guard answer.status >= 400 else { continue }
                #expect(answer.json["code"]?.intValue == test.status, "\(test)")
                let message = answer.json["message"]?.stringValue ?? ""
                #expect(message.contains(test.says), "\(test): \(message)")
            }
        }
    }

    @Test("An event that is sent again has one effect and the same answer")
    func duplicates() async throws {
        try await APIBench.run { bench in
            let with = trigger.replacing("\"id\"", with: "\"shkeptncontext\":\"run one\",\"id\"")
            let first = try await bench.send("POST", "/api/v1/event", with)
            let second = try await bench.send("POST", "/api/v1/event", with)
            #expect(first.json["keptnContext"]?.stringValue == "72756e20-6f6e-6520-2020-202020202020")
            #expect(second.json == first.json)
            var query = EventQuery()
            query.id = "t1"
            #expect(try await bench.store.page(query).total == 1)
        }
    }

    @Test("Events come in binary and batched mode too, a batch as a whole or not at all")
    func modes() async throws {
        try await APIBench.run { bench in
            let binary = [
                "ce-specversion": "1.0", "ce-id": "b1", "ce-source": "test",
                "ce-type": "sh.keptn.event.dev.delivery.triggered",
            ]
            let data = #"{"project":"sockshop","stage":"dev","service":"carts"}"#
            #expect(try await bench.send("POST", "/api/v1/event", data, headers: binary).status == 200)
            let batch = CloudEvent.batchContentType
            let good = trigger.replacing("t1", with: "c1")
            let bad = trigger.replacing("t1", with: "c2").replacing("carts", with: "nope")
            #expect(
                try await bench.send("POST", "/api/v1/event", "[\(good),\(bad)]", contentType: batch).status == 404)
            var query = EventQuery()
            query.id = "c1"
            #expect(try await bench.store.page(query).total == 0)
            let both = "[\(good),\(trigger.replacing("t1", with: "c3"))]"
            let answer = try await bench.send("POST", "/api/v1/event", both, contentType: batch)
            #expect(answer.json["keptnContexts"]?.elements.count == 2)
            #expect(try await bench.store.page(query).total == 1)
        }
    }

    @Test("Files are written, listed, read at a commit and deleted, with slashes and blanks in their names")
    func resources() async throws {
        try await APIBench.run { bench in
            let folder = Self.carts + "/resource"
            func body(_ text: String) -> String {
                #"{"resources":[{"resourceURI":"a folder/x.yaml","resourceContent":"\#(Base64.encode(text.utf8))"}]}"#
            }
            let first = try await bench.send("POST", folder, body("one"))
            #expect(first.status == 201)
            #expect(try await bench.send("PUT", folder, body("two")).status == 200)
            let commit = first.json["commitID"]?.stringValue ?? ""
            for (uri, text) in [
                ("a%20folder%2Fx.yaml", "two"), ("a+folder%2Fx.yaml", "two"), ("a%20folder/x.yaml", "two"),
                ("a%20folder%2Fx.yaml?gitCommitID=\(commit)", "one"),
            ] {
                let read = try await bench.send("GET", "\(folder)/\(uri)")
                #expect(read.json["resourceContent"]?.stringValue == Base64.encode(text.utf8), "\(uri)")
            }
            let list = try await bench.send("GET", folder)
            #expect(
                list.json["resources"]?.elements.contains { $0["resourceURI"] == "/a folder/x.yaml" } == true)
            #expect(try await bench.send("DELETE", "\(folder)/a%20folder%2Fx.yaml").status == 200)
            #expect(try await bench.send("GET", "\(folder)/a%20folder%2Fx.yaml").status == 404)
        }
    }

    @Test("Many wrong tokens are refused for a while, a right one never")
    func wrongTokens() async throws {
        try await APIBench.run { bench in
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await bench.send("POST", "/api/v1/auth", token: "wrong").status) }
            #expect(statuses == [401, 401, 429, 429])
            #expect(try await bench.send("POST", "/api/v1/auth").status == 200)
            #expect(try await bench.send("POST", "/api/v1/auth", token: "wrong").status == 401)
        }
    }

    @Test("A command is answered when it has taken effect")
    func control() async throws {
        try await APIBench.run { bench in
            let context = try await bench.send("POST", "/api/v1/event", trigger).json["keptnContext"]?.stringValue ?? ""
            let list = "/api/controlPlane/v1/sequence/sockshop?keptnContext=\(context)"
            while try await bench.send("GET", list).json["totalCount"] == 0 {}
            for (command, state) in [("pause", "paused"), ("resume", "started"), ("abort", "aborted")] {
                let path = "/api/controlPlane/v1/sequence/sockshop/\(context)/control"
                #expect(try await bench.send("POST", path, #"{"state":"\#(command)"}"#).status == 200)
                let run = try await bench.send("GET", list).json["states"]?.elements.first
                #expect(run?["state"]?.stringValue == state)
            }
        }
    }

    @Test("A service shows what happened last and what waits in it, with the times as Keptn's clients read them")
    func openWork() async throws {
        try await APIBench.run { bench in
            let file = Base64.encode(shipyard(["dev"], task: "approval"))
            let project = #"{"name":"bank","shipyard":"\#(file)"}"#
            #expect(try await bench.send("POST", Self.project, project).status == 201)
            #expect(
                try await bench.send("POST", Self.project + "/bank/service", #"{"serviceName":"carts"}"#).status == 200)
            let event = trigger.replacing("sockshop", with: "bank")
            let context = try await bench.send("POST", "/api/v1/event", event).json["keptnContext"]
            let approvals = "/api/controlPlane/v1/event/triggered/sh.keptn.event.approval.triggered?project=bank"
            while try await bench.send("GET", approvals).json["totalCount"] == 0 {}
            let service = try await bench.send("GET", Self.project + "/bank/stage/dev/service/carts").json
            let open = try #require(service["openApprovals"]?.elements.first)
            #expect(open["keptnContext"] == context)
            #expect(open["time"]?.stringValue.flatMap(Int.init) != nil)
            let type = "sh.keptn.event.approval.triggered"
            #expect(service["lastEventTypes", type, "eventId"] == open["eventId"])
            #expect(service["creationDate"]?.stringValue.flatMap(Int.init) != nil)
            let stage = try await bench.send("GET", Self.project + "/bank/stage/dev").json
            #expect(stage["lastEventContext", "keptnContext"] == context)

            let executions = "/api/controlPlane/v1/sequence-execution?project=bank"
            let page = try await bench.send("GET", executions + "&stage=dev&service=carts").json
            let execution = try #require(page["sequenceExecutions"]?.elements.first)
            #expect(execution["status", "state"] == "waitingForApproval")
            #expect(execution["inputProperties", "service"] == "carts")
            #expect(execution["scope", "triggeredId"] == "t1")
            #expect(page["totalCount"] == 1 && page["nextPageKey"] == nil)
            #expect(
                try await bench.send("GET", executions + "&service=other").json["sequenceExecutions"]?.elements.count
                    == 0)
        }
    }

    @Test("Lists are cut into pages; where clients read a number as the key of the next one, it is one")
    func pages() async throws {
        try await APIBench.run { bench in
            for id in ["p1", "p2", "p3"] {
                let event = trigger.replacing("t1", with: id)
                #expect(try await bench.send("POST", "/api/v1/event", event).status == 200)
            }
            let states = "/api/controlPlane/v1/sequence/sockshop"
            while try await bench.send("GET", states).json["totalCount"] != 3 {}
            let all = try await bench.send("GET", states).json
            #expect(all["states"]?.elements.count == 3 && all["pageSize"] == nil && all["nextPageKey"] == nil)
            let first = try await bench.send("GET", states + "?pageSize=2").json
            #expect(first["states"]?.elements.count == 2 && first["pageSize"] == 2 && first["nextPageKey"] == 2)
            let last = try await bench.send("GET", states + "?pageSize=2&nextPageKey=2").json
            #expect(last["states"]?.elements.count == 1 && last["nextPageKey"] == nil)
            let stages = try await bench.send("GET", Self.project + "/sockshop/stage?pageSize=1").json
            #expect(stages["nextPageKey"] == "1" && stages["totalCount"] == 2 && stages["pageSize"] == 1)
        }
    }

    @Test("Who debugs finds a run, its events, and whom it waits for")
    func debugging() async throws {
        try await APIBench.run { bench in
            func start(_ id: String) async throws -> String {
                let event = trigger.replacing("t1", with: id)
                return try await bench.send("POST", "/api/v1/event", event).json["keptnContext"]?.stringValue ?? ""
            }
            let (first, second) = (try await start("first"), try await start("second"))
            let project = "/debug/sequence/project/sockshop"
            while try await bench.send("GET", project).json["totalCount"] != 2 {}
            let run = project + "/shkeptncontext/"
            #expect(try await bench.send("GET", run + second).json["state"] == "waiting")
            let blocking = try await bench.send("GET", run + second + "/stage/dev/blocking").json.elements
            #expect(blocking.map { $0["scope", "keptnContext"]?.stringValue } == [first])
            #expect(try await bench.send("GET", run + first + "/stage/dev/blocking").json.elements.isEmpty)
            let events = try await bench.send("GET", run + first + "/event").json.elements
            #expect(
                events.map { $0["type"]?.stringValue }
                    == ["sh.keptn.event.deployment.triggered", "sh.keptn.event.dev.delivery.triggered"])
            #expect(try await bench.send("GET", run + first + "/event/first").json["source"] == "test")
            for missing in [run + "nope", run + first + "/event/second", "/debug/sequence/project/nope"] {
                #expect(try await bench.send("GET", missing).status == 404, "\(missing)")
            }
            #expect(try await bench.send("GET", project, token: "").status == 401)
        }
    }

    @Test(
        "What the gateway of Keptn blocks is refused, with a token too",
        arguments: [
            ("POST", "/api/resource-service/v1/project"), ("GET", "/api/resource-service/v1/project/sockshop"),
            ("POST", "/api/resource-service/v1/project/sockshop/stage"),
            ("DELETE", "/api/resource-service/v1/project/sockshop/stage/dev/service/carts"),
            ("GET", "/api/resource-service/v1/project/sockshop/service/carts/resource/a%2Fb"),
            ("POST", "/api/mongodb-datastore/event"), ("DELETE", "/api/controlPlane/v1/log"),
            ("POST", "/api/statistics/v1/event"),
        ])
    func closed(_ method: String, _ path: String) async throws {
        try await APIBench.run { bench in
            for token in [APIBench.token, ""] {
                let answer = try await bench.send(method, path, token: token)
                #expect(answer.status == 403 && answer.json["code"] == 403, "\(answer.json)")
                #expect(answer.json["message"]?.stringValue?.contains("closed to the outside") == true)
            }
        }
    }
}
