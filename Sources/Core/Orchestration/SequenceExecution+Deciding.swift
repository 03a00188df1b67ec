import CloudEvents
import KeptnModel

extension SequenceExecution {
    /// Whether another context has to wait for this execution: a task of it is out and works.
    var occupiesPlace: Bool {
        guard let task, case .sent = task.phase else { return false }
        return (state == .started || state == .paused) && task.name != SequenceMachine.approval
    }

    /// Whether it has a task to send as soon as the place is free.
    func isReady(at now: Timestamp) -> Bool {
        guard state.isOpen, state != .paused else { return false }
        switch task?.phase {
        case nil, .held?: return true
        case .delayed(let until)?: return until <= now || state == .waiting
        case .sent?: return false
        }
    }

    /// The state that follows from everything but the pause.
    var stateWhenNotPaused: State {
        switch task?.phase {
        case nil: .triggered
        case .held?: .waiting
        case .delayed?: .started
        case .sent?: task?.name == SequenceMachine.approval ? .waitingForApproval : .started
        }
    }
}

extension SequenceExecution.TaskRun {
    /// The sources that have started and not yet finished, one entry for each start.
    var unanswered: [String] {
        var sources = started.map(\.source)
        for answer in answers {
            if let index = sources.firstIndex(of: answer.source) { sources.remove(at: index) }
        }
        return sources
    }

    /// Why nobody waits for this task any longer. The first form is Keptn's own (K §2.3.6).
    func timeoutMessage(sentAt: Timestamp, deadline: Timestamp) -> String {
        let type = EventType.task(name: name, kind: .triggered)
        if started.isEmpty && answers.isEmpty {
            return "sequence timed out while waiting for task \(type) to receive a correlating .started or "
                + ".finished event"
        }
        let what =
            if unanswered.isEmpty {
                "was finished by \(answers.map(\.source).joined(separator: ", ")), but not started as often"
            } else {
                "was still not finished by \(unanswered.joined(separator: ", "))"
            }
        return "sequence timed out: at \(deadline) task \(type), sent at \(sentAt), \(what)"
    }
}

// MARK: - Payloads

extension SequenceExecution {
    /// The `data` of a task's triggered event (K §2.3.4): what was given and found so far, the place, the last
    /// verdict, the task's own properties, and an empty message.
    func taskPayload(_ task: Shipyard.Task) -> JSON {
        var overlay = commonMembers(stage: scope.stage)
        if let properties = task.properties { overlay.append((task.name, properties)) }
        return payload.merging(.object(overlay))
    }

    /// The `data` of the trigger of a sequence that follows this one, possibly in another stage.
    func followerPayload(stage: String) -> JSON {
        payload.merging(.object(commonMembers(stage: stage)))
    }

    /// The `data` of the sequence's own finished event.
    func finalPayload(_ outcome: Outcome) -> JSON {
        .object([
            ("project", .string(scope.project)), ("stage", .string(scope.stage)),
            ("service", .string(scope.service)), ("labels", labels),
            ("status", .string(outcome.status.rawValue)), ("result", .string(outcome.result.rawValue)),
            ("message", .string(outcome.message)),
        ])
    }

    private func commonMembers(stage: String) -> [(key: String, value: JSON?)] {
        let last = finishedTasks.last?.outcome
        return [
            ("project", .string(scope.project)), ("stage", .string(stage)), ("service", .string(scope.service)),
            ("result", last.map { .string($0.result.rawValue) }),
            ("status", last.map { .string($0.status.rawValue) }), ("message", ""),
        ]
    }
}

extension SequenceExecution.Outcome {
    /// The verdict of a task from its executors' answers (K §2.3.4): the worst result; errored before aborted; and a
    /// status that is neither makes the whole unknown and failed.
    init(of answers: [SequenceExecution.Answer]) {
        let results = answers.map { $0.result ?? .fail }
        result = results.contains(.fail) ? .fail : results.contains(.warning) ? .warning : .pass
        let statuses = answers.map { $0.status ?? .unknown }
        if statuses.contains(.errored) {
            status = .errored
        } else if statuses.contains(.aborted) {
            status = .aborted
        } else if statuses.allSatisfy({ $0 == .succeeded }) {
            status = .succeeded
        } else {
            status = .unknown
            result = .fail
        }
        message = answers.map(\.message).filter { !$0.isEmpty }.joined(separator: "; ")
    }
}
