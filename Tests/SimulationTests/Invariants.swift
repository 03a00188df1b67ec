import CloudEvents
import Core
import KeptnModel
import Ports
import ShipyardService

/// Compares what is stored with what follows from the log, independently of the machine that wrote both.
struct Invariants {
    private var accepted: [(id: String, source: String)] = []
    private var log = LogView()
    /// The log as far as the shipyard service has handled it.
    private var replay = Replay()
    /// Contexts that hold their place, and those that wait, as of the last check.
    private var holders: Set<String> = []
    private var waiting: Set<String> = []
    /// How many finished tasks of an execution had been merged when its payload was last compared.
    private var merged: [String: Int] = [:]

    mutating func noteAccepted(_ event: CloudEvent) { accepted.append((event.id, event.source)) }

    mutating func check(_ store: InMemoryStore, _ faults: Faults) async throws {
        try log.read(on: try await store.events(after: log.end, limit: .max))
        for event in accepted where !log.contains(event.id, event.source) {
            throw Violation("accepted event \(event.id) is not in the log")
        }
        accepted = []
        let handled = try await store.progress(of: ShipyardService.subscription)?.position ?? .start
        let controlled = replay.read(log.events(after: replay.end, upTo: handled))
        let executions = try await store.runs(RunQuery(project: World.project)).runs.flatMap(\.executions)
        try checkCompleteness(executions)
        for execution in executions { try check(execution, faults) }
        try checkPlaces(executions.filter(\.state.isOpen), controlled: controlled)
        let wake = try await store.nextWake()
        guard wake == executions.compactMap(\.wakeAt).min() else { throw Violation("the store's next wake is wrong") }
    }

    /// One execution for each trigger, and no event that belongs to none: state and events agree.
    private func checkCompleteness(_ executions: [SequenceExecution]) throws {
        let triggered = executions.map(\.triggeredID).sorted()
        guard triggered == replay.triggers.keys.sorted() else {
            throw Violation("the executions are not those that were triggered")
        }
        let sent = executions.flatMap(\.sentTasks).sorted()
        guard sent == log.tasks.keys.sorted() else {
            throw Violation("the tasks in the log are not those of the state")
        }
        let ended = executions.filter { !$0.state.isOpen }.map(\.triggeredID).sorted()
        guard ended == log.sequenceEnds.sorted() else {
            throw Violation("the ends in the log are not those of the state")
        }
        let followers = executions.flatMap { execution in
            Reference.followers(of: execution).map { "\(execution.context) \($0)" }
        }
        guard followers.sorted() == log.followers.sorted() else { throw Violation("wrong sequences follow") }
    }

    /// One execution is what its part of the log makes of it.
    private mutating func check(_ execution: SequenceExecution, _ faults: Faults) throws {
        func violated(_ what: String) -> Violation { execution.violated(what) }
        guard let trigger = replay.triggers[execution.triggeredID] else { throw violated("was never triggered") }
        let names = execution.finishedTasks.map(\.name)
        guard names == execution.definition.tasks.prefix(names.count).map(\.name) else {
            throw violated("tasks \(names)")
        }
        for task in execution.sentTasks where log.tasks[task]?.event.gitCommitID != execution.gitCommitID {
            throw violated("a task has another commit")
        }
        if merged.updateValue(names.count, forKey: execution.id) != names.count {
            try checkFindings(of: execution, trigger)
        }
        if let open = execution.openTask {
            let verdict = Reference.verdict(of: replay.answers[open.eventID] ?? [])
            let stored = (started: execution.task?.started.count, finished: execution.task?.answers.count)
            guard !verdict.isDone, verdict.started == stored.started, verdict.data.count == stored.finished else {
                throw violated("\(open.name): \(stored) stored, \(verdict.started), \(verdict.data.count) in the log")
            }
        }
        guard execution.state.isOpen else { return }
        guard (execution.state == .paused) == replay.isPaused(execution) else {
            throw violated("is \(execution.state)")
        }
        let emittedAt = faults.handled(whenEmitting: trigger.event.id) ?? trigger.position
        if let abort = replay.aborts[execution.context], emittedAt < abort { throw violated("outlives its abort") }
    }

    /// What the finished tasks found, and what it makes of the payload.
    private func checkFindings(of execution: SequenceExecution, _ trigger: RecordedEvent) throws {
        var payload = trigger.event.json ?? .emptyObject
        for task in execution.finishedTasks {
            let verdict = Reference.verdict(of: replay.answers[task.eventID] ?? [])
            guard verdict.isDone, verdict.result == task.outcome.result, verdict.status == task.outcome.status else {
                throw execution.violated("task \(task.name) ended as \(task.outcome), not as \(verdict)")
            }
            for data in verdict.data { payload = payload.merging(data) }
        }
        guard payload == execution.payload else {
            throw execution.violated("payload \(execution.payload), not \(payload)")
        }
    }

    /// In each place: one context at work, the oldest first, and nobody waits silently.
    private mutating func checkPlaces(_ executions: [SequenceExecution], controlled: Set<String>) throws {
        var holding: Set<String> = []
        for (scope, executions) in Dictionary(grouping: executions, by: \.scope) {
            let machine = SequenceMachine(scope: scope, open: executions)
            let holders = executions.filter(\.holdsPlace)
            guard Set(holders.map(\.context)).count <= 1 else {
                throw Violation("\(scope): \(holders.map(\.context)) at once")
            }
            for execution in machine.executions { try checkWait(execution, machine, isFree: holders.isEmpty) }
            holding.formUnion(holders.map(\.id))
            let overtaken = executions.filter {
                $0.state == .waiting && waiting.contains($0.id) && !controlled.contains($0.context)
            }
            for holder in holders where !self.holders.contains(holder.id) {
                for older in overtaken where older.triggeredAt < holder.triggeredAt && older.context != holder.context {
                    throw Violation("\(scope): \(holder.context) overtook \(older.context)")
                }
            }
        }
        holders = holding
        waiting = Set(executions.filter { $0.state == .waiting }.map(\.id))
    }

    private func checkWait(_ execution: SequenceExecution, _ machine: SequenceMachine, isFree: Bool) throws {
        guard let reason = machine.waitReason(of: execution.id) else {
            throw Violation("\(execution.context) is open and waits for nothing")
        }
        let isOthersTurn = [.resume, .otherSequence].contains(reason.kind)
        guard isOthersTurn || execution.wakeAt != nil else { throw Violation("\(execution.context) waits for ever") }
        if reason.kind == .otherSequence, isFree { throw Violation("\(execution.context) waits for a free place") }
    }
}

extension SequenceExecution {
    /// The ids of the task events that it has sent.
    fileprivate var sentTasks: [String] {
        var ids = finishedTasks.map(\.eventID)
        if case .sent(let id, _, _)? = task?.phase, ids.last != id { ids.append(id) }
        return ids
    }

    fileprivate func violated(_ what: String) -> Violation {
        Violation("\(context) \(scope.stage).\(definition.name): \(what)")
    }

    /// Whether a task that is no approval is out.
    fileprivate var holdsPlace: Bool { openTask.map { $0.name != "approval" } ?? false }
}
