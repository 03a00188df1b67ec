import Core
package import KeptnKit

/// Approves, declines, or leaves it to a person (K §2.7).
///
/// It hears: `approval` tasks. `ApprovalRule` decides. It answers at once, or only says that it has started: then a
/// person sends `approval.finished`.
package enum GatekeeperService {
    package static let name = "approval-service"

    package static func integration(version: String) -> Integration {
        Integration(name: name, version: version)
            .on(task: "approval", announcing: { ApprovalRule(data: $0.data).startedMessage }) { task in
                switch ApprovalRule(data: task.data).action {
                case .finish(let result): TaskOutcome(result: result)
                case .waitForHuman: .pending
                }
            }
    }
}
