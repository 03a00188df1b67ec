package import Core

extension SequenceRun {
    /// The one word for the whole run (K §2.3.1): while anything is open the liveliest state of the open executions,
    /// afterwards the state of the last one that was triggered.
    package var state: SequenceExecution.State {
        let open = Set(executions.map(\.state).filter(\.isOpen))
        let order: [SequenceExecution.State] = [.started, .waitingForApproval, .paused, .waiting, .triggered]
        return order.first(where: open.contains) ?? executions.last?.state ?? .finished
    }
}
