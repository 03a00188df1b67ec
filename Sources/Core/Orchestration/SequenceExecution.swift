package import CloudEvents
package import KeptnModel

/// One run of one sequence in one stage for one service: the unit that is stored.
package struct SequenceExecution: Sendable, Hashable {
    package let id: String
    package let scope: Scope
    package let context: String
    /// The id of the `STAGE.SEQUENCE.triggered` event; what the final event answers.
    package let triggeredID: String
    package let triggeredAt: Timestamp
    package let gitCommitID: String?
    package let labels: JSON?
    /// Copied when the sequence was triggered; later edits of the shipyard do not reach a running sequence.
    package let definition: SequenceDefinition

    package internal(set) var state: State
    /// The merged `data` that the next task gets: the trigger's input and what each finished task added.
    package internal(set) var payload: JSON
    package internal(set) var task: TaskRun?
    package internal(set) var finishedTasks: [FinishedTask]
    /// Why the execution ends, as passed, as soon as its running task has ended; nil while it goes on.
    package internal(set) var ending: String?
    /// Set when the execution is over.
    package internal(set) var outcome: Outcome?
    package internal(set) var finishedAt: Timestamp?

    /// Keptn's state strings (K §2.3.1).
    package enum State: String, Sendable, Codable, CaseIterable {
        case triggered, waiting, started, waitingForApproval, paused, finished, aborted, timedOut

        package var isOpen: Bool {
            switch self {
            case .triggered, .waiting, .started, .waitingForApproval, .paused: true
            case .finished, .aborted, .timedOut: false
            }
        }
    }

    /// The task whose turn it is.
    package struct TaskRun: Sendable, Hashable {
        package var index: Int
        package var name: String
        package var phase: Phase
        /// One entry for each `.started` event, in order.
        package var started: [Executor] = []
        package var answers: [Answer] = []

        package enum Phase: Sendable, Hashable {
            /// Held back by `triggeredAfter`.
            case delayed(until: Timestamp)
            /// Its turn has come, but the execution is paused.
            case held
            /// The triggered event is out.
            case sent(eventID: String, at: Timestamp, deadline: Timestamp?)
        }
    }

    package struct Executor: Sendable, Hashable {
        package var source: String
        package var at: Timestamp
    }

    /// What one executor answered with `.finished`.
    package struct Answer: Sendable, Hashable {
        package var source: String
        package var result: KeptnResult?
        package var status: KeptnStatus?
        package var message: String
        package var data: JSON
    }

    package struct FinishedTask: Sendable, Hashable {
        package var name: String
        package var eventID: String
        package var outcome: Outcome
        package var finishedAt: Timestamp
    }

    package struct Outcome: Sendable, Hashable {
        package var result: KeptnResult
        package var status: KeptnStatus
        package var message: String

        package init(result: KeptnResult, status: KeptnStatus, message: String = "") {
            self.result = result
            self.status = status
            self.message = message
        }
    }

    package init(
        id: String, trigger: SequenceTrigger, definition: SequenceDefinition, gitCommitID: String?, state: State
    ) {
        self.id = id
        self.scope = trigger.scope
        self.context = trigger.context
        self.triggeredID = trigger.eventID
        self.triggeredAt = trigger.at
        self.gitCommitID = gitCommitID
        self.labels = trigger.data["labels"].flatMap { $0.kind == .object ? $0 : nil }
        self.definition = definition
        self.state = state
        self.payload = trigger.data
        self.finishedTasks = []
    }

    /// The task event that executors may answer now; nil while nothing is out.
    package var openTask: (name: String, eventID: String)? {
        guard let task, case .sent(let eventID, _, _) = task.phase, state.isOpen else { return nil }
        return (task.name, eventID)
    }

    /// When time alone will change this execution: a delay that ends or a deadline that passes; nil when only events
    /// can. From this one value the shell knows all its timers, so none can be lost.
    package var wakeAt: Timestamp? {
        guard state.isOpen, let task else { return nil }
        switch task.phase {
        case .delayed(let until): return state == .started ? until : nil
        case .held: return nil
        case .sent(_, _, let deadline): return deadline
        }
    }
}

/// What a sequence consists of, taken from the shipyard at the commit of its trigger.
package struct SequenceDefinition: Sendable, Hashable {
    package var name: String
    package var tasks: [Shipyard.Task]
    /// The sequences that may start when this one has finished.
    package var followers: [Follower]

    package struct Follower: Sendable, Hashable {
        package var stage: String
        package var sequence: String
        /// The selector's `match`; empty stands for result pass or warning.
        package var match: [String: String]

        package init(stage: String, sequence: String, match: [String: String]) {
            self.stage = stage
            self.sequence = sequence
            self.match = match
        }
    }

    package init(name: String, tasks: [Shipyard.Task], followers: [Follower]) {
        self.name = name
        self.tasks = tasks
        self.followers = followers
    }
}

/// A `STAGE.SEQUENCE.triggered` event, as far as the machine needs it.
package struct SequenceTrigger: Sendable, Hashable {
    package var eventID: String
    package var scope: Scope
    package var sequence: String
    package var context: String
    package var at: Timestamp
    package var data: JSON

    package init(
        eventID: String, scope: Scope, sequence: String, context: String, at: Timestamp, data: JSON
    ) {
        self.eventID = eventID
        self.scope = scope
        self.sequence = sequence
        self.context = context
        self.at = at
        self.data = data
    }
}
