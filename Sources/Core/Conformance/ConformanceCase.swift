package import CloudEvents
import KeptnModel

/// What an integration is put through, in this order, when it is checked (`keptn test integration`).
package enum ConformanceCase: String, Sendable, CaseIterable {
    /// One task.
    case oneTask = "one task"
    /// Tasks of several runs at once.
    case sideBySide = "side by side"
    /// A payload that no integration can make sense of: it has to say so, and not to fall silent.
    case strangePayload = "strange payload"
    /// A task that is handed out a second time after it was done, as happens when a connection breaks.
    case handedOutAgain = "handed out again"
    /// A task whose sequence is aborted while it is worked on.
    case aborted = "aborted"
    /// One task again: it is still there.
    case afterwards

    /// How many tasks it takes.
    package var runs: Int { self == .sideBySide ? 3 : 1 }

    /// The data of a run's trigger.
    ///
    /// - Parameter data: Whatever the integration wants to find in it.
    package func data(_ data: JSON, task: String) -> JSON {
        guard self == .strangePayload else { return data }
        return data.setting(task, to: "no object").setting("configurationChange", to: [7])
            .setting("deployment", to: "no object either")
    }
}

/// What an integration owes for each task (Keptn spec 0.2.4, "cloudevents"; K §2.0).
package enum ConformanceDuty: String, Sendable, CaseIterable {
    /// Each source that works on it says so, once.
    case started
    /// Each source that has started ends exactly once.
    case finished
    /// Nobody ends before they have started.
    case order
    /// What answers a task is in its context and names its id.
    case correlation
    /// What answers a task names its project, stage and service.
    case scope
    /// The end says whether the work could be done, and how it went.
    case verdict
    /// What a case is about has taken place: without that it says little.
    case circumstance
}

/// A run in which one task was triggered, and all that came of it.
package struct ConformanceRun: Sendable {
    /// The task's `.triggered` event.
    package var triggered: CloudEvent
    /// The `.started` and `.finished` events of the task in its context, and those that name its id; in their order.
    package var answers: [CloudEvent]
    /// Why what the case is about did not take place; nil when it did.
    package var isUntested: String?

    package init(triggered: CloudEvent, answers: [CloudEvent], isUntested: String? = nil) {
        self.triggered = triggered
        self.answers = answers
        self.isUntested = isUntested
    }

    /// Nobody is expected to send anything more.
    package var isOver: Bool { !starts.isEmpty && starts.allSatisfy { ends[$0.key] != nil } }

    /// How many different events of a kind each source has sent to answer this task.
    private func count(_ kind: EventType.Kind) -> [String: Int] {
        let own = answers.filter { $0.eventType?.kind == kind && $0.triggeredID == triggered.id }
        return Dictionary(grouping: own, by: \.source).mapValues { Set($0.map(\.id)).count }
    }

    package var starts: [String: Int] { count(.started) }
    package var ends: [String: Int] { count(.finished) }
}

/// Whether an integration meets a duty in a case.
package struct ConformanceFinding: Sendable, Hashable {
    package enum Verdict: Sendable, Hashable {
        case met
        /// - Parameter reason: What it did, and what would have been right.
        case violated(reason: String)
        case untested(reason: String)
    }

    package var test: ConformanceCase
    package var duty: ConformanceDuty
    package var verdict: Verdict

    package init(_ test: ConformanceCase, _ duty: ConformanceDuty, _ verdict: Verdict) {
        self.test = test
        self.duty = duty
        self.verdict = verdict
    }

    package var isViolation: Bool { if case .violated = verdict { true } else { false } }
}
