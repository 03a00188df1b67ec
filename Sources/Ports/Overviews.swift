package import Core

/// What lists for people ask of the store: counted and cut there, so that they stay quick whatever the number of
/// services and events.
package protocol Overviews: Sendable {
    /// How many executions are open, by project, stage, state and sequence.
    func openCounts(in projects: [String]) async throws -> [OpenCount]

    /// Open executions, oldest first.
    func open(_ query: OpenQuery) async throws -> OpenPage

    /// Runs that began with the sequence `remediation` and have ended, of several projects, newest first.
    func endedRemediations(in projects: [String], offset: Int, limit: Int) async throws -> RunPage

    /// The first executions of the runs whose context begins with the text, newest first.
    func runs(beginningWith context: String, in projects: [String], limit: Int) async throws -> [SequenceExecution]

    /// The newest event of each of some types at each of some places, newest first.
    func latestEvents(_ query: LatestEventQuery) async throws -> [LatestEvent]

    /// How many places have which result in their newest event of a type.
    func latestResults(of type: String, in projects: [String]) async throws -> [ResultCount]
}

/// Places of one stage whose newest event has one result, counted.
package struct ResultCount: Sendable, Hashable {
    package var project: String
    package var stage: String
    package var result: String
    package var count: Int

    package init(project: String, stage: String, result: String, count: Int) {
        self.project = project
        self.stage = stage
        self.result = result
        self.count = count
    }
}

/// Open executions of one kind, counted.
package struct OpenCount: Sendable, Hashable {
    package var project: String
    package var stage: String
    package var sequence: String
    package var state: SequenceExecution.State
    package var count: Int

    package init(project: String, stage: String, sequence: String, state: SequenceExecution.State, count: Int) {
        self.project = project
        self.stage = stage
        self.sequence = sequence
        self.state = state
        self.count = count
    }
}

/// Which open executions; nil and empty mean any.
package struct OpenQuery: Sendable, Hashable {
    /// Nil for all projects.
    package var projects: [String]?
    package var services: [String] = []
    /// The task whose event is out.
    package var task: String?
    /// The name of the sequence.
    package var sequence: String?
    package var offset = 0
    package var limit = 20

    package init() {}
}

package struct OpenPage: Sendable, Hashable {
    package var executions: [SequenceExecution]
    /// How many match, on all pages.
    package var total: Int

    package init(executions: [SequenceExecution], total: Int) {
        self.executions = executions
        self.total = total
    }
}

/// Which events; empty means any.
package struct LatestEventQuery: Sendable, Hashable {
    package var projects: [String]
    package var types: [String] = []
    package var services: [String] = []

    package init(projects: [String]) { self.projects = projects }
}
