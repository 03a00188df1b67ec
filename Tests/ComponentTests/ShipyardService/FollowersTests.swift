import CloudEvents
import KeptnModel
import Logging
import Ports
import ShipyardService
import SpecFiles
import Testing

/// What a sequence has caused and what is over before anybody reads it.
@Suite("Followers that come too late")
struct FollowersTests {
    private let store = InMemoryStore()
    private let time = ManualTime()
    private let ids = SequentialIDs()
    private let configuration: FilesOfAStage

    init() throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.3
            kind: Shipyard
            metadata: {name: sockshop}
            spec:
              stages:
              - name: dev
                sequences:
                - {name: delivery, tasks: [{name: deployment}]}
                - name: remediation
                  triggeredOn: [{event: dev.remediation.finished, selector: {match: {evaluation.result: fail}}}]
                  tasks: [{name: evaluation}]
              - name: staging
                sequences:
                - name: delivery
                  triggeredOn: [{event: dev.delivery.finished}]
                  tasks: [{name: deployment}]
            """
        configuration = FilesOfAStage(
            shipyard: try SpecFiles.shipyard(Array(shipyard.utf8), file: "shipyard.yaml").value)
    }

    /// Another one is another life of the server.
    private func service() -> ShipyardService {
        ShipyardService(
            store: store, configuration: configuration, time: time, ids: ids,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func place(_ stage: String = "dev") -> JSON {
        ["project": "sockshop", "stage": .string(stage), "service": "carts"]
    }

    private func trigger(_ sequence: String, id: String, data: JSON = .emptyObject) -> CloudEvent {
        CloudEvent(
            keptn: .sequence(stage: "dev", name: sequence, kind: .triggered), id: id, source: "test", time: time.now,
            context: "c", data: data.merging(place()))
    }

    /// The start and the end of the newest open task of this name.
    private func ends(_ task: String, result: String = "pass") async throws -> [CloudEvent] {
        let triggered = try #require(try await events("\(task).triggered").last)
        return [EventType.Kind.started, .finished].map { kind in
            CloudEvent(
                keptn: .task(name: task, kind: kind), id: "\(triggered.id)-\(kind.rawValue)", source: "executor",
                time: time.now, context: "c", triggeredID: triggered.id,
                data: place().merging(["result": .string(result), "status": "succeeded"]))
        }
    }

    private func abort(stage: String? = nil) -> CloudEvent {
        CloudEvent(
            id: ids.newID(), source: "test", type: ShipyardService.controlType, time: time.now,
            extensions: ["shkeptncontext": "c"],
            data: .json(["project": "sockshop", "stage": stage.map { .string($0) }, "state": "abort"]))
    }

    private func problem(_ state: String) -> CloudEvent {
        CloudEvent(
            id: ids.newID(), source: "test", type: "sh.keptn.events.problem", time: time.now,
            extensions: ["shkeptncontext": "p"],
            data: .json(place().merging(["State": .string(state), "ProblemID": "4711"])))
    }

    private func events(_ type: String) async throws -> [CloudEvent] {
        try await store.events(after: .start, limit: 1000).map(\.event).filter { $0.type == "sh.keptn.event.\(type)" }
    }

    private func turnUntilDone(_ service: ShipyardService) async throws {
        while try await service.turn() {}
    }

    @Test(
        "An abort in the turn in which a follower is emitted reaches it before any of its tasks goes out",
        arguments: [nil, "staging"], [false, true])
    func sameTurn(stage: String?, restarts: Bool) async throws {
        // After a restart the log tells of aborts of whole runs only.
        if stage != nil, restarts { return }
        let first = service()
        try await store.append([trigger("delivery", id: "t")])
        try await turnUntilDone(first)
        try await store.append(try await ends("deployment") + [abort(stage: stage)])
        #expect(try await first.turn())
        #expect(try await events("staging.delivery.triggered").count == 1)
        try await turnUntilDone(restarts ? service() : first)
        let end = try #require(try await events("staging.delivery.finished").first)
        #expect(end.keptnData?.status == "aborted")
        #expect(try await events("deployment.triggered").count == 1)
    }

    @Test("An abort of another stage, and one before the run was begun again, reach no follower", arguments: [0, 1, 2])
    func otherAborts(_ variant: Int) async throws {
        var service = service()
        if variant > 0 {
            try await store.append([trigger("delivery", id: "old")])
            try await turnUntilDone(service)
            try await store.append([abort()])
            try await turnUntilDone(service)
        }
        try await store.append([trigger("delivery", id: "t")])
        try await turnUntilDone(service)
        try await store.append(try await ends("deployment") + (variant == 0 ? [abort(stage: "dev")] : []))
        #expect(try await service.turn())
        if variant == 2 { service = self.service() }
        try await turnUntilDone(service)
        #expect(try await events("staging.delivery.finished").isEmpty)
        #expect(try await events("deployment.triggered").last?.keptnData?.scope?.stage == "staging")
    }

    @Test("A problem that ends between two rounds of its remediation ends it before anything more is done")
    func problemOver() async throws {
        let service = service()
        try await store.append([trigger("remediation", id: "t", data: ["problem": ["ProblemID": "4711"]])])
        try await turnUntilDone(service)
        try await store.append(try await ends("evaluation", result: "fail") + [problem("RESOLVED")])
        try await turnUntilDone(service)
        #expect(try await events("dev.remediation.triggered").count == 2)
        #expect(try await events("evaluation.triggered").count == 1)
        let end = try #require(try await events("dev.remediation.finished").last)
        #expect(end.keptnData?.result == "pass")
        #expect(end.keptnData?.message == "problem 4711 is over, before anything was done")
    }

    @Test("One that was told of again since, or is open still, goes on", arguments: ["OPEN", "again"])
    func problemNotOver(_ state: String) async throws {
        let service = service()
        let problem: JSON = ["problem": ["ProblemID": "4711"]]
        if state == "again" {
            try await store.append([self.problem("RESOLVED")])
            try await turnUntilDone(service)
        }
        try await store.append([trigger("remediation", id: "t", data: problem)])
        try await turnUntilDone(service)
        try await store.append(
            try await ends("evaluation", result: "fail") + (state == "OPEN" ? [self.problem("OPEN")] : []))
        try await turnUntilDone(service)
        #expect(try await events("evaluation.triggered").count == 2)
        #expect(try await events("dev.remediation.finished").count == 1)
    }
}
