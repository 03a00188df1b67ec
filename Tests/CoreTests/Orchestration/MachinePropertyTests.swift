import CloudEvents
import Core
import KeptnModel
import TestSupport
import Testing

/// Random lives of one place, each step checked against what has to hold always.
@Suite("Properties of the sequence machine")
struct MachinePropertyTests {
    @Test(
        "Whatever happens, what is stored is all there is, nobody waits silently and one context works at a time",
        arguments: 0..<60)
    func randomLife(seed: Int) throws {
        var life = RandomLife(seed: UInt64(seed))
        for _ in 0..<60 { try life.step() }
    }

    @Test("The random lives reach every state")
    func coverage() throws {
        var seen: Set<SequenceExecution.State> = []
        for seed in 0..<20 {
            var life = RandomLife(seed: UInt64(seed))
            for _ in 0..<60 { try life.step() }
            seen.formUnion(life.statesSeen)
        }
        #expect(seen == Set(SequenceExecution.State.allCases))
    }

    @Test("A stored execution that lacks something or has a word of the future is refused with the field's name")
    func unreadable() throws {
        let trigger = SequenceTrigger(
            eventID: "t", scope: Scope(project: "p", stage: "s", service: "c"), sequence: "delivery", context: "ctx",
            at: Timestamp(seconds: 1), data: .emptyObject)
        let definition = SequenceDefinition(name: "delivery", tasks: [.init(name: "deployment")], followers: [])
        let stored = SequenceExecution(
            id: "e", trigger: trigger, definition: definition, gitCommitID: nil, state: .triggered
        ).encoded
        #expect(throws: StoredStateError.self) {
            _ = try SequenceExecution(decoding: stored.setting("context", to: nil), definition: definition)
        }
        let error = #expect(throws: StoredStateError.self) {
            _ = try SequenceExecution(decoding: stored.setting("state", to: "dreaming"), definition: definition)
        }
        #expect(error?.description == "stored sequence state: field 'state' holds dreaming")
    }
}

/// One place, several contexts, executors that do anything.
private struct RandomLife {
    private static let scope = Scope(project: "shop", stage: "dev", service: "carts")
    private var source: SplitMix64
    private var machine = SequenceMachine(scope: scope)
    private var now = Timestamp(seconds: 1_000)
    private var sent: [(id: String, context: String)] = []
    private let ids = IDCounter()
    private(set) var statesSeen: Set<SequenceExecution.State> = []

    init(seed: UInt64) { source = SplitMix64(seed: seed) }

    mutating func step() throws {
        if source.chance(60) { now = now + .seconds(source.pick([0, 1, 30, 300])) }
        let input = nextInput()
        let before = machine
        let effects = handle(input)
        for case .save(let execution) in effects {
            statesSeen.insert(execution.state)
            #expect(try execution.storedAndLoaded() == execution)
        }
        try checkState()
        try checkEffects(effects, before: before)
    }

    private mutating func handle(_ input: SequenceInput) -> [SequenceEffect] {
        let deadlines = TaskDeadlines(start: .seconds(100), finish: .seconds(400), approval: .seconds(900))
        let ids = self.ids
        return machine.handle(input, at: now, deadlines: deadlines) { ids.next() }
    }

    private mutating func nextInput() -> SequenceInput {
        let context = source.pick(["a", "b", "c"])
        switch source.pick(Array(0..<14)) {
        case 0, 1: return trigger(context)
        case 2: return .pauseRequested(context: context)
        case 3, 4: return .resumeRequested(context: context)
        case 5: return source.chance(30) ? .abortRequested(context: context) : .resumeRequested(context: context)
        case 6, 7: return .timePassed
        default: return answer() ?? trigger(context)
        }
    }

    private mutating func trigger(_ context: String) -> SequenceInput {
        let id = ids.next()
        let trigger = SequenceTrigger(
            eventID: id, scope: Self.scope, sequence: "delivery", context: context,
            at: now - .seconds(source.pick([0, 0, 0, 5])),
            data: ["labels": ["n": .string(id)], "list": [1], "text": "ü\"\\\n"])
        let tasks = (0..<source.pick([1, 2, 3])).map { index in
            Shipyard.Task(
                name: source.pick(["deployment", "test", "approval"]),
                triggeredAfter: source.chance(25) ? .seconds(source.pick([0, 60, 200])) : nil,
                properties: source.chance(50) ? ["index": .integer(index)] : nil)
        }
        let follower = SequenceDefinition.Follower(stage: "prod", sequence: "delivery", match: ["test.result": "pass"])
        let definition = SequenceDefinition(name: "delivery", tasks: tasks, followers: [follower])
        let plan: SequencePlan =
            source.chance(10)
            ? .unusable("no shipyard") : .ready(definition, gitCommitID: source.pick([nil, "c0ffee"]))
        return .triggered(trigger, plan: plan, isPaused: source.chance(10))
    }

    private mutating func answer() -> SequenceInput? {
        guard !sent.isEmpty else { return nil }
        let task = source.pick(sent.suffix(3))
        let answer = TaskAnswer(triggeredID: task.id, context: task.context, source: source.pick(["x", "y"]))
        if source.chance(50) { return .taskStarted(answer) }
        return .taskFinished(
            answer,
            TaskVerdict(
                result: source.pick([.pass, .pass, .pass, .warning, .fail, nil]),
                status: source.pick([.succeeded, .succeeded, .succeeded, .aborted, .errored, nil]), message: "m",
                data: ["found": [.integer(sent.count)], "null": .null]))
    }

    private func checkState() throws {
        #expect(Set(machine.occupyingContexts).count <= 1)
        #expect(machine.wakeAt == machine.executions.compactMap(\.wakeAt).min())
        let ages = machine.executions.map(\.triggeredAt)
        #expect(ages == ages.sorted())
        let loaded = try machine.executions.map { try $0.storedAndLoaded() }
        #expect(SequenceMachine(scope: Self.scope, open: loaded) == machine)
        for execution in machine.executions {
            #expect(execution.state.isOpen && execution.state != .triggered)
            let reason = try #require(machine.waitReason(of: execution.id))
            switch reason.kind {
            case .executorStart, .executorFinish, .approval, .delay:
                #expect(execution.wakeAt != nil && reason.until == execution.wakeAt)
            case .otherSequence:
                #expect(execution.state == .waiting && execution.openTask == nil)
                #expect(reason.detail != "its turn", "\(execution.context) waits for nobody")
            case .resume: #expect(execution.state == .paused)
            }
        }
    }

    private mutating func checkEffects(_ effects: [SequenceEffect], before: SequenceMachine) throws {
        let holders = Set(before.occupyingContexts)
        for case .emit(let event) in effects {
            guard case .task(let name, .triggered)? = event.eventType else { continue }
            let context = event.keptnContext ?? ""
            #expect(!sent.contains { $0.id == event.id })
            sent.append((event.id, context))
            let stillHeld = Set(machine.occupyingContexts).intersection(holders)
            #expect(name == "approval" || stillHeld.isSubset(of: [context]), "\(context) came between")
        }
        let waiting = machine.executions.filter { $0.state == .waiting }
        if !waiting.isEmpty { #expect(!machine.occupyingContexts.isEmpty, "\(waiting.map(\.context)) wait for nobody") }
    }
}
