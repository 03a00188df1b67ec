package import Core
package import KeptnModel

extension SequenceRun {
    /// The one word for the whole run (K §2.3.1): while anything is open the liveliest state of the open executions,
    /// afterwards the state of the last one that was triggered.
    package var state: SequenceExecution.State {
        let open = Set(executions.map(\.state).filter(\.isOpen))
        let order: [SequenceExecution.State] = [.started, .waitingForApproval, .paused, .waiting, .triggered]
        return order.first(where: open.contains) ?? executions.last?.state ?? .finished
    }
}

extension SequenceRun {
    /// How it went as a whole: the worst of what has ended; nil while nothing has. A rollback that passes does not make
    /// good the delivery that failed before.
    package var result: KeptnResult? {
        let results = executions.compactMap(\.outcome?.result)
        return [.fail, .warning, .pass].first(where: results.contains)
    }
}
