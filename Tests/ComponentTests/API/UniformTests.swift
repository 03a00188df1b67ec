import API
import CloudEvents
import Core
import HTTPTypes
import Ports
import Testing

@Suite("Integrations, subscriptions and lines over the API", .timeLimit(.minutes(5)))
struct UniformTests {
    private static let registration = "/api/controlPlane/v1/uniform/registration"
    private static let log = "/api/controlPlane/v1/log"

    /// What Keptn's SDK sends.
    private static func body(_ name: String = "my-service", host: String = "node", events: [String] = []) -> String {
        let subscriptions = events.map {
            #"{"id":"","event":"\#($0)","filter":{"projects":null,"stages":null,"services":null}}"#
        }
        return """
            {"id":"","name":"\(name)","metadata":{"hostname":"\(host)","integrationversion":"0.1","location":"here",
            "distributorversion":"0.15.0","lastseen":"0001-01-01T00:00:00Z","kubernetesmetadata":{"namespace":"keptn",
            "podname":"pod","deploymentname":"d"}},"subscriptions":[\(subscriptions.joined(separator: ","))]}
            """
    }

    @Test("An integration registers, is found, pings, and is gone after two silent days")
    func lifeCycle() async throws {
        let bench = try await UniformBench()
        let first = try await bench.send(.post, Self.registration, Self.body(events: ["sh.keptn.event.x.triggered"]))
        #expect(first.status == 201)
        // sha1sum of my-service-keptn-node
        #expect(first.json["id"]?.stringValue == "\(Self.hash)")
        let again = try await bench.send(.post, Self.registration, Self.body(host: "another"))
        #expect(again.status == 200)
        #expect(again.json == first.json)
        let id = Self.hash

        let found = try await bench.send(.get, Self.registration + "?name=my-service")
        #expect(found.json.elements.count == 1)
        #expect(found.json.elements[0]["metadata", "hostname"] == "another")
        #expect(found.json.elements[0]["subscriptions"]?.elements.first?["event"] == "sh.keptn.event.x.triggered")

        bench.time.advance(by: .seconds(47 * 3600))
        let ping = try await bench.send(.put, "\(Self.registration)/\(id)/ping")
        #expect(ping.status == 200)
        #expect(ping.json["metadata", "lastseen"]?.stringValue == bench.time.now.rfc3339)
        #expect(ping.json["subscriptions"]?.elements.count == 1)
        bench.time.advance(by: .seconds(47 * 3600))
        #expect(try await bench.send(.get, Self.registration + "?id=\(id)").json.elements.count == 1)
        bench.time.advance(by: .seconds(2 * 3600))
        #expect(try await bench.send(.get, Self.registration + "?id=\(id)").json.elements.isEmpty)
        #expect(try await bench.send(.put, "\(Self.registration)/\(id)/ping").status == 404)
        #expect(try await bench.send(.post, Self.registration, Self.body()).status == 201)
        #expect(try await bench.send(.delete, "\(Self.registration)/\(id)").status == 200)
        #expect(try await bench.send(.get, Self.registration + "?id=\(id)").json.elements.isEmpty)
    }

    private static let hash = "92fa676d0f859f320cf112767d4f316704e85b8c"

    @Test("All that is missing is told at once")
    func mistakes() async throws {
        let bench = try await UniformBench()
        let answer = try await bench.send(
            .post, Self.registration, #"{"subscriptions":[{"event":"","filter":{"services":["carts"]}}]}"#)
        #expect(answer.status == 400)
        let message = answer.json["message"]?.stringValue ?? ""
        for part in ["'name'", "namespace'", "'metadata.hostname'", "'event'", "[carts]"] {
            #expect(message.contains(part), "\(part): \(message)")
        }
    }

    @Test("Subscriptions are made, read, changed and removed")
    func subscriptions() async throws {
        let bench = try await UniformBench()
        let id = try await bench.send(.post, Self.registration, Self.body()).json["id"]?.stringValue ?? ""
        let all = "\(Self.registration)/\(id)/subscription"
        let made = try await bench.send(
            .post, all, #"{"event":"sh.keptn.>","filter":{"projects":["p"],"stages":["dev"],"services":["carts"]}}"#)
        #expect(made.status == 201)
        let one = "\(all)/\(made.json["id"]?.stringValue ?? "")"
        #expect(try await bench.send(.get, one).json["filter", "services"] == ["carts"])
        #expect(try await bench.send(.get, Self.registration + "?project=p&stage=dev").json.elements.count == 1)
        #expect(try await bench.send(.put, one, #"{"event":"x","filter":{}}"#).status == 201)
        #expect(try await bench.send(.get, all).json.elements.map { $0["event"]?.stringValue } == ["x"])
        #expect(try await bench.send(.get, Self.registration + "?project=p").json.elements.isEmpty)
        #expect(try await bench.send(.post, all, #"{"filter":{"services":["carts"]}}"#).status == 400)
        #expect(try await bench.send(.delete, one).status == 200)
        #expect(try await bench.send(.get, one).status == 404)
        #expect(try await bench.send(.get, "\(Self.registration)/nobody/subscription").status == 404)
        #expect(
            try await bench.send(.post, "\(Self.registration)/nobody/subscription", #"{"event":"x"}"#).status == 404)
    }

    @Test("Webhooks need exactly one project, which is known when the integration is")
    func webhooks() async throws {
        let bench = try await UniformBench()
        let id =
            try await bench.send(.post, Self.registration, Self.body("webhook-service")).json["id"]?.stringValue ?? ""
        let all = "\(Self.registration)/\(id)/subscription"
        #expect(try await bench.send(.post, all, #"{"event":"x"}"#).status == 400)
        #expect(try await bench.send(.post, all, #"{"event":"x","filter":{"projects":["p"]}}"#).status == 201)
    }

    @Test("The list tells how many deliveries of an integration are open, its distributor's too")
    func openDeliveries() async throws {
        let bench = try await UniformBench()
        let made = try await bench.send(.post, Self.registration, Self.body(events: ["sh.keptn.event.test.triggered"]))
        #expect(made.status == 201)
        func open() async throws -> [Int?] {
            try await bench.send(.get, Self.registration).json.elements.map { $0["openDeliveries"]?.intValue }
        }
        let registered = try await bench.send(.get, Self.registration + "?name=my-service").json.elements
        let id = try #require(registered.first?["subscriptions"]?.elements.first?["id"]?.stringValue)
        let pull = #"{"events": ["sh.keptn.event.test.triggered"], "waitSeconds": 0, "restart": true}"#
        let names = ["my-service", "my-service%2F\(id)"]
        for name in names {
            #expect(try await bench.send(.post, "/api/v1/subscriptions/\(name)/pull", pull).status == 200)
        }
        #expect(try await open() == [0, 0])
        try await bench.append("1", "2")
        for name in names {
            let pull = pull.replacing("true", with: "false")
            #expect(try await bench.send(.post, "/api/v1/subscriptions/\(name)/pull", pull).status == 200)
        }
        #expect(try await open() == [0, 4])
        let settled = try await bench.send(
            .post, "/api/v1/subscriptions/my-service/settle", #"{"positions": [1, 2]}"#)
        #expect(settled.status == 200)
        #expect(try await open() == [0, 2])
    }

    @Test("What is part of the server is shown as seen now, and cannot be changed")
    func embedded() async throws {
        let bench = try await UniformBench()
        let found = try await bench.send(.get, Self.registration).json.elements
        #expect(found.map { $0["name"]?.stringValue } == ["lighthouse-service"])
        #expect(found[0]["metadata", "lastseen"]?.stringValue == bench.time.now.rfc3339)
        let own = "\(Self.registration)/\(UniformBench.own.id)"
        #expect(try await bench.send(.put, own + "/ping").status == 200)
        #expect(try await bench.send(.get, own + "/subscription").json.elements.count == 1)
        #expect(try await bench.send(.delete, own).status == 409)
        #expect(try await bench.send(.post, own + "/subscription", #"{"event":"x"}"#).status == 409)
        #expect(try await bench.send(.delete, own + "/subscription/x").status == 409)
    }

    @Test("Lines are written and read in pages, for five days; nobody deletes them from outside")
    func lines() async throws {
        let bench = try await UniformBench()
        func line(_ message: String, _ time: String = "0001-01-01T00:00:00Z") -> String {
            #"{"integrationid":"i","message":"\#(message)","time":"\#(time)","shkeptncontext":"c","task":"t"}"#
        }
        #expect(try await bench.send(.post, Self.log, #"{"logs":[\#(line("1"))]}"#).status == 200)
        bench.time.advance(by: .seconds(60))
        #expect(try await bench.send(.post, Self.log, #"{"logs":[\#(line("2")),\#(line("3"))]}"#).status == 200)
        let page = try await bench.send(.get, Self.log + "?integrationId=i&pageSize=2").json
        #expect(page["logs"]?.elements.compactMap { $0["message"]?.stringValue } == ["3", "2"])
        #expect(page["nextPageKey"] == 2 && page["totalCount"] == 3 && page["pageSize"] == 2)
        let rest = try await bench.send(.get, Self.log + "?pageSize=2&nextPageKey=2").json
        #expect(rest["logs"]?.elements.first?["task"] == "t")
        #expect(rest["nextPageKey"] == 0)
        let earlier = try await bench.send(.get, Self.log + "?beforeTime=\(bench.time.now.rfc3339)").json
        #expect(earlier["totalCount"] == 1)
        bench.time.advance(by: .seconds(120 * 3600))
        #expect(try await bench.send(.get, Self.log).json["totalCount"] == 0, "nothing is older than 120 hours")

        #expect(try await bench.send(.delete, Self.log).status == 403)
        for (body, says) in [
            ("{}", "'logs'"), (#"{"logs":[{"message":"m"}]}"#, "logs[0].integrationid"),
            (#"{"logs":[\#(line("m", "yesterday"))]}"#, "'yesterday'"),
        ] {
            let answer = try await bench.send(.post, Self.log, body)
            #expect(answer.status == 400)
            #expect(answer.json["message"]?.stringValue?.contains(says) == true, "\(answer.json)")
        }
        #expect(try await bench.send(.get, Self.log + "?fromTime=x").status == 400)
    }

    @Test("A failure in the event log becomes one line of the integration that sent it")
    func failures() async throws {
        let bench = try await UniformBench()
        let id = try await bench.send(.post, Self.registration, Self.body("deployer")).json["id"]?.stringValue ?? ""
        func event(_ id: String, _ source: String, _ status: String, type: String = "deployment.finished") -> CloudEvent
        {
            var event = CloudEvent(id: id, source: source, type: "sh.keptn.event.\(type)", time: bench.time.now)
            event["triggeredid"] = "t"
            event.data = .json(["status": .string(status), "message": .string("no disk in \(source)")])
            return event
        }
        try await bench.store.append([
            event("1", "deployer", "errored"), event("2", "deployer", "succeeded"),
            event("3", "lighthouse-service", "errored"), event("4", "stranger", "errored"),
            event("5", "deployer", "errored"), event("6", "deployer", "errored", type: "deployment.started"),
        ])
        let collector = FailureCollector(
            events: bench.store, uniform: bench.uniform, time: bench.time, logger: UniformBench.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await collector.run() }
            while try await bench.lines.position() < Position(6) { await Task.yield() }
            group.cancelAll()
        }
        let lines = try await bench.lines.entries(LogQuery()).entries
        #expect(Set(lines.map(\.integrationID)) == [id, UniformBench.own.id, "stranger"])
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.message.hasPrefix("no disk in ") && $0.task == "deployment" })
    }

    @Test("What a task asks of another task is open until it is finished")
    func openRequests() async throws {
        let bench = try await UniformBench()
        let path = "/api/controlPlane/v1/event/triggered/sh.keptn.event.get-sli.triggered"
        func event(_ id: String, _ kind: String, answers trigger: String? = nil) -> CloudEvent {
            var event = CloudEvent(
                id: id, source: "lighthouse-service", type: "sh.keptn.event.get-sli.\(kind)", time: bench.time.now)
            event["triggeredid"] = trigger
            event.data = .json(["project": "p", "stage": "dev", "service": "carts"])
            return event
        }
        try await bench.store.append([event("a", "triggered"), event("b", "triggered")])
        func open(_ query: String = "") async throws -> [String?] {
            try await bench.send(.get, path + query).json["events"]?.elements.map { $0["id"]?.stringValue } ?? []
        }
        #expect(try await open() == ["a", "b"])
        #expect(try await open("?project=p&stage=dev&service=carts&eventID=b") == ["b"])
        #expect(try await open("?project=other") == [])
        try await bench.store.append([event("s", "started", answers: "a"), event("f", "finished", answers: "b")])
        #expect(try await open() == ["a"])
        bench.time.advance(by: .seconds(3600))
        #expect(try await open() == [], "nobody waits for so long")
    }
}
