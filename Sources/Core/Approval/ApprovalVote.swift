package import CloudEvents
package import KeptnModel

/// What one of several approvers said. It travels as `approval.status.changed`, which only the server itself writes.
package struct ApprovalVote: Sendable, Hashable {
    package var by: String
    package var approves: Bool
    package var comment: String
    package var at: Timestamp

    package init(by: String, approves: Bool, comment: String, at: Timestamp) {
        self.by = by
        self.approves = approves
        self.comment = comment
        self.at = at
    }

    /// Nil for an event that is no vote.
    package init?(_ event: CloudEvent) {
        guard case .task(ApprovalRule.task, .statusChanged)? = event.eventType,
            let vote = event.json?[ApprovalRule.task, Self.member], let by = vote["by"]?.stringValue,
            let result = vote["result"]?.stringValue
        else { return nil }
        self.init(
            by: by, approves: result == KeptnResult.pass.rawValue, comment: vote["comment"]?.stringValue ?? "",
            at: vote["at"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } ?? event.time ?? Timestamp(seconds: 0))
    }

    /// The member of `data.approval` that makes an event a vote.
    package static let member = "vote"

    package var json: JSON {
        [
            "by": .string(by), "result": .string((approves ? KeptnResult.pass : .fail).rawValue),
            "comment": .string(comment), "at": .string(at.rfc3339),
        ]
    }
}

/// What the votes come to.
package struct ApprovalVerdict: Sendable, Hashable {
    package let result: KeptnResult
    package let message: String
    /// Those that count, in their order: `data.approval.answers`.
    package let votes: [ApprovalVote]

    /// The first of each person counts. One decline decides; else as many approve as are needed, or it stays open:
    /// then nil.
    package init?(_ votes: [ApprovalVote], approvers: Int) {
        var people: Set<String> = []
        let counted = votes.filter { people.insert($0.by).inserted }
        if let declined = counted.firstIndex(where: { !$0.approves }) {
            result = .fail
            self.votes = Array(counted[...declined])
        } else {
            guard counted.count >= approvers else { return nil }
            result = .pass
            self.votes = Array(counted.prefix(approvers))
        }
        message = self.votes.map(\.inWords).joined(separator: "; ")
    }
}

extension ApprovalVote {
    /// `alice approved: looks good`.
    package var inWords: String {
        "\(by) \(approves ? "approved" : "declined")" + (comment.isEmpty ? "" : ": \(comment)")
    }
}

extension [ApprovalVote] {
    /// `data.approval.answers` of `approval.finished`: who decided, what, when and why.
    package var json: JSON { .array(map(\.json)) }
}
