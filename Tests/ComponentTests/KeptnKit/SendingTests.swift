import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import Synchronization
import Testing

/// What an integration does when Keptn is slow, gone, or says no.
@Suite(.timeLimit(.minutes(5))) struct SendingTests {
    private let bench = IntegrationBench()
    private let deployer = Integration(name: "deployer", version: "1").on(task: "deployment") { _ in .pass("done") }

    private func received(_ position: Int64) -> ReceivedEvent {
        ReceivedEvent(position: position, event: bench.triggered("deployment", id: "t\(position)"))
    }

    @Test("What queues up during one call goes out in the next one")
    func coalescing() async throws {
        let gate = Gate()
        let begun = Counter()
        let plane = ScriptedControlPlane([.success([received(1)]), .success((2...50).map(received))]) { number, _ in
            if number == 1 { try await gate.pass() }
        }
        let all = PositionSignal()
        let integration = Integration(name: "deployer", version: "1").on(task: "deployment") { _ in
            all.advance(to: Position(Int64(begun.next())))
            return .pass()
        }
        try await bench.running(integration, on: plane) {
            try await all.wait(for: Position(50))
            gate.open()
            while plane.settlings.flatMap(\.positions).count < 50 {
                try await plane.waitForSettlings(plane.settlings.count + 1)
            }
        }
        let events = plane.settlings.flatMap(\.events)
        #expect(events.count == 100)
        #expect(plane.settlings.count <= 6)
        for number in 1...50 {
            let start = try #require(events.firstIndex(of: "started t\(number)"))
            let end = try #require(events.firstIndex(of: "finished t\(number)"))
            #expect(start < end)
        }
    }

    @Test("While Keptn is gone the answer is kept, and sent when it is back")
    func unavailable() async throws {
        let plane = ScriptedControlPlane([.success([received(1)])]) { number, _ in
            if number <= 3 { throw ControlPlaneError(.unavailable, "gone") }
        }
        try await bench.running(deployer, on: plane) {
            for number in 1...3 {
                try await plane.waitForSettlings(number)
                try await bench.time.waitForSleepers()
                bench.time.advance(by: .seconds(5))
            }
            while !plane.settlings.dropFirst(3).contains(where: { $0.positions == [1] }) {
                try await plane.waitForSettlings(plane.settlings.count + 1)
            }
        }
        #expect(plane.settlings.dropFirst(3).flatMap(\.events) == ["started t1", "finished t1"])
    }

    @Test("An answer that is rejected is replaced by one that says so, and the others go out")
    func rejected() async throws {
        let integration = Integration(name: "deployer", version: "1").on(task: "deployment") { task in
            .pass(task.event.id == "t2" ? "too much" : "done")
        }
        let accepted = Mutex<[CloudEvent]>([])
        let plane = ScriptedControlPlane([.success((1...3).map(received))]) { _, events in
            if events.contains(where: { $0.keptnData?.message == "too much" }) {
                throw ControlPlaneError(.rejected, "an event is larger than 1 MiB")
            }
            accepted.withLock { $0 += events }
        }
        try await bench.running(integration, on: plane) {
            while accepted.withLock({ $0.filter { $0.type.hasSuffix("finished") }.count }) < 3 {
                try await plane.waitForSettlings(plane.settlings.count + 1)
            }
        }
        let answer = try #require(
            accepted.withLock { $0.first { $0.triggeredID == "t2" && $0.type.hasSuffix("finished") } })
        #expect(answer.keptnData?.status == "errored")
        #expect(answer.keptnData?.message == "the answer to this task was rejected: an event is larger than 1 MiB")
    }

    @Test("A broken subscription is opened again, and what is being worked on is not begun twice")
    func reconnection() async throws {
        let gate = Gate()
        let begun = Mutex<[String]>([])
        let second = Gate()
        let integration = Integration(name: "deployer", version: "1").on(task: "deployment") { task in
            begun.withLock { $0.append(task.event.id) }
            if task.event.id == "t2" { second.open() }
            try await gate.pass()
            return .pass()
        }
        let plane = ScriptedControlPlane([
            .success([received(1)]), .failure(ControlPlaneError(.unavailable, "gone")),
            .failure(ControlPlaneError(.unavailable, "still gone")), .success([received(1), received(2)]),
        ])
        try await bench.running(integration, on: plane) {
            for _ in 1...2 {
                try await bench.time.waitForSleepers()
                bench.time.advance(by: .seconds(5))
            }
            try await second.pass()
            gate.open()
            while Set(plane.settlings.flatMap(\.positions)) != [1, 2] {
                try await plane.waitForSettlings(plane.settlings.count + 1)
            }
        }
        #expect(begun.withLock { $0.sorted() } == ["t1", "t2"])
        #expect(plane.subscribed == 3)
    }

    @Test("A subscription that Keptn does not accept ends the integration")
    func refusedSubscription() async throws {
        let plane = ScriptedControlPlane([.failure(ControlPlaneError(.rejected, "wrong token"))])
        let service = IntegrationService(deployer, on: plane, time: bench.time, logger: IntegrationBench.silent)
        let error = await #expect(throws: ControlPlaneError.self) { try await service.run() }
        #expect(error == ControlPlaneError(.rejected, "wrong token"))
    }
}
