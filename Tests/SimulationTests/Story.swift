import CloudEvents
import Core
import KeptnModel
import Ports
import ShipyardService
import TestSupport

/// What one seed tells: users, executors and misfortunes, and at the end a time of quiet in which everything has to
/// come to an end.
final class Story {
    let world: World
    private var random: SplitMix64
    /// On their way, in no order.
    private var network: [CloudEvent] = []
    private var triggerCount = 0
    private var controlCount = 0

    init(seed: UInt64) async throws {
        random = SplitMix64(seed: seed)
        world = try await World(Self.shipyard(&random))
    }

    /// A story without misfortunes: one sequence in dev, and perhaps the same one after it in another stage.
    init(sequenceOf tasks: [String], followedIn stage: String? = nil) async throws {
        random = SplitMix64(seed: 0)
        let sequence = Shipyard.Sequence(name: "delivery", tasks: tasks.map { Shipyard.Task(name: $0) })
        var follower = sequence
        follower.triggeredOn = [Shipyard.Trigger(event: "dev.delivery.finished")]
        let stages = [Shipyard.Stage(name: "dev", sequences: [sequence])]
        let more = stage.map { [Shipyard.Stage(name: $0, sequences: [follower])] } ?? []
        world = try await World(Shipyard(version: "0.2.3", name: "s", stages: stages + more))
        network = [trigger(context: "a", stage: "dev", sequence: "delivery", service: "carts")]
    }

    func tell(steps: Int) async throws {
        for _ in 0..<steps {
            try await step()
            try await world.check()
        }
        try await quiet()
    }

    // MARK: - The wild part

    private func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: _ = try await world.turn()
        case 20..<26: _ = try await world.turn(racing: network.filter { _ in random.chance(30) })
        case 26..<46: try await execute(upTo: random.pick([1, 1, 3]))
        case 46..<68: try await somethingArrives()
        case 68..<77: network.append(randomTrigger())
        case 77..<85: network.append(randomControl())
        case 85..<92: try await passTime()
        case 92..<94: world.faults.crash(.before, skipping: random.pick([0, 0, 1, 2]))
        case 94..<96: world.faults.crash(.after, skipping: random.pick([0, 0, 1, 2]))
        case 96..<98: try await world.restart(clockSetBack: random.chance(20) ? .seconds(20) : .zero)
        case 98: world.configuration.change(to: Self.shipyard(&random))
        default: world.configuration.setBroken(random.chance(50))
        }
    }

    private func somethingArrives() async throws {
        guard !network.isEmpty else { return }
        let event = network.remove(at: Int.random(in: 0..<network.count, using: &random))
        let isAccepted = try await world.receive(event)
        if !isAccepted || random.chance(10) { network.append(event) }
    }

    private func passTime() async throws {
        let wake = try await world.store.nextWake() ?? world.time.now
        let untilWake = max(.zero, wake - world.time.now)
        let little = random.pick([Duration.milliseconds(1), .seconds(1), .seconds(30), .seconds(90)])
        world.advance(by: random.chance(40) ? untilWake : little)
    }

    /// The executors take deliveries: they settle them together with their `.started`, or before it, or not at all.
    private func execute(upTo count: Int) async throws {
        for delivery in try await world.deliver(upTo: count) {
            var answers = randomAnswers(to: delivery)
            if random.chance(10) { continue }
            let first = random.chance(50) ? Array(answers.prefix(1)) : []
            answers.removeFirst(first.count)
            if try await world.settle(delivery, sending: first) { network.append(contentsOf: answers) }
        }
    }

    /// One executor or two, or none; each may fail, or never come back. Ids follow from the task's, so that a task
    /// that is delivered again is answered by the same events.
    private func randomAnswers(to delivery: Delivery) -> [CloudEvent] {
        let executors = random.pick([["helm"], ["helm"], ["helm", "argo"], []])
        return executors.flatMap { executor in
            let started = answer(to: delivery, by: executor, .started)
            if random.chance(8) { return [started] }
            let result = random.pick(["pass", "pass", "pass", "pass", "warning", "fail", "odd"])
            let status = random.pick(["succeeded", "succeeded", "succeeded", "succeeded", "aborted", "errored", "odd"])
            return [started, answer(to: delivery, by: executor, .finished, result: result, status: status)]
        }
    }

    private func answer(
        to delivery: Delivery, by executor: String, _ kind: EventType.Kind, result: String = "pass",
        status: String = "succeeded"
    ) -> CloudEvent {
        guard case .task(let name, _)? = delivery.recorded.facts.type else { return delivery.event }
        var members: [(key: String, value: JSON?)] = [
            ("project", delivery.recorded.facts.project.map { .string($0) }),
            ("stage", delivery.recorded.facts.stage.map { .string($0) }),
            ("service", delivery.recorded.facts.service.map { .string($0) }),
        ]
        if kind == .finished {
            members.append(("status", .string(status)))
            members.append(("result", .string(result)))
            members.append((name, ["by": .string(executor), "list": .array([.string(executor)])]))
        }
        return CloudEvent(
            keptn: .task(name: name, kind: kind), id: "\(delivery.event.id)-\(executor)-\(kind)", source: executor,
            time: world.time.now, context: delivery.recorded.facts.context ?? "", triggeredID: delivery.event.id,
            data: .object(members))
    }

    private func randomTrigger() -> CloudEvent {
        let shipyard = world.configuration.shipyard
        let stage = random.pick(shipyard.stages)
        return trigger(
            context: random.pick(["a", "b", "c", "d"]), stage: stage.name,
            sequence: random.chance(5) ? "nonsense" : random.pick(stage.sequences).name,
            service: random.pick(["carts", "carts", "orders"]))
    }

    private func trigger(context: String, stage: String, sequence: String, service: String) -> CloudEvent {
        triggerCount += 1
        return CloudEvent(
            keptn: .sequence(stage: stage, name: sequence, kind: .triggered), id: "trigger-\(triggerCount)",
            source: "user", time: world.time.now, context: context,
            data: [
                "project": .string(World.project), "stage": .string(stage), "service": .string(service),
                "number": .integer(triggerCount), "deployment": ["list": [0]],
            ])
    }

    private func randomControl() -> CloudEvent {
        control(
            random.pick(["pause", "pause", "resume", "resume", "abort"]), random.pick(["a", "b", "c", "d"]),
            stage: random.chance(25) ? random.pick(["dev", "prod"]) : nil)
    }

    func control(_ command: String, _ context: String, stage: String? = nil) -> CloudEvent {
        controlCount += 1
        return CloudEvent(
            id: "control-\(controlCount)-\(command)\(stage.map { "-in-\($0)" } ?? "")", source: "api",
            type: ShipyardService.controlType, time: world.time.now,
            extensions: [CloudEvent.KeptnExtension.context: .string(context)],
            data: .json(
                [
                    "project": .string(World.project), "state": .string(command),
                    "stage": stage.map { .string($0) },
                ]))
    }

    private static func shipyard(_ random: inout SplitMix64) -> Shipyard {
        func tasks() -> [Shipyard.Task] {
            (0..<random.pick([1, 2, 3])).map { index in
                Shipyard.Task(
                    name: random.pick(["deployment", "test", "approval"]),
                    triggeredAfter: random.chance(20) ? .seconds(random.pick([0, 45])) : nil,
                    properties: random.chance(30) ? ["index": .integer(index)] : nil)
            }
        }
        func match() -> [String: String] {
            random.pick([[:], ["result": "pass"], ["result": "fail"], ["test.result": "warning"]])
        }
        let onDelivery = Shipyard.Trigger(event: "dev.delivery.finished", match: match())
        return Shipyard(
            version: "0.2.3", name: "s",
            stages: [
                .init(
                    name: "dev",
                    sequences: [
                        .init(name: "delivery", tasks: tasks()),
                        .init(name: "check", triggeredOn: random.chance(30) ? [onDelivery] : [], tasks: tasks()),
                    ]),
                .init(
                    name: "prod",
                    sequences: [
                        .init(name: "delivery", triggeredOn: [onDelivery, onDelivery], tasks: tasks()),
                        .init(
                            name: "repair",
                            triggeredOn: [.init(event: "prod.repair.finished", match: ["result": "fail"])],
                            tasks: tasks()),
                    ]),
            ])
    }

    // MARK: - The quiet part

    /// Nothing goes wrong any more, everybody answers, and nothing stays paused: then every sequence has to end.
    func quiet() async throws {
        world.faults.stop()
        world.configuration.setBroken(false)
        // What executors took and forgot is handed out again.
        try await world.restart()
        for context in ["a", "b", "c", "d"] { network.append(control("resume", context)) }
        try await calm()
    }

    /// Each in its turn, and time passes when there is nothing else to do.
    func calm() async throws {
        for _ in 0..<400 {
            if try await round() { continue }
            guard let wake = try await world.store.nextWake() else { return try await checkEnd() }
            world.advance(by: max(.milliseconds(1), wake - world.time.now))
        }
        throw Violation("it does not come to an end")
    }

    /// Everything arrives, is decided and is carried out once. False when there was nothing.
    ///
    /// - Parameter others: what comes before the executors' answers.
    func round(others: [CloudEvent] = []) async throws -> Bool {
        var isBusy = false
        while let event = network.first {
            isBusy = true
            if try await world.receive(event) { network.removeFirst() }
            try await world.check()
        }
        while try await world.turn() {
            isBusy = true
            try await world.check()
        }
        for delivery in try await world.deliver(upTo: 16) {
            isBusy = true
            let answers = [answer(to: delivery, by: "helm", .started), answer(to: delivery, by: "helm", .finished)]
            _ = try await world.settle(delivery, sending: others + answers)
            try await world.check()
        }
        return isBusy
    }

    private func checkEnd() async throws {
        let open = try await world.store.scopesWithOpenExecutions()
        guard open.isEmpty else { throw Violation("stuck in \(open)") }
        let unsettled = try await world.log().filter { $0.isTaskTrigger && !world.settled.contains($0.position) }
        guard unsettled.isEmpty else { throw Violation("never delivered: \(unsettled.map(\.event.inShort))") }
    }
}
