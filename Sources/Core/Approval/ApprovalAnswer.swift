package import CloudEvents
import KeptnModel

/// Takes an `approval.finished` event from outside: from an integration that carries out approvals, or from somebody
/// who answers one that waits for people.
package struct ApprovalAnswer: Sendable {
    /// The `approval.triggered` event; nil when nobody knows it.
    private let triggered: CloudEvent?
    private let isOpen: Bool
    /// All events that answer it, oldest first.
    private let answers: [CloudEvent]

    package init(to triggered: CloudEvent?, isOpen: Bool, answers: [CloudEvent]) {
        self.triggered = triggered
        self.isOpen = isOpen
        self.answers = answers
    }

    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case unknown(String)
        case over(String)
        case secondVote(String)

        package var description: String {
            switch self {
            case .unknown(let text), .over(let text), .secondVote(let text): text
            }
        }
    }

    /// The event to store: as it came from an executor of the task, with the person's name from a person, and a vote
    /// where several have to approve.
    ///
    /// - Parameter person: The name under which the sender is known.
    package func accept(_ event: CloudEvent, from person: String, at now: Timestamp) throws(Refusal) -> CloudEvent {
        guard let triggered else {
            throw .unknown("nothing has asked for an approval with the event \(event.triggeredID ?? "")")
        }
        // Its late end is nobody's mistake.
        if isFromExecutor(event) { return event }
        guard isOpen else { throw .over(whyOver) }
        let data = event.json ?? .emptyObject
        let vote = ApprovalVote(
            by: person, approves: data["result"]?.stringValue != KeptnResult.fail.rawValue,
            comment: data["message"]?.stringValue ?? "", at: now)
        // With properties that cannot be used the gatekeeper has ended the task.
        let approvers = (try? ApprovalTerms(properties: triggered.json?[ApprovalRule.task] ?? .emptyObject))?.approvers
        guard let approvers, approvers > 1 else {
            var signed = event
            let approval = (data[ApprovalRule.task] ?? .emptyObject).setting("answers", to: [vote].json)
            signed.data = .json(data.setting(ApprovalRule.task, to: approval))
            return signed
        }
        let votes = answers.compactMap(ApprovalVote.init)
        if let earlier = votes.first(where: { $0.by == person }) {
            throw .secondVote(
                "\(earlier.inWords) at \(earlier.at.rfc3339); \(approvers) different people have to approve")
        }
        return self.event(for: vote, number: votes.count + 1, of: approvers, answering: triggered)
    }

    /// An executor has said that it started, and owes an end: one that is not the gatekeeper, which answers in here.
    private func isFromExecutor(_ event: CloudEvent) -> Bool {
        guard event.source != ApprovalRule.executor else { return false }
        let own = answers.filter { $0.source == event.source }
        return own.count { $0.eventType?.kind == .started } > own.count { $0.eventType?.kind == .finished }
    }

    private var whyOver: String {
        guard let last = answers.last(where: { $0.eventType?.kind == .finished }), let data = last.json else {
            return "this approval is not open any more: its sequence has ended"
        }
        let people = (data[ApprovalRule.task, "answers"]?.elements ?? []).compactMap { $0["by"]?.stringValue }
        let who = people.isEmpty ? last.source : people.joined(separator: ", ")
        let when = last.time.map { " at \($0.rfc3339)" } ?? ""
        return "this approval was answered with '\(data["result"]?.stringValue ?? "")' by \(who)\(when)"
    }

    /// The same id whenever the same person votes, so that two votes at once are one.
    private func event(
        for vote: ApprovalVote, number: Int, of approvers: Int, answering triggered: CloudEvent
    ) -> CloudEvent {
        let data = triggered.json ?? .emptyObject
        let place = ["project", "stage", "service", "labels"].map { (key: $0, value: data[$0]) }
        return CloudEvent(
            keptn: .task(name: ApprovalRule.task, kind: .statusChanged), id: "\(triggered.id)/vote/\(vote.by)",
            source: ApprovalRule.executor, time: vote.at, context: triggered.keptnContext ?? "",
            triggeredID: triggered.id, gitCommitID: triggered.gitCommitID,
            data: .object(
                place + [
                    ("message", .string("\(vote.inWords) (\(number) of \(approvers))")),
                    (ApprovalRule.task, .object([(ApprovalVote.member, vote.json)])),
                ]))
    }
}
