import CloudEvents
import Core
import KeptnModel
import Testing

/// One machine for each place, and a stand-in for the shell: it hands triggers that one machine emits to the machine
/// of their stage, keeps the pauses, and wakes the machines when they ask for it.
struct TranscriptWorld {
    private let shipyard: Shipyard
    private var unusable: String?
    private var machines: [Scope: SequenceMachine] = [:]
    private var deadlines = TaskDeadlines()
    private var now = Timestamp(seconds: 0)
    private let ids = IDCounter()
    private var triggers = 0
    private var pauses: Set<Pause> = []
    /// The newest event of each task, for the answers.
    private var tasks: [TaskAddress: String] = [:]
    private var out: [String] = []

    private struct TaskAddress: Hashable {
        var scope: Scope
        var context: String
        var task: String
    }

    private struct Pause: Hashable {
        var context: String
        var stage: String?
    }

    init(shipyard: Shipyard) { self.shipyard = shipyard }

    mutating func obey(_ command: Words) throws -> [String] {
        var words = command
        out = []
        let verb = try words.next("a command")
        switch verb {
        case "trigger": try trigger(&words)
        case "wait": try wait(words.duration())
        case "pause", "resume", "abort": try control(verb, &words)
        case "close": try close(problem: try words.next("a problem"))
        case "deadlines": try setDeadlines(&words)
        case "unusable": unusable = words.all()
        case "show": show()
        default: try answer(context: verb, &words)
        }
        try words.end()
        return out
    }

    // MARK: - Commands

    private mutating func trigger(_ words: inout Words) throws {
        triggers += 1
        var trigger = SequenceTrigger(
            eventID: "t\(triggers)", scope: defaultScope, sequence: "", context: try words.next("a context"), at: now,
            data: .emptyObject)
        trigger.sequence = try words.next("a sequence")
        if let stage = try words.take("in", "a stage") { trigger.scope.stage = stage }
        if let service = try words.take("for", "a service") { trigger.scope.service = service }
        if let id = try words.take("as", "an event") { trigger.eventID = id }
        if words.take("at") { trigger.at = Timestamp(seconds: 0) + (try words.duration()) }
        let isPaused = words.take("paused")
        let commit = words.takePair()?.value
        trigger.data = try words.takeJSON() ?? .emptyObject
        if isPaused { pauses.insert(Pause(context: trigger.context)) }
        take(trigger, commit: commit)
    }

    private mutating func take(_ trigger: SequenceTrigger, commit: String?) {
        let plan =
            unusable.map(SequencePlan.unusable)
            ?? .find(trigger.sequence, in: trigger.scope.stage, of: shipyard, gitCommitID: commit)
        let isPaused =
            pauses.contains(Pause(context: trigger.context))
            || pauses.contains(Pause(context: trigger.context, stage: trigger.scope.stage))
        handle(.triggered(trigger, plan: plan, isPaused: isPaused), in: trigger.scope)
    }

    private mutating func answer(context: String, _ words: inout Words) throws {
        let task = try words.next("a task")
        let verb = try words.next("'started' or 'finished'")
        guard let source = try words.take("by", "a source") else { throw TranscriptError("'by SOURCE' is missing") }
        var verdict = TaskVerdict(result: .pass, status: .succeeded, message: "", data: .emptyObject)
        while let (key, value) = words.takePair() {
            switch key {
            case "result": verdict.result = KeptnResult(rawValue: value)
            case "status": verdict.status = KeptnStatus(rawValue: value)
            case "message": verdict.message = value
            default: throw TranscriptError("'\(key)' is not understood")
            }
        }
        var scope = defaultScope
        scope.stage = try words.take("in", "a stage") ?? scope.stage
        scope.service = try words.take("for", "a service") ?? scope.service
        let known = tasks[TaskAddress(scope: scope, context: context, task: task)]
        guard let id = try words.take("answering", "an event") ?? known else {
            throw TranscriptError("no task \(task) of \(context) was triggered in \(scope)")
        }
        verdict.data = try words.takeJSON() ?? .emptyObject
        let answer = TaskAnswer(triggeredID: id, context: context, source: source)
        switch verb {
        case "started": handle(.taskStarted(answer), in: scope)
        case "finished": handle(.taskFinished(answer, verdict), in: scope)
        default: throw TranscriptError("'started' or 'finished' is needed, found '\(verb)'")
        }
    }

    private mutating func control(_ verb: String, _ words: inout Words) throws {
        let context = try words.next("a context")
        let stage = try words.take("in", "a stage")
        let input: SequenceInput
        switch verb {
        case "pause":
            pauses.insert(Pause(context: context, stage: stage))
            input = .pauseRequested(context: context)
        case "resume":
            pauses.remove(Pause(context: context, stage: stage))
            input = .resumeRequested(context: context)
        default: input = .abortRequested(context: context)
        }
        let places = sortedScopes.filter { scope in
            (stage == nil || stage == scope.stage)
                && machines[scope]?.executions.contains { $0.context == context } == true
        }
        if places.isEmpty { out.append("nothing of \(context) is open there") }
        for scope in places { handle(input, in: scope) }
    }

    private mutating func close(problem id: String) throws {
        for scope in sortedScopes { handle(.problemClosed(id: id), in: scope) }
    }

    private mutating func wait(_ duration: Duration) throws {
        let end = now + duration
        while let wake = machines.values.compactMap(\.wakeAt).min(), wake <= end {
            now = max(now, wake)
            out.append("at \(clock(now))")
            let due = sortedScopes.filter { machines[$0]?.wakeAt.map { $0 <= now } ?? false }
            for scope in due { handle(.timePassed, in: scope) }
            if due.contains(where: { machines[$0]?.wakeAt.map { $0 <= now } ?? false }) {
                throw TranscriptError("a machine wants to be woken at \(clock(now)) again and again")
            }
        }
        now = end
    }

    private mutating func setDeadlines(_ words: inout Words) throws {
        while let (key, value) = words.takePair() {
            guard let duration = Duration(go: value) else { throw TranscriptError("'\(value)' is no duration") }
            switch key {
            case "start": deadlines.start = duration
            case "finish": deadlines.finish = duration
            case "approval": deadlines.approval = duration
            default: throw TranscriptError("'\(key)' is no deadline")
            }
        }
    }

    private mutating func show() {
        for scope in sortedScopes {
            for execution in machines[scope]?.executions ?? [] { out.append(line(execution)) }
        }
    }

    // MARK: - The shell's part

    private mutating func handle(_ input: SequenceInput, in scope: Scope) {
        var machine = machines[scope] ?? SequenceMachine(scope: scope)
        let ids = self.ids
        let effects = machine.handle(input, at: now, deadlines: deadlines) { ids.next() }
        check(machine)
        machines[scope] = machine
        var saved: [String] = []
        var latest: [String: SequenceExecution] = [:]
        var followers: [CloudEvent] = []
        for effect in effects {
            switch effect {
            case .emit(let event):
                out.append(line(event, in: scope))
                note(event, in: scope, &followers)
            case .save(let execution):
                if latest.updateValue(execution, forKey: execution.id) == nil { saved.append(execution.id) }
            case .ignored(let reason): out.append("ignored: \(reason)")
            }
        }
        for id in saved { if let execution = latest[id] { out.append(line(execution)) } }
        for event in followers { route(event, from: scope) }
    }

    private mutating func note(_ event: CloudEvent, in scope: Scope, _ followers: inout [CloudEvent]) {
        switch event.eventType {
        case .task(let name, .triggered)?:
            tasks[TaskAddress(scope: scope, context: event.keptnContext ?? "", task: name)] = event.id
        case .sequence(_, _, .triggered)?: followers.append(event)
        default: break
        }
    }

    private mutating func route(_ event: CloudEvent, from scope: Scope) {
        guard case .sequence(let stage, let name, _)? = event.eventType else { return }
        take(
            SequenceTrigger(
                eventID: event.id, scope: Scope(project: scope.project, stage: stage, service: scope.service),
                sequence: name, context: event.keptnContext ?? "", at: event.time ?? now, data: event.json ?? .null),
            commit: event.gitCommitID)
    }

    /// What holds for every machine at any time: what is stored is all there is, and nobody waits silently.
    private func check(_ machine: SequenceMachine) {
        #expect(throws: Never.self) {
            let stored = try machine.executions.map { try $0.storedAndLoaded() }
            #expect(SequenceMachine(scope: machine.scope, open: stored) == machine)
        }
        #expect(Set(machine.occupyingContexts).count <= 1)
        for execution in machine.executions {
            let reason = machine.waitReason(of: execution.id)
            #expect(reason != nil)
            #expect(execution.wakeAt != nil || [.resume, .otherSequence].contains(reason?.kind))
        }
    }

    // MARK: - In words

    private var defaultScope: Scope {
        Scope(project: "shop", stage: shipyard.stages.first?.name ?? "dev", service: "carts")
    }

    private var sortedScopes: [Scope] {
        let order = shipyard.stages.map(\.name)
        return machines.keys.sorted {
            (order.firstIndex(of: $0.stage) ?? order.count, $0.service)
                < (order.firstIndex(of: $1.stage) ?? order.count, $1.service)
        }
    }

    private func clock(_ instant: Timestamp) -> String { (instant - Timestamp(seconds: 0)).go }

    /// The event without what goes without saying: the place, and an empty message.
    private func line(_ event: CloudEvent, in scope: Scope) -> String {
        var stage = scope.stage
        if case .sequence(let named, _, .triggered)? = event.eventType { stage = named }
        let plain: [String: JSON] = [
            "project": .string(scope.project), "stage": .string(stage), "service": .string(scope.service),
            "message": "",
        ]
        let told = event.json?.members.filter { plain[$0.key] != $0.value } ?? []
        let answers = event.triggeredID.map { " answers \($0)" } ?? ""
        let commit = event.gitCommitID.map { " commit=\($0)" } ?? ""
        let type = event.type.dropFirst(EventType.prefix.count)
        #expect(event.time == now)
        let data = JSON.object(told.map { (key: $0.key, value: $0.value) })
        return "emit \(event.id) \(event.keptnContext ?? "?") \(type)\(answers)\(commit) \(data)"
    }

    private func line(_ execution: SequenceExecution) -> String {
        let service = execution.scope.service == defaultScope.service ? "" : " for \(execution.scope.service)"
        let what = "\(execution.context) \(execution.scope.stage).\(execution.definition.name)\(service)"
        if let outcome = execution.outcome {
            return "\(what) is \(execution.state) with result=\(outcome.result) status=\(outcome.status)"
        }
        guard let reason = machines[execution.scope]?.waitReason(of: execution.id) else {
            return "\(what) is \(execution.state) and waits for nothing"
        }
        let until = reason.until.map { " until \(clock($0))" } ?? ""
        return "\(what) is \(execution.state), waits for \(reason.detail)\(until)"
    }
}

extension SequenceMachine {
    /// The contexts of which a task other than an approval is out.
    var occupyingContexts: [String] {
        executions.filter { $0.openTask.map { $0.name != "approval" } ?? false }.map(\.context)
    }
}

extension SequenceExecution {
    func storedAndLoaded() throws -> SequenceExecution {
        let definition = try SequenceDefinition(decoding: JSON(parsing: Array(definition.encoded.bytes)))
        return try SequenceExecution(decoding: JSON(parsing: Array(encoded.bytes)), definition: definition)
    }
}
