import CloudEvents
import KeptnModel

/// Remediations: one problem has one at a time, they come one after the other, and each ends with its problem.
extension SequenceMachine {
    /// The name of the sequence that monitoring tools trigger (K §2.8).
    package static let remediation = "remediation"

    /// Whether the trigger is that of a problem whose remediation is under way. It then becomes an execution that is
    /// over at once and says where to look.
    mutating func joins(_ trigger: SequenceTrigger, _ step: inout Step) -> Bool {
        guard trigger.sequence == Self.remediation, let problem = trigger.problem, let id = problem.id,
            let open = executions.first(where: { $0.problemID == id && $0.ending == nil })
        else { return false }
        let definition = SequenceDefinition(name: trigger.sequence, tasks: [], followers: [])
        let execution = SequenceExecution(
            id: step.newID(), trigger: trigger, definition: definition, gitCommitID: nil, state: .triggered)
        let message = "the remediation of \(problem.name) (\(id)) is under way already, in context \(open.context)"
        let index = insert(execution)
        end(index, as: .finished, .init(result: .pass, status: .succeeded, message: message), &step)
        return true
    }

    /// Whether a remediation that has not begun has to wait because another one is under way, even while that one only
    /// waits for its action to show an effect: a second action would spoil what the first one's gate measures.
    func waitsForRemediation(_ execution: SequenceExecution) -> Bool {
        guard execution.definition.name == Self.remediation, execution.task == nil else { return false }
        return executions.contains { $0.context != execution.context && $0.isRemediating }
    }

    /// Ends the remediations of a problem that is over: a task that runs may finish, nothing more is begun.
    mutating func close(problem id: String, _ step: inout Step) {
        let indices = executions.indices.filter {
            executions[$0].state.isOpen && executions[$0].problemID == id && executions[$0].ending == nil
        }
        if indices.isEmpty { step.effects.append(.ignored("problem \(id) has no open remediation in \(scope)")) }
        for index in indices {
            let message = "problem \(id) is over" + (executions[index].task == nil ? ", before anything was done" : "")
            if executions[index].occupiesPlace {
                change(index, &step) { $0.ending = message }
            } else {
                end(index, as: .finished, .init(result: .pass, status: .succeeded, message: message), &step)
            }
        }
    }
}

extension SequenceTrigger {
    /// What a remediation is about.
    package var problem: Problem? { data["problem"].map { Problem($0) } }
}

extension SequenceExecution {
    /// Of the problem that a remediation is about.
    var problemID: String? {
        guard definition.name == SequenceMachine.remediation else { return nil }
        return payload["problem"].flatMap { Problem($0).id }
    }

    /// Whether it is a remediation that has begun and goes on.
    var isRemediating: Bool {
        definition.name == SequenceMachine.remediation && task != nil && state.isOpen && state != .paused
    }
}
