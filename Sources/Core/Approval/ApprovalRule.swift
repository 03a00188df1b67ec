package import CloudEvents
package import KeptnModel

/// What the gatekeeper does with an approval.triggered event (K §2.7).
package struct ApprovalRule: Sendable, Hashable {
    package let action: Action
    /// The `message` of approval.started.
    package let startedMessage: String

    package static let task = ApprovalTerms.task
    /// The integration that carries approvals out, as Keptn's users know it.
    package static let executor = "approval-service"

    package enum Action: Sendable, Hashable {
        /// Answer approval.finished with this result at once.
        case finish(KeptnResult)
        /// Leave it to a person to send approval.finished.
        case waitForHuman
    }

    /// Decides on the event's data.
    ///
    /// The verdict is that of the task before, `data.result`, or where that is empty `data.evaluation.result`. A pass
    /// or a warning whose strategy is `automatic` is approved, and the warning becomes a pass; a fail is declined; all
    /// else waits. A missing strategy is manual: that is what Keptn 1.4.5 does, though its spec says automatic.
    package init(data: JSON) {
        func text(_ json: JSON?) -> String { json?.stringValue ?? "" }
        let ownResult = text(data["result"])
        let result = ownResult.isEmpty ? text(data["evaluation", "result"]) : ownResult
        let strategy =
            switch result {
            case "pass": text(data["approval", "pass"])
            case "warning": text(data["approval", "warning"])
            case "fail": "automatic"
            default: ""
            }
        action =
            switch (result, strategy) {
            case ("fail", _): .finish(.fail)
            case (_, "automatic"): .finish(.pass)
            default: .waitForHuman
            }
        startedMessage = "Approval strategy for result '\(result)': \(strategy.isEmpty ? "manual" : strategy)"
    }
}
