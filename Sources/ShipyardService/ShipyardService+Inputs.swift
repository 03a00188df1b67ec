import CloudEvents
import Core
import KeptnModel
import Ports

/// What it hears: which events concern the sequences, and what the machine is told of each.
extension ShipyardService {
    /// A pause, resume or abort of a context, appended by the API: `data {project, stage?, state}`.
    package static let controlType = "sh.keptn.internal.event.sequence.control"
    /// The project is gone from the configuration; what is stored of its sequences goes too.
    static let projectDeletedType = "sh.keptn.event.project.delete.finished"

    /// Events of a run that are looked at, the newest first, to find out whether it was aborted.
    private static let eventsOfRunMax = 1000

    /// Whether `take` would do anything about the event.
    static func concerns(_ recorded: RecordedEvent) -> Bool {
        switch recorded.facts.type {
        case .sequence(_, _, .triggered)?, .task(_, .started)?, .task(_, .finished)?: true
        default: [controlType, projectDeletedType, Problem.eventType].contains(recorded.event.type)
        }
    }

    func take(_ recorded: RecordedEvent, _ turn: inout Turn) async throws {
        switch recorded.facts.type {
        case .sequence(let stage, let name, .triggered)?:
            try await takeTrigger(recorded, stage: stage, sequence: name, &turn)
        case .task(_, .started)?:
            try await takeAnswer(recorded, &turn) { .taskStarted($0) }
        case .task(_, .finished)?:
            try await takeAnswer(recorded, &turn) { .taskFinished($0, TaskVerdict(of: recorded)) }
        default:
            if recorded.event.type == Self.controlType {
                try await takeControl(recorded, &turn)
            } else if recorded.event.type == Problem.eventType {
                try await takeProblem(recorded, &turn)
            } else if let project = recorded.facts.project, recorded.event.type == Self.projectDeletedType,
                recorded.facts.status != "errored"
            {
                // Not in the transaction, but done again when the turn is.
                try await store.deleteProject(project)
                turn.forget(project: project)
            }
        }
    }

    private func takeTrigger(
        _ recorded: RecordedEvent, stage: String, sequence: String, _ turn: inout Turn
    ) async throws {
        guard let scope = recorded.facts.scope, scope.stage == stage, let context = recorded.facts.context,
            let data = recorded.event.json
        else {
            return turn.ignore("\(recorded.event.type) names no project, stage, service or context")
        }
        let trigger = SequenceTrigger(
            eventID: recorded.event.id, scope: scope, sequence: sequence, context: context,
            at: recorded.event.time ?? turn.now, data: data)
        let plan = try await plan(for: trigger, pinnedTo: recorded.event.gitCommitID)
        let isAborted = try await wasAborted(recorded, context, in: stage, turn)
        let overProblem = try await problemThatIsOver(trigger, recorded)
        // What has to end at once is held, so that none of its tasks goes out before.
        let isEnding = isAborted || overProblem != nil
        let isPaused = if isEnding { true } else { try await isPaused(scope, context, turn) }
        try await decide(.triggered(trigger, plan: plan, isPaused: isPaused), in: scope, &turn)
        if isAborted {
            try await decide(.abortRequested(context: context), in: scope, &turn)
        } else if let overProblem {
            try await decide(.problemClosed(id: overProblem), in: scope, &turn)
        }
    }

    private func takeAnswer(
        _ recorded: RecordedEvent, _ turn: inout Turn, _ input: (TaskAnswer) -> SequenceInput
    ) async throws {
        guard let triggeredID = recorded.facts.triggeredID, let context = recorded.facts.context else { return }
        let answer = TaskAnswer(
            triggeredID: triggeredID, context: context, source: recorded.event.source,
            until: Self.announcedEnd(recorded))
        if let given = recorded.facts.scope, turn.isOpen(task: triggeredID, in: given) {
            try await decide(input(answer), in: given, &turn)
            return
        }
        // Executors may leave out where they work: then the event that they answer tells.
        let task = try await event(triggeredID)
        var hasEffect = false
        let named = recorded.facts.project.wanted
        if let task, let named, task.facts.project != named {
            // Who sent it was asked whether they may do this in the project that they name.
            turn.ignore("project \(named) has no task that was triggered by event \(triggeredID)")
        } else if let scope = task?.facts.scope ?? recorded.facts.scope {
            hasEffect = try await decide(input(answer), in: scope, &turn)
        } else {
            turn.ignore("no task was triggered by event \(triggeredID)")
        }
        // What an integration has asked of others, it waits for itself.
        let isOurs = task.map { $0.event.source == SequenceMachine.source } ?? true
        // Who was broken off by an abort says so, as it should.
        let isAborted = recorded.facts.status == KeptnStatus.aborted.rawValue
        if !hasEffect, isOurs, !isAborted, case .task(_, .finished)? = recorded.facts.type {
            turn.note(orphan: recorded)
        }
    }

    /// `data.TASK.until` of a `.started` event.
    private static func announcedEnd(_ recorded: RecordedEvent) -> Timestamp? {
        guard case .task(let name, .started)? = recorded.facts.type else { return nil }
        return recorded.event.json?[name, "until"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
    }

    private func event(_ id: String) async throws -> RecordedEvent? {
        var query = EventQuery()
        query.id = id
        query.limit = 1
        return try await store.events(query).first
    }

    private func takeControl(_ recorded: RecordedEvent, _ turn: inout Turn) async throws {
        guard let project = recorded.facts.project, let context = recorded.facts.context,
            let command = recorded.event.json?["state"]?.stringValue
        else { return turn.ignore("a control event without project, context or state") }
        let stage = recorded.facts.stage.flatMap { $0.isEmpty ? nil : $0 }
        let input: SequenceInput
        switch command {
        case "pause": input = .pauseRequested(context: context)
        case "resume": input = .resumeRequested(context: context)
        case "abort": input = .abortRequested(context: context)
        default: return turn.ignore("unknown control command \(command)")
        }
        turn.note(PauseChange(project: project, context: context, stage: stage, isPaused: command == "pause"))
        if command == "abort" { turn.noteAbort(AbortedRun(context: context, stage: stage)) }
        for scope in try await placesOpen(project, context, turn) where stage == nil || scope.stage == stage {
            try await decide(input, in: scope, &turn)
        }
    }

    /// Whether the trigger is one that a run caused before it was aborted. What was aborted in an earlier life only the
    /// log knows: then nobody but us may have begun anything in it since.
    private func wasAborted(
        _ trigger: RecordedEvent, _ context: String, in stage: String, _ turn: Turn
    ) async throws -> Bool {
        guard trigger.event.source == SequenceMachine.source else { return false }
        if turn.wasAborted(context, in: stage, by: trigger.position) { return true }
        guard trigger.position <= lastOfEarlierLife else { return false }
        var query = EventQuery()
        (query.project, query.context, query.limit) = (trigger.facts.project, context, Self.eventsOfRunMax)
        for recorded in try await store.events(query) where recorded.position < trigger.position {
            // After the abort of one stage the others went on, and may have caused this.
            if recorded.event.type == Self.controlType, recorded.event.json?["state"] == "abort",
                recorded.facts.stage.wanted == nil
            {
                return true
            }
            if case .sequence(_, _, .triggered)? = recorded.facts.type, recorded.event.source != SequenceMachine.source
            {
                return false
            }
        }
        return false
    }

    private func placesOpen(_ project: String, _ context: String, _ turn: Turn) async throws -> [Scope] {
        var query = RunQuery(project: project)
        query.contexts = [context]
        let stored = try await store.runs(query).runs.flatMap(\.executions).filter(\.state.isOpen).map(\.scope)
        let known = turn.places(of: context).filter { $0.project == project }
        return Set(stored).union(known).sorted { ($0.stage, $0.service) < ($1.stage, $1.service) }
    }

    private func isPaused(_ scope: Scope, _ context: String, _ turn: Turn) async throws -> Bool {
        let latest = turn.pauses.last {
            $0.project == scope.project && $0.context == context && ($0.stage == nil || $0.stage == scope.stage)
        }
        if let latest { return latest.isPaused }
        guard turn.pausedContexts.contains(context) else { return false }
        return try await store.isPaused(project: scope.project, context: context, stage: scope.stage)
    }

    /// The sequence as the shipyard of now describes it, pinned to the stage's commit of now unless the trigger names
    /// one. What cannot be read ends the sequence with the reason, not the service.
    private func plan(for trigger: SequenceTrigger, pinnedTo commit: String?) async throws -> SequencePlan {
        do {
            let shipyard = try await configuration.shipyard(of: trigger.scope.project, commit: nil).shipyard
            let pinned: String
            if let commit {
                pinned = commit
            } else {
                let place = ConfigurationPlace(project: trigger.scope.project, stage: trigger.scope.stage)
                pinned = try await configuration.head(of: place)
            }
            return SequencePlan.find(
                trigger.sequence, in: trigger.scope.stage, of: shipyard, gitCommitID: pinned)
        } catch let error as CancellationError {
            throw error
        } catch {
            return .unusable("Unable to read the shipyard of project \(trigger.scope.project): \(error)")
        }
    }
}

extension TaskVerdict {
    init(of recorded: RecordedEvent) {
        self.init(
            result: recorded.facts.result.flatMap(KeptnResult.init),
            status: recorded.facts.status.flatMap(KeptnStatus.init),
            message: recorded.event.json?["message"]?.stringValue ?? "", data: recorded.event.json ?? .emptyObject)
    }
}
