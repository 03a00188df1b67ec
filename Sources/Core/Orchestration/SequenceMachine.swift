package import CloudEvents
package import KeptnModel

/// All open sequences of one service in one stage, and every decision about them (K §2.3.1–2.3.6).
///
/// Facts go in, effects come out; the shell stores the changed executions and the emitted events in one transaction.
/// Nothing here reads a clock, waits or draws an id.
///
/// **Who may run.** An execution *occupies* its place while a task of it is out, unless that task is an approval.
/// Executions of one context never block each other; of different contexts only one occupies the place, and whoever
/// was triggered first goes first. Who occupies the place goes on with the next task before anybody else gets it: no
/// other context's task comes between a deployment and its test. So a paused sequence does not block others but its
/// running task does, and neither an approval nor a delay (`triggeredAfter`) blocks anybody.
package struct SequenceMachine: Sendable, Hashable {
    package let scope: Scope
    /// The open executions, oldest first; those of one instant in the order in which they came.
    package internal(set) var executions: [SequenceExecution] = []

    package init(scope: Scope, open executions: [SequenceExecution] = []) {
        self.scope = scope
        for execution in executions { _ = insert(execution) }
    }

    /// Takes in one fact and says what follows from it, in the order in which it has to be seen from outside.
    package mutating func handle(
        _ input: SequenceInput, at now: Timestamp, deadlines: TaskDeadlines, newID: @escaping () -> String
    ) -> [SequenceEffect] {
        var step = Step(now: now, deadlines: deadlines, newID: newID)
        switch input {
        case .triggered(let trigger, let plan, let isPaused): take(trigger, plan, isPaused: isPaused, &step)
        case .taskStarted(let answer): note(started: answer, &step)
        case .taskFinished(let answer, let facts): note(finished: answer, facts, &step)
        case .pauseRequested(let context): pause(context, &step)
        case .resumeRequested(let context): resume(context, &step)
        case .abortRequested(let context): abort(context, &step)
        case .problemClosed(let id): close(problem: id, &step)
        case .timePassed: expire(&step)
        }
        dispatch(&step)
        if step.hasEnded { executions.removeAll { !$0.state.isOpen } }
        return step.effects
    }

    /// When `.timePassed` is due next; nil while only events can change anything.
    package var wakeAt: Timestamp? { executions.compactMap(\.wakeAt).min() }
}

/// A fact that the machine is told.
package enum SequenceInput: Sendable, Hashable {
    /// A sequence was triggered. `isPaused`: its context is paused, so it waits from the start.
    case triggered(SequenceTrigger, plan: SequencePlan, isPaused: Bool)
    case taskStarted(TaskAnswer)
    case taskFinished(TaskAnswer, TaskVerdict)
    case pauseRequested(context: String)
    case resumeRequested(context: String)
    case abortRequested(context: String)
    /// A problem is over; its remediation ends.
    case problemClosed(id: String)
    /// Some delay or deadline may be over.
    case timePassed
}

/// Who answers which task.
package struct TaskAnswer: Sendable, Hashable {
    /// The id of the `.triggered` event that is answered.
    package var triggeredID: String
    package var context: String
    package var source: String
    /// Until when the executor means to be busy, where its `.started` says so: its deadline counts from then.
    package var until: Timestamp?

    package init(triggeredID: String, context: String, source: String, until: Timestamp? = nil) {
        self.triggeredID = triggeredID
        self.context = context
        self.source = source
        self.until = until
    }
}

/// What a `.finished` event says.
package struct TaskVerdict: Sendable, Hashable {
    /// Nil for a word that Keptn does not know, which counts as fail.
    package var result: KeptnResult?
    /// Nil for a word that Keptn does not know, which counts as unknown.
    package var status: KeptnStatus?
    package var message: String
    package var data: JSON

    package init(result: KeptnResult?, status: KeptnStatus?, message: String, data: JSON) {
        self.result = result
        self.status = status
        self.message = message
        self.data = data
    }
}

/// What the shell has to do.
package enum SequenceEffect: Sendable, Hashable {
    /// Store the execution as it is now; of several for the same id the last one counts.
    case save(SequenceExecution)
    /// Append the event to the log.
    case emit(CloudEvent)
    /// Nothing followed from the input, and why.
    case ignored(String)
}

/// How long executors have (no sequence waits for ever).
package struct TaskDeadlines: Sendable, Hashable {
    /// From `.triggered` to the first `.started` (Keptn's TASK_STARTED_WAIT_DURATION).
    package var start: Duration
    /// From the first `.started` to the last `.finished`.
    package var finish: Duration
    /// The same for approvals, which wait for people.
    package var approval: Duration
    /// No executor is believed that it will be busy for longer than this.
    package static let announcedMax = TaskProperties.timeMax

    package init(
        start: Duration = .seconds(600), finish: Duration = .seconds(86_400), approval: Duration = .seconds(30 * 86_400)
    ) {
        self.start = start
        self.finish = finish
        self.approval = approval
    }
}

extension SequenceMachine {
    /// The source of every event that the machine emits, as Keptn's users know it.
    package static let source = "shipyard-controller"
    /// The task whose execution waits for a person and occupies nothing.
    static let approval = "approval"

    /// One call of `handle`: what it may use and what it has produced.
    struct Step {
        let now: Timestamp
        let deadlines: TaskDeadlines
        let newID: () -> String
        var effects: [SequenceEffect] = []
        var hasEnded = false
    }

    /// Puts an execution where its age belongs, and says where that is. Events may name any time, so the newest to
    /// come is not always the youngest.
    mutating func insert(_ execution: SequenceExecution) -> Int {
        let index = executions.lastIndex { $0.triggeredAt <= execution.triggeredAt }.map { $0 + 1 } ?? 0
        executions.insert(execution, at: index)
        return index
    }

    mutating func change(_ index: Int, _ step: inout Step, _ body: (inout SequenceExecution) -> Void) {
        body(&executions[index])
        step.hasEnded = step.hasEnded || !executions[index].state.isOpen
        step.effects.append(.save(executions[index]))
    }

    func emit(
        _ type: EventType, for execution: SequenceExecution, triggeredID: String?, data: JSON, pinned: Bool = true,
        _ step: inout Step
    ) -> String {
        let id = step.newID()
        step.effects.append(
            .emit(
                CloudEvent(
                    keptn: type, id: id, source: Self.source, time: step.now, context: execution.context,
                    triggeredID: triggeredID, gitCommitID: pinned ? execution.gitCommitID : nil, data: data)))
        return id
    }
}

// MARK: - Triggering

extension SequenceMachine {
    private mutating func take(
        _ trigger: SequenceTrigger, _ plan: SequencePlan, isPaused: Bool, _ step: inout Step
    ) {
        guard !executions.contains(where: { $0.triggeredID == trigger.eventID }) else {
            step.effects.append(.ignored("sequence with the same triggeredID \(trigger.eventID) already exists"))
            return
        }
        guard !joins(trigger, &step) else { return }
        switch plan {
        case .ready(let definition, let gitCommitID):
            let execution = SequenceExecution(
                id: step.newID(), trigger: trigger, definition: definition, gitCommitID: gitCommitID,
                state: isPaused ? .paused : .triggered)
            _ = insert(execution)
            step.effects.append(.save(execution))
        case .unusable(let message):
            let definition = SequenceDefinition(name: trigger.sequence, tasks: [], followers: [])
            let execution = SequenceExecution(
                id: step.newID(), trigger: trigger, definition: definition, gitCommitID: nil, state: .triggered)
            let index = insert(execution)
            end(index, as: .finished, .init(result: .fail, status: .errored, message: message), &step)
        }
    }
}

// MARK: - Who runs

extension SequenceMachine {
    /// Lets every execution that has something to send send it, oldest first, as far as the place is free.
    private mutating func dispatch(_ step: inout Step) {
        // The context of the first that waits, and whether there are others: then everybody behind them waits too.
        var firstWaiting: String?
        var isQueue = false
        for index in executions.indices where executions[index].isReady(at: step.now) {
            guard !waitsForRemediation(executions[index]) else {
                // Nothing of it runs, so that nobody behind it has to wait for it.
                if executions[index].state != .waiting { change(index, &step) { $0.state = .waiting } }
                continue
            }
            let context = executions[index].context
            let isBlocked =
                isQueue || firstWaiting.map { $0 != context } == true
                || executions.contains { $0.context != context && $0.occupiesPlace }
            if isBlocked {
                isQueue = isQueue || firstWaiting.map { $0 != context } == true
                firstWaiting = firstWaiting ?? context
                if executions[index].state != .waiting { change(index, &step) { $0.state = .waiting } }
            } else {
                proceed(index, &step)
            }
        }
    }

    /// Sends the next task, or holds it back for its `triggeredAfter`.
    private mutating func proceed(_ index: Int, _ step: inout Step) {
        let execution = executions[index]
        let taskIndex = execution.task?.index ?? 0
        let task = execution.definition.tasks[taskIndex]
        let isNew = if case .delayed? = execution.task?.phase { false } else { true }
        if isNew, let delay = task.triggeredAfter, delay > .zero {
            let run = SequenceExecution.TaskRun(
                index: taskIndex, name: task.name, phase: .delayed(until: step.now + delay))
            change(index, &step) {
                $0.state = .started
                $0.task = run
            }
            return
        }
        let id = emit(
            .task(name: task.name, kind: .triggered), for: execution, triggeredID: nil,
            data: execution.taskPayload(task), &step)
        let run = SequenceExecution.TaskRun(
            index: taskIndex, name: task.name,
            phase: .sent(eventID: id, at: step.now, deadline: step.now + step.deadlines.start))
        change(index, &step) {
            $0.state = task.name == Self.approval ? .waitingForApproval : .started
            $0.task = run
        }
    }
}

// MARK: - Answers

extension SequenceMachine {
    private mutating func note(started answer: TaskAnswer, _ step: inout Step) {
        guard let index = index(of: answer, &step) else { return }
        let now = step.now
        let deadline = deadline(of: answer, isApproval: executions[index].task?.name == Self.approval, step)
        change(index, &step) {
            $0.task?.started.append(.init(source: answer.source, at: now))
            guard case .sent(let id, let at, _)? = $0.task?.phase, $0.task?.started.count == 1 else { return }
            $0.task?.phase = .sent(eventID: id, at: at, deadline: deadline)
        }
        completeTaskIfDone(index, &step)
    }

    private func deadline(of answer: TaskAnswer, isApproval: Bool, _ step: Step) -> Timestamp {
        guard let until = answer.until else {
            return step.now + (isApproval ? step.deadlines.approval : step.deadlines.finish)
        }
        return min(max(until, step.now), step.now + TaskDeadlines.announcedMax) + step.deadlines.finish
    }

    private mutating func note(finished answer: TaskAnswer, _ verdict: TaskVerdict, _ step: inout Step) {
        guard let index = index(of: answer, &step) else { return }
        change(index, &step) {
            $0.task?.answers.append(
                .init(
                    source: answer.source, result: verdict.result, status: verdict.status, message: verdict.message,
                    data: verdict.data))
        }
        completeTaskIfDone(index, &step)
    }

    private func index(of answer: TaskAnswer, _ step: inout Step) -> Int? {
        let index = executions.firstIndex {
            $0.openTask?.eventID == answer.triggeredID && $0.context == answer.context
        }
        if index == nil {
            step.effects.append(.ignored("no open task was triggered by event \(answer.triggeredID)"))
        }
        return index
    }

    /// A task is done when every executor that started has finished. The next one goes out at once where the task
    /// occupied the place, and queues with the others where it did not (an approval) or may not (a pause).
    private mutating func completeTaskIfDone(_ index: Int, _ step: inout Step) {
        guard let task = executions[index].task, !task.answers.isEmpty, task.answers.count == task.started.count,
            case .sent(let eventID, _, _) = task.phase
        else { return }
        let occupiedPlace = executions[index].occupiesPlace
        let outcome = SequenceExecution.Outcome(of: task.answers)
        let finished = SequenceExecution.FinishedTask(
            name: task.name, eventID: eventID, outcome: outcome, finishedAt: step.now)
        change(index, &step) {
            $0.payload = task.answers.reduce($0.payload) { $0.merging($1.data) }
            $0.finishedTasks.append(finished)
        }
        if let ending = executions[index].ending {
            return end(index, as: .finished, .init(result: .pass, status: .succeeded, message: ending), &step)
        }
        let next = task.index + 1
        let tasks = executions[index].definition.tasks
        guard outcome.result != .fail, outcome.status != .errored, next < tasks.count else {
            end(index, as: .finished, outcome, &step)
            return
        }
        change(index, &step) {
            if $0.state == .waitingForApproval { $0.state = .started }
            $0.task = SequenceExecution.TaskRun(index: next, name: tasks[next].name, phase: .held)
        }
        if occupiedPlace, executions[index].isReady(at: step.now) { proceed(index, &step) }
    }
}

// MARK: - The end

extension SequenceMachine {
    mutating func end(
        _ index: Int, as state: SequenceExecution.State, _ outcome: SequenceExecution.Outcome, _ step: inout Step
    ) {
        let now = step.now
        change(index, &step) {
            $0.state = state
            $0.outcome = outcome
            $0.finishedAt = now
        }
        let execution = executions[index]
        let name = execution.definition.name
        _ = emit(
            .sequence(stage: scope.stage, name: name, kind: .finished), for: execution,
            triggeredID: execution.triggeredID, data: execution.finalPayload(outcome), &step)
        guard state == .finished else { return }
        // Two triggers of one sequence may both match; it starts once all the same.
        var begun: Set<[String]> = []
        for follower in execution.definition.followers
        where follower.follows(execution) && begun.insert([follower.stage, follower.sequence]).inserted {
            _ = emit(
                .sequence(stage: follower.stage, name: follower.sequence, kind: .triggered), for: execution,
                triggeredID: nil, data: execution.followerPayload(stage: follower.stage), pinned: false, &step)
        }
    }

    private mutating func expire(_ step: inout Step) {
        for index in executions.indices {
            guard executions[index].state.isOpen, let task = executions[index].task,
                case .sent(_, let sentAt, let deadline?) = task.phase, deadline <= step.now
            else { continue }
            let message = task.timeoutMessage(sentAt: sentAt, deadline: deadline)
            end(index, as: .timedOut, .init(result: .fail, status: .errored, message: message), &step)
        }
    }
}

// MARK: - Control

extension SequenceMachine {
    private mutating func pause(_ context: String, _ step: inout Step) {
        forEach(context, &step) { machine, index, step in
            guard machine.executions[index].state != .paused else { return }
            machine.change(index, &step) { $0.state = .paused }
        }
    }

    private mutating func resume(_ context: String, _ step: inout Step) {
        forEach(context, &step) { machine, index, step in
            guard machine.executions[index].state == .paused else { return }
            machine.change(index, &step) { $0.state = $0.stateWhenNotPaused }
        }
    }

    private mutating func abort(_ context: String, _ step: inout Step) {
        forEach(context, &step) { machine, index, step in
            machine.end(
                index, as: .aborted, .init(result: .pass, status: .aborted, message: "sequence was aborted"), &step)
        }
    }

    private mutating func forEach(
        _ context: String, _ step: inout Step, _ body: (inout SequenceMachine, Int, inout Step) -> Void
    ) {
        let indices = executions.indices.filter { executions[$0].context == context && executions[$0].state.isOpen }
        if indices.isEmpty { step.effects.append(.ignored("context \(context) has nothing open in \(scope)")) }
        for index in indices { body(&self, index, &step) }
    }
}
