import CloudEvents
import Core
import KeptnModel
package import Ports
import Testing

extension StoreContract {
    private static let orders = Scope(project: "sockshop", stage: "dev", service: "orders")
    private static let elsewhere = Scope(project: "other", stage: "prod", service: "carts")

    package static func openExecutionsAreFound(_ store: any Store) async throws {
        #expect(try await store.scopesWithOpenExecutions().isEmpty)
        let late = try execution("late", at: 9)
        let early = try execution("early", at: 1, state: .waiting, task: "test", deadline: time + .seconds(3))
        try await save(late, early, execution("done", at: 2, state: .finished), in: store)
        try await save(execution("o", in: orders), execution("e", in: elsewhere, state: .paused), in: store)
        for state in SequenceExecution.State.allCases where !state.isOpen {
            try await save(
                execution("gone \(state)", in: Scope(project: "p", stage: "s", service: "s"), state: state), in: store)
        }
        #expect(
            try await store.openExecutions(in: place)
                == [StoredExecution(execution: early, version: 1), StoredExecution(execution: late, version: 1)])
        #expect(try await store.scopesWithOpenExecutions() == [elsewhere, place, orders])
        try await save(execution("o", in: orders, state: .aborted), expecting: 1, in: store)
        #expect(try await store.openExecutions(in: orders).isEmpty)
        #expect(try await store.scopesWithOpenExecutions() == [elsewhere, place])
    }

    package static func executionsOfOneInstantKeepTheirOrder(_ store: any Store) async throws {
        for id in ["z", "a", "m"] { try await save(execution(id), in: store) }
        try await save(execution("z", state: .waiting), expecting: 1, in: store)
        #expect(try await store.openExecutions(in: place).map(\.execution.id) == ["z", "a", "m"])
    }

    package static func wakingIsKnown(_ store: any Store) async throws {
        #expect(try await store.nextWake() == nil)
        #expect(try await store.scopesDue(at: time).isEmpty)
        let (soon, later) = (time + .seconds(10), time + .seconds(20))
        try await save(execution("a", task: "test", deadline: later), in: store)
        try await save(execution("b", in: orders, task: "test", deadline: soon), execution("c"), in: store)
        #expect(try await store.nextWake() == soon)
        #expect(try await store.scopesDue(at: soon - .nanoseconds(1)).isEmpty)
        #expect(try await store.scopesDue(at: soon) == [orders])
        #expect(try await store.scopesDue(at: later) == [place, orders])
        try await save(execution("b", in: orders, state: .timedOut), expecting: 1, in: store)
        #expect(try await store.nextWake() == later)
        #expect(try await store.scopesDue(at: later) == [place])
    }

    package static func pausesAreMarked(_ store: any Store) async throws {
        func mark(_ stage: String?, _ isPaused: Bool) async throws {
            let change = PauseChange(project: "sockshop", context: "c", stage: stage, isPaused: isPaused)
            try await store.commit(Transaction(pauses: [change]))
        }
        func paused() async throws -> [Bool] {
            var answers: [Bool] = []
            for stage in ["dev", "prod"] {
                answers.append(try await store.isPaused(project: "sockshop", context: "c", stage: stage))
            }
            return answers
        }
        #expect(try await paused() == [false, false])
        #expect(try await store.pausedContexts().isEmpty)
        try await mark("dev", true)
        #expect(try await paused() == [true, false])
        #expect(try await store.pausedContexts() == ["c"])
        try await mark(nil, true)
        #expect(try await paused() == [true, true])
        try await mark("dev", false)
        #expect(try await paused() == [false, true])
        try await mark(nil, true)
        #expect(try await paused() == [true, true])
        try await mark(nil, false)
        #expect(try await paused() == [false, false])
        #expect(try await store.pausedContexts().isEmpty)
        try await mark(nil, true)
        #expect(try await !store.isPaused(project: "sockshop", context: "another", stage: "dev"))
        #expect(try await !store.isPaused(project: "other", context: "c", stage: "dev"))
    }

    package static func openTasksAreFound(_ store: any Store) async throws {
        let type = "sh.keptn.event.test.triggered"
        try await store.append([
            event("task-a", type: type), event("task-b", type: type), event("task-a"), event("task-c", type: type),
            event("task-d", type: "sh.keptn.event.deployment.triggered"), event("task-e", type: type),
        ])
        // Oldest first is the order of the events, not that of the executions.
        try await save(execution("b", in: orders, at: 1, task: "test"), execution("a", at: 2, task: "test"), in: store)
        try await save(execution("c", in: elsewhere, task: "test"), execution("d", task: "deployment"), in: store)
        try await save(execution("e", state: .finished, task: "test"), execution("f", state: .waiting), in: store)
        func found(
            _ task: String = "test", _ project: String? = nil, _ stage: String? = nil, _ service: String? = nil,
            id: String? = nil
        ) async throws -> [String] {
            try await store.openTasks(named: task, project: project, stage: stage, service: service, eventID: id).map(
                \.id)
        }
        #expect(try await found() == ["task-a", "task-b", "task-c"])
        #expect(try await found("deployment") == ["task-d"])
        #expect(try await found("release").isEmpty)
        #expect(try await found("test", "sockshop") == ["task-a", "task-b"])
        #expect(try await found("test", nil, "prod") == ["task-c"])
        #expect(try await found("test", "sockshop", "dev", "orders") == ["task-b"])
        #expect(try await found("test", "", "", "") == ["task-a", "task-b", "task-c"])
        #expect(try await found(id: "task-b") == ["task-b"])
        #expect(try await found(id: "task-d").isEmpty)
        try await save(execution("a", at: 2, state: .finished), expecting: 1, in: store)
        #expect(try await found("test", "sockshop") == ["task-b"])
    }

    package static func aProjectCanBeForgotten(_ store: any Store) async throws {
        try await store.append([event("a")])
        try await save(execution("x"), execution("y", in: elsewhere), in: store)
        let pauses = ["sockshop", "other"].map {
            PauseChange(project: $0, context: "context", stage: nil, isPaused: true)
        }
        try await store.commit(Transaction(pauses: pauses))
        try await store.deleteProject("sockshop")
        #expect(try await store.openExecutions(in: place).isEmpty)
        #expect(try await store.runs(RunQuery(project: "sockshop")).total == 0)
        #expect(try await !store.isPaused(project: "sockshop", context: "context", stage: "dev"))
        #expect(try await store.scopesWithOpenExecutions() == [elsewhere])
        #expect(try await store.isPaused(project: "other", context: "context", stage: "prod"))
        #expect(ids(try await store.events(after: .start, limit: 10)) == ["a"])
        await #expect(throws: StoreConflict.self) { try await save(execution("x"), expecting: 1, in: store) }
        try await save(execution("x"), in: store)
    }

    // MARK: - Runs

    /// A filter, and the contexts of the runs that it finds in the sample, newest first.
    package struct RunCase: Sendable, CustomTestStringConvertible {
        package let testDescription: String
        let query: RunQuery
        let found: [String]

        init(_ name: String, _ found: [String], _ change: (inout RunQuery) -> Void) {
            testDescription = name
            self.found = found
            var query = RunQuery(project: "sockshop")
            change(&query)
            self.query = query
        }
    }

    package static let runCases: [RunCase] = [
        RunCase("all of a project", ["d", "c", "b", "a"]) { _ in },
        RunCase("another project", ["a"]) { $0.project = "other" },
        RunCase("an unknown project", []) { $0.project = "nobody" },
        RunCase("name of the first sequence", ["b", "a"]) { $0.name = "delivery" },
        RunCase("name of a later sequence only", []) { $0.name = "rollback" },
        RunCase("contexts", ["d", "a"]) { $0.contexts = ["a", "d", "unknown"] },
        RunCase("stage", ["a"]) { $0.stage = "staging" },
        RunCase("service", ["c"]) { $0.service = "orders" },
        RunCase("stage and service of different executions", []) { ($0.stage, $0.service) = ("staging", "orders") },
        RunCase("after the first execution of a", ["d", "c", "b"]) { $0.from = time + .seconds(10) },
        RunCase("before the first execution of c", ["b", "a"]) { $0.before = time + .seconds(30) },
        RunCase("started", ["b"]) { $0.states = [.started] },
        RunCase("waiting, beside something livelier", ["b"]) { $0.states = [.waiting] },
        RunCase("finished last", ["a"]) { $0.states = [.finished] },
        RunCase("timed out last", ["c"]) { $0.states = [.timedOut] },
        RunCase("aborted last; not where something is open", ["d"]) { $0.states = [.aborted] },
        RunCase("several states", ["c", "b", "a"]) { $0.states = [.started, .finished, .timedOut] },
        RunCase("no such state", []) { $0.states = [.paused] },
        RunCase("state and stage", ["a"]) { ($0.states, $0.stage) = ([.finished], "staging") },
        RunCase("empty means any", ["d", "c", "b", "a"]) { ($0.name, $0.stage, $0.service) = ("", "", "") },
    ]

    package static func runsAreFound(_ cases: [RunCase], in store: any Store) async throws {
        let staging = Scope(project: "sockshop", stage: "staging", service: "carts")
        // The first execution of a run may be stored after a later one.
        try await save(
            execution("a2", in: staging, context: "a", name: "rollback", at: 15, state: .finished), in: store)
        try await save(
            execution("a1", context: "a", at: 10, state: .timedOut),
            execution("b1", context: "b", at: 20, state: .finished), execution("b2", context: "b", at: 21),
            execution("b3", context: "b", at: 22, state: .waiting),
            execution("b4", context: "b", at: 23, state: .aborted),
            execution("c1", in: orders, context: "c", name: "evaluation", at: 30, state: .timedOut),
            execution("d1", context: "d", name: "evaluation", at: 40, state: .aborted),
            execution("other", in: elsewhere, context: "a", at: 5), in: store)
        for one in cases {
            let page = try await store.runs(one.query)
            #expect(page.runs.map(\.context) == one.found, "\(one.testDescription)")
            #expect(page.total == one.found.count, "\(one.testDescription)")
            for (offset, limit) in [(0, 1), (1, 2), (2, 0), (9, 9)] {
                var query = one.query
                (query.offset, query.limit) = (offset, limit)
                let page = try await store.runs(query)
                let expected = one.found.dropFirst(offset).prefix(limit == 0 ? 100 : limit)
                #expect(page.runs.map(\.context) == Array(expected), "\(one.testDescription) from \(offset), \(limit)")
                #expect(page.total == one.found.count, "\(one.testDescription) from \(offset), \(limit)")
            }
        }
        let runs = try await store.runs(RunQuery(project: "sockshop")).runs
        #expect(runs.map { $0.executions.map(\.id) } == [["d1"], ["c1"], ["b1", "b2", "b3", "b4"], ["a1", "a2"]])
        #expect(runs.map(\.state) == [.aborted, .timedOut, .started, .finished])
        #expect(
            runs[1].executions == [
                try execution("c1", in: orders, context: "c", name: "evaluation", at: 30, state: .timedOut)
            ])
    }
}
