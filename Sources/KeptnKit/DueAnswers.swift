package import CloudEvents
import Core
import KeptnModel
package import Logging
package import Ports
import ServiceLifecycle
import Synchronization

/// Answers tasks at an instant that is known when they come: a wait that is over, an approval that nobody has given.
///
/// Nothing is stored for it. Which tasks are open the store of sequences knows, and when each is due follows from its
/// event; so a restart loses none, whatever ends a task otherwise ends its wait, and a task that waits costs an entry
/// in a table.
package final class DueAnswers: Service {
    /// When a task is to be answered, and how.
    package struct DueAnswer: Sendable {
        package var at: Timestamp
        package var outcome: TaskOutcome

        package init(at: Timestamp, outcome: TaskOutcome) {
            self.at = at
            self.outcome = outcome
        }
    }

    /// Nil for a task that is not answered by time.
    package typealias Rule = @Sendable (TaskContext) -> DueAnswer?

    private struct Entry {
        let task: TaskContext
        let outcome: TaskOutcome
    }

    private struct State {
        var timetable = Timetable<Entry>()
        var additions: Int64 = 0
    }

    private static let pauseAfterFailure = Duration.seconds(1)

    private let integration: String
    private let tasks: [String]
    private let rule: Rule
    private let sequences: any SequenceStore
    private let log: any EventLog
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let signal = PositionSignal()

    /// - Parameters:
    ///   - integration: In whose name it answers.
    ///   - tasks: The names of the tasks that may be due.
    package init(
        of integration: String, tasks: [String], sequences: any SequenceStore, log: any EventLog,
        time: any TimeSource, logger: Logger, rule: @escaping Rule
    ) {
        self.integration = integration
        self.tasks = tasks
        self.sequences = sequences
        self.log = log
        self.time = time
        self.logger = logger
        self.rule = rule
    }

    /// From now on the task is answered when it is due. What was added before a restart need not be added again.
    package func add(_ task: TaskContext) {
        guard let due = rule(task) else { return }
        let additions = state.withLock { state in
            state.timetable.insert(Entry(task: task, outcome: due.outcome), id: task.event.id, at: due.at)
            state.additions += 1
            return state.additions
        }
        signal.advance(to: Position(additions))
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await self.untilDone { try await self.addOpenTasks() }
            while true {
                try await self.untilDone { try await self.answerDue() }
                try await self.waitForNext()
            }
        }
    }

    /// Throws only when cancelled.
    private func untilDone(_ operation: () async throws -> Void) async throws {
        while true {
            do {
                return try await operation()
            } catch {
                try Task.checkCancellation()
                logger.error(
                    "answers that are due could not be sent, trying again",
                    metadata: ["component": "\(integration)", "error.message": "\(error)"])
                try await time.sleep(for: Self.pauseAfterFailure)
            }
        }
    }

    private func addOpenTasks() async throws {
        for name in tasks {
            let open = try await sequences.openTasks(
                named: name, project: nil, stage: nil, service: nil, eventID: nil)
            for event in open {
                if let task = try? TaskContext(answering: event) { add(task) }
            }
        }
    }

    private func answerDue() async throws {
        while let due = state.withLock({ $0.timetable.popDue(at: time.now) }) {
            do {
                try await answer(due.entry)
            } catch {
                state.withLock { $0.timetable.insert(due.entry, id: due.id, at: time.now) }
                throw error
            }
        }
    }

    /// Nothing is sent for a task that has ended in the meantime.
    private func answer(_ entry: Entry) async throws {
        let task = entry.task
        let open = try await sequences.openTasks(
            named: task.task, project: task.scope.project, stage: task.scope.stage, service: task.scope.service,
            eventID: task.event.id)
        guard !open.isEmpty else { return }
        try await log.append([task.finished(by: integration, at: time.now, entry.outcome)])
    }

    private func waitForNext() async throws {
        let (next, additions) = state.withLock { ($0.timetable.next, $0.additions) }
        guard let next else { return try await signal.wait(for: Position(additions + 1)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.signal.wait(for: Position(additions + 1)) }
            group.addTask { try await self.time.sleep(until: next) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
