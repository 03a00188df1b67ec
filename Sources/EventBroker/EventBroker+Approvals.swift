package import CloudEvents
import Core
import KeptnModel
package import Ports

/// Answers to approvals: whoever gives one is named in it, and nobody can speak for others.
extension EventBroker {
    private static let answersMax = 1000

    package func admit(_ events: [CloudEvent], from caller: Caller) async throws -> [CloudEvent] {
        var admitted: [CloudEvent] = []
        for event in events { admitted.append(try await admit(event, from: caller, after: admitted)) }
        return admitted
    }

    /// - Parameter earlier: What comes with the event, before it.
    func admit(_ event: CloudEvent, from caller: Caller, after earlier: [CloudEvent]) async throws -> CloudEvent {
        guard case .task(ApprovalRule.task, let kind)? = event.eventType else { return event }
        if kind == .statusChanged, event.json?[ApprovalRule.task, ApprovalVote.member] != nil {
            throw KeptnError(
                .invalidInput,
                "event \(event.type): data.approval.vote is written by the server; send approval.finished")
        }
        guard kind == .finished, let id = event.triggeredID else { return event }
        let open = try await sequences.openTasks(
            named: ApprovalRule.task, project: nil, stage: nil, service: nil, eventID: id)
        let known = try await answers(to: id)
        let new = earlier.filter { event in
            event.triggeredID == id && !known.contains { $0.id == event.id && $0.source == event.source }
        }
        let answer = ApprovalAnswer(to: try await triggered(id), isOpen: !open.isEmpty, answers: known + new)
        do {
            return try answer.accept(event, from: caller.name, at: time.now)
        } catch {
            switch error {
            case .unknown: throw KeptnError(.notFound, "event \(event.type): \(error)")
            case .over, .secondVote: throw KeptnError(.conflict, "event \(event.type): \(error)")
            }
        }
    }

    private func triggered(_ id: String) async throws -> CloudEvent? {
        var query = EventQuery()
        (query.id, query.limit) = (id, 1)
        query.type = EventType.task(name: ApprovalRule.task, kind: .triggered).text
        return try await queries.events(query).first?.event
    }

    private func answers(to id: String) async throws -> [CloudEvent] {
        var query = EventQuery()
        (query.triggeredID, query.limit) = (id, Self.answersMax)
        return try await queries.events(query).reversed().map(\.event)
    }
}
