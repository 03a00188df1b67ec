package import CloudEvents
package import Core
package import KeptnModel

/// An execution with the version that guards it against two writers. Versions begin at 1.
package struct StoredExecution: Sendable, Hashable {
    package var execution: SequenceExecution
    package var version: Int

    package init(execution: SequenceExecution, version: Int) {
        self.execution = execution
        self.version = version
    }
}

/// Writes an execution whose stored version is still the expected one (0: it must not exist yet) and raises the
/// version by one.
package struct ExecutionChange: Sendable, Hashable {
    package var execution: SequenceExecution
    package var expectedVersion: Int

    package init(execution: SequenceExecution, expectedVersion: Int) {
        self.execution = execution
        self.expectedVersion = expectedVersion
    }
}

/// Marks a context as paused, whole (`stage` nil) or in one stage, or takes the mark away. The latest change counts:
/// one for the whole context replaces those of its stages, and one for a stage is an exception from the whole.
package struct PauseChange: Sendable, Hashable {
    package var project: String
    package var context: String
    package var stage: String?
    package var isPaused: Bool

    package init(project: String, context: String, stage: String?, isPaused: Bool) {
        self.project = project
        self.context = context
        self.stage = stage
        self.isPaused = isPaused
    }
}

/// The stored executions of sequences. Written by `EventLog.commit` only.
package protocol SequenceStore: Sendable {
    /// The open executions of one service in one stage, oldest first.
    func openExecutions(in scope: Scope) async throws -> [StoredExecution]

    /// Every place that has open executions, sorted.
    func scopesWithOpenExecutions() async throws -> [Scope]

    /// The places with an execution whose `wakeAt` is not after the instant.
    func scopesDue(at instant: Timestamp) async throws -> [Scope]

    /// The earliest `wakeAt` of all open executions.
    func nextWake() async throws -> Timestamp?

    /// Whether a context is paused, whole or in this stage.
    func isPaused(project: String, context: String, stage: String) async throws -> Bool

    /// The contexts of which anything is paused.
    func pausedContexts() async throws -> Set<String>

    /// The `.triggered` events of tasks that wait for an executor's answer (K §2.3 `event/triggered`), oldest first.
    func openTasks(
        named task: String, project: String?, stage: String?, service: String?, eventID: String?
    ) async throws -> [CloudEvent]

    /// Forgets a project's executions and pauses; its events stay.
    func deleteProject(_ project: String) async throws

    /// Runs of sequences, newest first.
    func runs(_ query: RunQuery) async throws -> RunPage
}

/// All executions of one context: what Keptn calls a sequence state.
package struct SequenceRun: Sendable, Hashable {
    package var context: String
    /// In the order in which they were triggered; never empty.
    package var executions: [SequenceExecution]

    package init(context: String, executions: [SequenceExecution]) {
        self.context = context
        self.executions = executions
    }
}

/// Which runs; nil and empty mean any. Times are those of a run's first execution.
package struct RunQuery: Sendable, Hashable {
    package var project: String
    /// The name of the run's first sequence.
    package var name: String?
    /// Runs in whose overall state (`SequenceRun.state`) any of these appears.
    package var states: [SequenceExecution.State] = []
    package var contexts: [String] = []
    /// Runs whose result as a whole (`SequenceRun.result`) is one of these.
    package var results: [KeptnResult] = []
    package var stage: String?
    package var service: String?
    /// Strictly after.
    package var from: Timestamp?
    /// Strictly before.
    package var before: Timestamp?
    package var offset = 0
    /// 0: all of them.
    package var limit = 0

    package init(project: String) { self.project = project }
}

package struct RunPage: Sendable, Hashable {
    package var runs: [SequenceRun]
    /// How many runs match, on all pages.
    package var total: Int

    package init(runs: [SequenceRun], total: Int) {
        self.runs = runs
        self.total = total
    }
}
