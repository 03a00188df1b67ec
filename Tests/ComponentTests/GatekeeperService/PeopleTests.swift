import CloudEvents
import Core
import EventBroker
import GatekeeperService
import KeptnKit
import KeptnModel
import Ports
import ServiceLifecycle
import Testing

/// Approvals by people: how many, until when, and what they may send.
@Suite("Approvals by people", .timeLimit(.minutes(5))) struct PeopleTests {
    private func component(_ sequences: SequencesInMemory) -> (Integration, timer: any Service) {
        let service = GatekeeperService(
            queries: sequences.store, sequences: sequences.store, log: sequences.store, time: sequences.time,
            logger: sequences.logger)
        return (service.integration(version: "1"), service)
    }

    /// Sends an answer through the door for events, as `person`.
    private func answer(
        _ sequences: SequencesInMemory, _ context: String, as person: String, _ result: String = "pass",
        type: String = "finished", source: String = "cli", data: JSON = .emptyObject
    ) async throws {
        let store = sequences.store
        let broker = EventBroker(
            log: store, queries: store, sequences: store, configuration: sequences.configuration,
            time: sequences.time, ids: sequences.ids)
        let triggered = try await sequences.event("approval.triggered", in: context)
        let event: JSON = [
            "type": .string("sh.keptn.event.approval.\(type)"), "source": .string(source),
            "shkeptncontext": triggered.keptnContext.map { .string($0) }, "triggeredid": .string(triggered.id),
            "data": data.merging([
                "project": "sockshop", "stage": "dev", "service": "carts", "result": .string(result),
                "status": "succeeded", "message": "because",
            ]),
        ]
        _ = try await broker.accept(
            .init(contentType: "application/json", headers: [], body: Array(event.bytes)),
            from: Caller(name: person, grant: .admin))
    }

    static let context = "5b1fc60e-942d-4a77-a358-0de16b82f439"

    @Test("Two different people have to approve")
    func twoPeople() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: approval, properties: {approvers: 2}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            _ = try await sequences.event("approval.started", in: Self.context)
            try await answer(sequences, Self.context, as: "alice")
            #expect(
                try await sequences.event("approval.status.changed", in: Self.context).json?["message"]
                    == "alice approved: because (1 of 2)")
            let error = await #expect(throws: KeptnError.self) {
                try await answer(sequences, Self.context, as: "alice", source: "other")
            }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("alice approved: because at") == true)
            try await answer(sequences, Self.context, as: "bob")
            let finished = try await sequences.event("approval.finished", in: Self.context)
            #expect(finished.source == "approval-service")
            #expect(finished.json?["message"] == "alice approved: because; bob approved: because")
            #expect(
                finished.json?["approval", "answers"]?.elements.map { $0["by"] } == ["alice", "bob"])
            #expect(try await sequences.event("dev.s.finished", in: Self.context).json?["result"] == "pass")
            let late = await #expect(throws: KeptnError.self) {
                try await answer(sequences, Self.context, as: "carol")
            }
            #expect(late?.message.contains("answered with 'pass' by alice, bob") == true)
        }
    }

    @Test("One decline is enough")
    func decline() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: approval, properties: {approvers: 2}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            _ = try await sequences.event("approval.started", in: Self.context)
            try await answer(sequences, Self.context, as: "alice", "fail")
            #expect(try await sequences.event("dev.s.finished", in: Self.context).json?["result"] == "fail")
        }
    }

    @Test("Votes cannot be sent from outside")
    func forged() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: approval, properties: {approvers: 2}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            _ = try await sequences.event("approval.started", in: Self.context)
            let error = await #expect(throws: KeptnError.self) {
                try await answer(
                    sequences, Self.context, as: "eve", type: "status.changed",
                    data: ["approval": ["vote": ["by": "alice", "result": "pass"]]])
            }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test("Nobody answers in time: the default answer, also after a restart", arguments: ["pass", "fail"])
    func timeout(answer: String) async throws {
        let sequences = try SequencesInMemory(
            tasks: "[{name: approval, properties: {timeout: 2h, onTimeout: \(answer)}}]")
        let end = sequences.time.now + .seconds(7200)
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            let started = try await sequences.event("approval.started", in: Self.context)
            #expect(started.json?["approval", "until"] == .string(end.rfc3339))
        }
        sequences.time.advance(to: end)
        try await sequences.run(component(sequences)) {
            let finished = try await sequences.event("approval.finished", in: Self.context)
            #expect(finished.json?["result"] == .string(answer))
            #expect(
                finished.json?["message"]
                    == .string("not decided within 2h0m0s: the answer for that case is \(answer)"))
            #expect(try await sequences.event("dev.s.finished", in: Self.context).json?["result"] == .string(answer))
        }
    }

    @Test("An answer in time is the only one")
    func inTime() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: approval, properties: {timeout: 2h, onTimeout: pass}}]")
        let other = "6b1fc60e-942d-4a77-a358-0de16b82f439"
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            _ = try await sequences.event("approval.started", in: Self.context)
            try await answer(sequences, Self.context, as: "alice")
            _ = try await sequences.event("dev.s.finished", in: Self.context)
            // Due at the same time, and later in the table.
            try await sequences.trigger(other, service: "orders")
            _ = try await sequences.event("approval.started", in: other)
            sequences.time.advance(by: .seconds(7200))
            _ = try await sequences.event("dev.s.finished", in: other)
        }
        let ends = try await sequences.events("approval.finished")
        #expect(ends.map(\.keptnContext) == [Self.context, other])
    }

    @Test("Properties that cannot be used end the task")
    func badProperties() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: approval, properties: {approvers: everybody}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger(Self.context)
            let finished = try await sequences.event("approval.finished", in: Self.context).json
            #expect(finished?["status"] == "errored")
            #expect(
                finished?["message"] == "approval.approvers is 'everybody'; a number from 1 to 20 is needed")
        }
    }
}
