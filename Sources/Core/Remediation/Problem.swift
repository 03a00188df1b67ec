package import CloudEvents
import KeptnModel

/// What a monitoring tool has found wrong with a service: `data.problem` of a remediation, or the whole `data` of
/// `sh.keptn.events.problem` (K §1.1, §2.8).
package struct Problem: Sendable, Hashable {
    /// `ProblemID`, else `PID`: the same from the opening to the closing. Nil where the tool gives none: then every
    /// opening counts as a problem of its own, as in Keptn.
    package let id: String?
    package let title: String
    package let rootCause: String
    /// False for `State` RESOLVED or CLOSED.
    package let isOpen: Bool
    /// The client whose requests cause it, where the tool knows: `ProblemDetails.ClientIP`.
    package let client: String?

    /// The type of the event by which tools tell of problems that start nothing; above all, of their end.
    package static let eventType = "sh.keptn.events.problem"

    package init(_ data: JSON) {
        func text(_ keys: String...) -> String? {
            // Some tools count their problems.
            keys.lazy.compactMap { key in data[key].flatMap { $0.kind == .number ? $0.text : $0.stringValue } }
                .first { !$0.isEmpty }
        }
        id = text("ProblemID", "PID")
        title = text("problemTitle", "ProblemTitle") ?? ""
        rootCause = text("rootCause") ?? ""
        isOpen = !["resolved", "closed"].contains(data["State"]?.stringValue?.lowercased() ?? "")
        client = data["ProblemDetails", "ClientIP"]?.stringValue ?? data["ClientIP"]?.stringValue
    }

    /// As messages call it.
    package var name: String {
        let name = title.isEmpty ? rootCause : title
        return name.isEmpty ? "a problem without a title" : "problem '\(name)'"
    }
}
