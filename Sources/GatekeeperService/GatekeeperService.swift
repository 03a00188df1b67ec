import CloudEvents
import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports
import ServiceLifecycle

/// Approves, declines, or leaves it to people (K §2.7).
///
/// It hears: `approval` tasks, and the votes of people where several have to approve. `ApprovalRule`, `ApprovalTerms`
/// and `ApprovalVerdict` decide. It answers at once, or only says that it has started: then it is for people to answer,
/// until the time is over that the shipyard gives them.
package struct GatekeeperService: Service {
    package static let name = ApprovalRule.executor
    private static let votesMax = 1000

    private let queries: any EventQueries
    private let answers: DueAnswers
    private let time: any TimeSource

    package init(
        queries: any EventQueries, sequences: any SequenceStore, log: any EventLog, time: any TimeSource,
        logger: Logger
    ) {
        self.queries = queries
        self.time = time
        answers = DueAnswers(
            of: Self.name, tasks: [ApprovalRule.task], sequences: sequences, log: log, time: time, logger: logger
        ) { Self.defaultAnswer(to: $0) }
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version)
            .on(
                task: ApprovalRule.task, announcing: { ApprovalRule(data: $0.data).startedMessage },
                until: { Self.defaultAnswer(to: $0)?.at }, perform: { try decide($0) }
            )
            .on(eventType: EventType.task(name: ApprovalRule.task, kind: .statusChanged).text) { try await count($0) }
    }

    package func run() async throws { try await answers.run() }

    private func decide(_ task: TaskContext) throws -> TaskOutcome {
        // For what is wrong with its properties.
        _ = try ApprovalTerms(properties: task.properties)
        switch ApprovalRule(data: task.data).action {
        case .finish(let result): return TaskOutcome(result: result)
        case .waitForHuman:
            answers.add(task)
            return .pending
        }
    }

    /// Nil for an approval that is decided at once, or waits for people as long as it takes.
    private static func defaultAnswer(to task: TaskContext) -> DueAnswers.DueAnswer? {
        guard ApprovalRule(data: task.data).action == .waitForHuman,
            let terms = try? ApprovalTerms(properties: task.properties), let timeout = terms.timeout
        else { return nil }
        let message = "not decided within \(timeout.go): the answer for that case is \(terms.defaultAnswer.rawValue)"
        return .init(
            at: (task.event.time ?? Timestamp(seconds: 0)) + timeout,
            outcome: TaskOutcome(result: terms.defaultAnswer, message: message))
    }

    /// Ends the task when the votes decide it. All events that could end it have one id: the first one counts.
    private func count(_ event: CloudEvent) async throws -> [CloudEvent] {
        guard ApprovalVote(event) != nil, let triggeredID = event.triggeredID,
            let task = try await task(triggeredID), let terms = try? ApprovalTerms(properties: task.properties)
        else { return [] }
        var query = EventQuery()
        (query.triggeredID, query.type, query.limit) = (triggeredID, event.type, Self.votesMax)
        let votes = try await queries.events(query).reversed().map(\.event).compactMap(ApprovalVote.init)
        guard let verdict = ApprovalVerdict(votes, approvers: terms.approvers) else { return [] }
        let outcome = TaskOutcome(
            result: verdict.result, message: verdict.message,
            data: [ApprovalRule.task: ["answers": verdict.votes.json]])
        return [task.finished(by: Self.name, at: time.now, outcome)]
    }

    private func task(_ id: String) async throws -> TaskContext? {
        var query = EventQuery()
        (query.id, query.limit) = (id, 1)
        return try await queries.events(query).first.flatMap { try? TaskContext(answering: $0.event) }
    }
}
