package import CloudEvents

/// What an open sequence waits for, and until when (no sequence waits silently).
package struct WaitReason: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// The task's event is out; nobody has taken it yet.
        case executorStart
        /// An executor works on the task.
        case executorFinish
        case approval
        /// `triggeredAfter` of the next task.
        case delay
        /// Another context's sequence in the same place.
        case otherSequence
        /// Somebody who says `resume`.
        case resume
    }

    package var kind: Kind
    /// One phrase for people: `task deployment to be started`.
    package var detail: String
    package var since: Timestamp?
    /// When the waiting ends by itself: the delay is over, or the deadline fails the task.
    package var until: Timestamp?
}

extension SequenceMachine {
    /// Why an execution of this place does not go on right now; nil when it is not open.
    package func waitReason(of executionID: String) -> WaitReason? {
        guard let execution = executions.first(where: { $0.id == executionID }), execution.state.isOpen else {
            return nil
        }
        if execution.state == .paused {
            let running = execution.occupiesPlace ? "; task \(execution.task?.name ?? "") still runs" : ""
            return WaitReason(kind: .resume, detail: "the sequence to be resumed\(running)")
        }
        switch execution.task?.phase {
        case .sent(_, let at, let deadline)?: return execution.waitForExecutor(since: at, until: deadline)
        case .delayed(let until)? where execution.state == .started:
            return WaitReason(kind: .delay, detail: "the delay of task \(execution.task?.name ?? "")", until: until)
        default: return waitForPlace(execution)
        }
    }

    /// Whom an execution waits for: who occupies its place, and then who came to the queue before it.
    package func blockers(of executionID: String) -> [SequenceExecution] {
        guard waitReason(of: executionID)?.kind == .otherSequence,
            let execution = executions.first(where: { $0.id == executionID })
        else { return [] }
        return blockers(of: execution)
    }

    private func blockers(of execution: SequenceExecution) -> [SequenceExecution] {
        let others = executions.filter { $0.context != execution.context }
        let earlier = executions.prefix { $0.id != execution.id }.filter { $0.context != execution.context }
        let remediations = waitsForRemediation(execution) ? others.filter { $0.isRemediating && !$0.occupiesPlace } : []
        return others.filter(\.occupiesPlace) + remediations
            + earlier.filter { $0.state == .waiting && !$0.occupiesPlace }
    }

    private func waitForPlace(_ execution: SequenceExecution) -> WaitReason {
        WaitReason(
            kind: .otherSequence,
            detail: blockers(of: execution).first.map { "sequence \($0.definition.name) of context \($0.context)" }
                ?? "its turn",
            since: execution.triggeredAt)
    }
}

extension SequenceExecution {
    fileprivate func waitForExecutor(since: Timestamp, until: Timestamp?) -> WaitReason {
        let name = task?.name ?? ""
        guard let task, let first = task.started.first else {
            return WaitReason(kind: .executorStart, detail: "task \(name) to be started", since: since, until: until)
        }
        guard !task.unanswered.isEmpty else {
            let detail = "task \(name) to be started as often as it was finished"
            return WaitReason(kind: .executorStart, detail: detail, since: since, until: until)
        }
        let isApproval = name == SequenceMachine.approval
        return WaitReason(
            kind: isApproval ? .approval : .executorFinish,
            detail: isApproval
                ? "an approval" : "task \(name) to be finished by \(task.unanswered.joined(separator: ", "))",
            since: first.at, until: until)
    }
}
