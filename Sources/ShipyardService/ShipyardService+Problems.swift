import CloudEvents
import Core
import KeptnModel
import Ports

/// What it hears of problems: that they are over.
extension ShipyardService {
    /// How many events of a place are looked at to find out what was said last of a problem.
    private static let eventsMax = 100

    func takeProblem(_ recorded: RecordedEvent, _ turn: inout Turn) async throws {
        let problem = Problem(recorded.event.json ?? .emptyObject)
        guard !problem.isOpen, let id = problem.id, let scope = recorded.event.keptnData?.scope else {
            return turn.ignore("a problem that is not over, or without an id or a place")
        }
        try await decide(.problemClosed(id: id), in: scope, &turn)
    }

    /// The id of the problem of a remediation's next round, when it has ended between the rounds, while nothing of it
    /// was open; nil for everything else.
    func problemThatIsOver(_ trigger: SequenceTrigger, _ recorded: RecordedEvent) async throws -> String? {
        guard trigger.sequence == SequenceMachine.remediation, recorded.event.source == SequenceMachine.source,
            let id = trigger.problem?.id
        else { return nil }
        let openings = EventType.sequence(
            stage: trigger.scope.stage, name: SequenceMachine.remediation, kind: .triggered)
        var query = EventQuery()
        (query.project, query.stage, query.service) = (
            trigger.scope.project, trigger.scope.stage, trigger.scope.service
        )
        query.limit = Self.eventsMax
        query.type = openings.text
        let opened = try await store.events(query).first {
            $0.event.source != SequenceMachine.source && $0.event.json?["problem"].flatMap { Problem($0).id } == id
        }
        query.type = Problem.eventType
        let told = try await store.events(query).first { Problem($0.event.json ?? .emptyObject).id == id }
        guard let told, let json = told.event.json, !Problem(json).isOpen,
            opened.map({ $0.position < told.position }) ?? true
        else { return nil }
        return id
    }
}
