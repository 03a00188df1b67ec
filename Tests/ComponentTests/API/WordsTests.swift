import API
import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import Testing

/// The API in the words of Keptn 0.5 and of CDEvents.
@Suite("Events in other words", .timeLimit(.minutes(5)))
struct WordsTests {
    private static let context = "11111111-2222-3333-4444-555555555555"

    /// A run of `sockshop` that has come to its deployment.
    private static let run: [CloudEvent] = [
        event("sequence", "dev.delivery.triggered", ["configurationChange": ["values": ["image": "carts:1"]]]),
        event("task", "deployment.triggered", ["configurationChange": ["values": ["image": "carts:1"]]]),
    ]

    private static func event(_ id: String, _ type: String, _ data: JSON) -> CloudEvent {
        let place: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
        return CloudEvent(
            id: id, source: "shipyard-controller", type: "sh.keptn.event.\(type)", time: Timestamp(seconds: 1000),
            dataContentType: "application/json", extensions: ["shkeptncontext": .string(context)],
            data: .json(place.merging(data)))
    }

    private static func pull(_ bench: UniformBench, _ name: String, _ type: String) async throws -> [JSON] {
        let body: JSON = ["events": [.string(type)], "waitSeconds": 0]
        let answer = try await bench.send(.post, "/api/v1/subscriptions/\(name)/pull", body.text)
        #expect(answer.status == 200, "\(answer.json)")
        return answer.json["deliveries"]?.elements ?? []
    }

    @Test("Who pulls an old type gets old events, as CloudEvents 0.2")
    func oldTypes() async throws {
        let bench = try await UniformBench()
        let type = "sh.keptn.event.configuration.change"
        #expect(try await Self.pull(bench, "old", type) == [])
        try await bench.store.append(Self.run)
        let deliveries = try await Self.pull(bench, "old", type)
        #expect(deliveries.map { $0["position"] } == [2])
        let event = try #require(deliveries.first?["event"])
        #expect(event["specversion"] == "0.2")
        #expect(event["type"]?.stringValue == type)
        #expect(event["contenttype"] == "application/json")
        #expect(event["data", "valuesCanary"] == ["image": "carts:1"])
        #expect(event["data", "canary"] == ["action": "set", "value": 100])
    }

    @Test("Who pulls a type of CDEvents gets those, and what means nothing there is settled")
    func cdEvents() async throws {
        let bench = try await UniformBench()
        _ = try await Self.pull(bench, "cd", "dev.cdevents.pipelinerun.>")
        try await bench.store.append(Self.run)
        let deliveries = try await Self.pull(bench, "cd", "dev.cdevents.pipelinerun.>")
        #expect(
            deliveries.map { $0["event", "type"]?.stringValue } == [
                "dev.cdevents.pipelinerun.queued.0.3.0", "dev.cdevents.pipelinerun.started.0.3.0",
            ])
        #expect(deliveries.first?["event", "data", "context", "chainId"]?.stringValue == Self.context)
        try await bench.store.append([Self.event("started", "deployment.started", [:])])
        #expect(try await Self.pull(bench, "cd", "dev.cdevents.pipelinerun.>") == [])
    }

    @Test("What an old service says answers the open task of its run")
    func oldAnswers() async throws {
        let bench = try await UniformBench()
        try await bench.store.append(Self.run)
        let old: JSON = [
            "specversion": "0.2", "id": "o1", "source": "my-deployer", "contenttype": "application/json",
            "type": "sh.keptn.events.deployment-finished", "shkeptncontext": .string(Self.context),
            "data": ["project": "sockshop", "stage": "dev", "service": "carts", "deploymentstrategy": "direct"],
        ]
        let answer = try await bench.send(.post, "/api/v1/event", old.text)
        #expect(answer.status == 200, "\(answer.json)")
        let events = try await bench.store.events(after: Position(2), limit: 10).map(\.event)
        #expect(
            events.map(\.type) == ["sh.keptn.event.deployment.started", "sh.keptn.event.deployment.finished"])
        #expect(events.allSatisfy { $0.triggeredID == "task" && $0.source == "my-deployer" })
        #expect(events.last?.keptnData?.result == "pass")

        let again = try await bench.send(.post, "/api/v1/event", old.setting("id", to: "o2").text)
        #expect(again.status == 200)
        let kept = try await bench.store.events(after: Position(4), limit: 10).map(\.event.type)
        #expect(kept == ["sh.keptn.events.deployment-finished"], "the task is over: it is kept, and does nothing")
    }

    @Test(
        "What cannot be meant is refused with what would be right",
        arguments: [
            (
                "sh.keptn.event.configuration.change",
                #"{"project":"sockshop","service":"carts","canary":{"action":"x"}}"#,
                400, "set, promote or discard"
            ),
            (
                "sh.keptn.event.configuration.change",
                #"{"project":"nope","service":"carts","valuesCanary":{"image":"a"}}"#,
                404, "nope"
            ),
            ("sh.keptn.internal.event.project.create", #"{"project":"p","shipyard":"eA=="}"#, 400, "keptn create"),
        ])
    func refusals(type: String, data: String, status: Int, says: String) async throws {
        let bench = try await UniformBench()
        let body = #"{"specversion":"0.2","id":"1","source":"s","type":"\#(type)","data":\#(data)}"#
        let answer = try await bench.send(.post, "/api/v1/event", body)
        #expect(answer.status == status, "\(answer.json)")
        #expect(answer.json["message"]?.stringValue?.contains(says) == true, "\(answer.json)")
    }

    @Test("A push subscription to what Keptn never says is refused with what it says")
    func unsaid() async throws {
        let bench = try await UniformBench()
        let body: JSON = ["url": "http://h/", "events": ["dev.cdevents.build.>"]]
        let answer = try await bench.send(.put, "/api/v1/subscriptions/x", body.text)
        #expect(answer.status == 400)
        #expect(answer.json["message"]?.stringValue?.contains("dev.cdevents.pipelinerun.queued.0.3.0") == true)
    }
}
