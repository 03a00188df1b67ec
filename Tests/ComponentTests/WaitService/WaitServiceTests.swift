import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import ServiceLifecycle
import Testing
import WaitService

@Suite(.timeLimit(.minutes(5))) struct WaitServiceTests {
    private func component(_ sequences: SequencesInMemory) -> (Integration, timer: any Service) {
        let service = WaitService(
            testDuration: .seconds(180), sequences: sequences.store, log: sequences.store, time: sequences.time,
            logger: sequences.logger)
        return (service.integration(version: "1"), service)
    }

    @Test("Real users test for the configured time, which the evaluation then looks at")
    func realUsers() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: test, properties: {teststrategy: real-user}}]")
        let start = sequences.time.now
        let end = start + .seconds(180)
        try await sequences.run(component(sequences)) {
            try await sequences.trigger("c")
            let started = try await sequences.event("test.started", in: "c")
            #expect(started.source == "wait-service")
            #expect(started.json?["message"] == .string("waiting until \(end.rfc3339)"))
            #expect(started.json?["test", "until"] == .string(end.rfc3339))
            sequences.time.advance(to: end)
            let finished = try await sequences.event("test.finished", in: "c")
            #expect(finished.json?["result"] == "pass")
            #expect(finished.json?["test"] == ["start": .string(start.rfc3339), "end": .string(end.rfc3339)])
            #expect(try await sequences.event("dev.s.finished", in: "c").json?["result"] == "pass")
        }
    }

    @Test("Tests of other kinds are left to others")
    func otherTests() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: test}]")
        var (integration, timer) = component(sequences)
        integration.concurrency = 1
        try await sequences.run((integration, timer)) {
            try await sequences.trigger("functional", data: ["test": ["teststrategy": "functional"]])
            _ = try await sequences.event("test.triggered", in: "functional")
            try await sequences.trigger("users", service: "orders", data: ["test": ["teststrategy": "real-user"]])
            _ = try await sequences.event("test.started", in: "users")
        }
        #expect(try await sequences.events("test.started").map(\.keptnContext) == ["users"])
    }

    @Test("A wait goes on after a restart, with the time that it had")
    func restart() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: wait, properties: {duration: 48h}}]")
        let end = sequences.time.now + .seconds(48 * 3600)
        try await sequences.run(component(sequences)) {
            try await sequences.trigger("c")
            _ = try await sequences.event("wait.started", in: "c")
        }
        // Longer than a task may take otherwise.
        sequences.time.advance(to: end)
        try await sequences.run(component(sequences)) {
            let finished = try await sequences.event("wait.finished", in: "c")
            #expect(finished.json?["status"] == "succeeded")
            #expect(try await sequences.event("dev.s.finished", in: "c").json?["result"] == "pass")
        }
        #expect(try await sequences.events("wait.started").count == 1)
    }

    @Test("The end of the sequence ends its wait; the others go on")
    func abort() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: wait, properties: {duration: 1h}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger("aborted")
            try await sequences.trigger("other", service: "orders")
            for context in ["aborted", "other"] { _ = try await sequences.event("wait.started", in: context) }
            try await sequences.abort("aborted")
            #expect(try await sequences.event("dev.s.finished", in: "aborted").json?["status"] == "aborted")
            sequences.time.advance(by: .seconds(3600))
            _ = try await sequences.event("dev.s.finished", in: "other")
        }
        #expect(try await sequences.events("wait.finished").map(\.keptnContext) == ["other"])
    }

    @Test("A wait until an instant that has passed is over at once")
    func past() async throws {
        let sequences = try SequencesInMemory(tasks: #"[{name: wait, properties: {until: "2001-02-03T04:05:06Z"}}]"#)
        try await sequences.run(component(sequences)) {
            try await sequences.trigger("c")
            #expect(try await sequences.event("wait.finished", in: "c").json?["result"] == "pass")
        }
    }

    @Test("A property that cannot be used ends the task with the reason")
    func badProperty() async throws {
        let sequences = try SequencesInMemory(tasks: "[{name: wait, properties: {duration: tomorrow}}]")
        try await sequences.run(component(sequences)) {
            try await sequences.trigger("c")
            let finished = try await sequences.event("wait.finished", in: "c").json
            #expect(finished?["status"] == "errored")
            #expect(
                finished?["message"]
                    == "wait.duration is 'tomorrow'; a duration such as 30s, 10m or 1h30m is needed")
        }
    }
}
