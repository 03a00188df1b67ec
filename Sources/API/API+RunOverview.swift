import CloudEvents
import Core
import KeptnModel
import Ports

extension API {
    /// A run as a timeline: its executions with their tasks, who worked on them and when, what an open one waits for,
    /// and its events in short.
    func runOverview(_ request: APIRequest) async throws -> APIResponse {
        let (project, context) = (request.parameter("project"), request.parameter("keptnContext"))
        var query = RunQuery(project: project)
        query.contexts = [context]
        guard let run = try await parts.store.runs(query).runs.first else {
            throw KeptnError(.notFound, "no sequence in project \(project) has the context \(context)")
        }
        var eventQuery = EventQuery()
        eventQuery.context = context
        eventQuery.project = project
        eventQuery.limit = RunTimeline.eventsMax
        let page = try await parts.store.page(eventQuery)
        let timeline = RunTimeline(run, events: page.events.reversed())
        var executions: [JSON] = []
        for execution in run.executions {
            executions.append(timeline.json(execution).setting("waitingFor", to: try await wait(of: execution)))
        }
        return .json(
            Self.summary(run).merging([
                "executions": .array(executions), "events": .array(timeline.events.map(RunTimeline.json)),
                "eventCount": .integer(page.total),
            ]))
    }

    private func wait(of execution: SequenceExecution) async throws -> JSON? {
        guard execution.state.isOpen else { return nil }
        let open = try await parts.store.openExecutions(in: execution.scope).map(\.execution)
        let machine = SequenceMachine(scope: execution.scope, open: open)
        return machine.waitReason(of: execution.id).map { reason in
            [
                "kind": .string(reason.kind.rawValue), "detail": .string(reason.detail),
                "since": reason.since.map { .string($0.rfc3339) }, "until": reason.until.map { .string($0.rfc3339) },
                "blockedBy": machine.blockers(of: execution.id).first.map { .string($0.context) },
            ]
        }
    }
}

/// What the events of a run tell about its tasks.
struct RunTimeline {
    /// The newest ones are looked at; a run has tens.
    static let eventsMax = 2000

    /// Oldest first.
    let events: [RecordedEvent]
    private let byID: [String: RecordedEvent]
    private let answers: [String: [RecordedEvent]]

    init(_ run: SequenceRun, events: [RecordedEvent]) {
        self.events = events
        byID = Dictionary(events.map { ($0.event.id, $0) }, uniquingKeysWith: { first, _ in first })
        answers = Dictionary(grouping: events.filter { $0.facts.triggeredID != nil }) { $0.facts.triggeredID ?? "" }
    }

    func json(_ execution: SequenceExecution) -> JSON {
        [
            "id": .string(execution.id), "stage": .string(execution.scope.stage),
            "name": .string(execution.definition.name), "service": .string(execution.scope.service),
            "state": .string(execution.state.rawValue), "triggeredID": .string(execution.triggeredID),
            "result": execution.outcome.map { .string($0.result.rawValue) },
            "status": execution.outcome.map { .string($0.status.rawValue) },
            "message": execution.outcome.map { .string($0.message) },
            "triggeredAt": .string(execution.triggeredAt.rfc3339),
            "finishedAt": execution.finishedAt.map { .string($0.rfc3339) },
            "commit": execution.gitCommitID.map { .string($0) }, "labels": execution.labels,
            "image": API.image(of: execution).map { .string($0) }, "tasks": .array(tasks(of: execution)),
        ]
    }

    // MARK: - Tasks

    private func tasks(of execution: SequenceExecution) -> [JSON] {
        var tasks = execution.finishedTasks.map { task in
            self.task(task.name, "finished", task.eventID).merging([
                "result": .string(task.outcome.result.rawValue), "status": .string(task.outcome.status.rawValue),
                "message": .string(task.outcome.message), "finishedAt": .string(task.finishedAt.rfc3339),
            ])
        }
        var next = execution.finishedTasks.count
        if let run = execution.task, execution.state.isOpen || run.index >= next {
            tasks.append(open(run, of: execution))
            next = run.index + 1
        }
        // What is still to come; of an ended one, what was never reached.
        tasks += execution.definition.tasks.dropFirst(next).map { ["name": .string($0.name), "phase": "planned"] }
        return tasks
    }

    private func open(_ run: SequenceExecution.TaskRun, of execution: SequenceExecution) -> JSON {
        switch run.phase {
        case .delayed(let until):
            ["name": .string(run.name), "phase": "delayed", "until": .string(until.rfc3339)]
        case .held: ["name": .string(run.name), "phase": "held"]
        case .sent(let id, let at, let deadline):
            task(run.name, execution.state.isOpen ? "open" : "given up", id).merging([
                "triggeredAt": .string(at.rfc3339), "until": deadline.map { .string($0.rfc3339) },
            ])
        }
    }

    private func task(_ name: String, _ phase: String, _ eventID: String) -> JSON {
        let own = answers[eventID] ?? []
        return [
            "name": .string(name), "phase": .string(phase), "triggeredID": .string(eventID),
            "triggeredAt": byID[eventID]?.event.time.map { .string($0.rfc3339) },
            "executors": .array(executors(own)),
        ]
    }

    /// Whoever started the task, each with how it ended. Who started twice is there twice.
    private func executors(_ answers: [RecordedEvent]) -> [JSON] {
        var finished = answers.filter { $0.event.type.hasSuffix(".finished") }
        var executors = answers.filter { $0.event.type.hasSuffix(".started") }.map { start -> JSON in
            let end = finished.firstIndex { $0.event.source == start.event.source }.map { finished.remove(at: $0) }
            return Self.executor(start.event.source, startedAt: start.event.time, end)
        }
        executors += finished.map { Self.executor($0.event.source, startedAt: nil, $0) }
        return executors
    }

    private static func executor(_ source: String, startedAt: Timestamp?, _ end: RecordedEvent?) -> JSON {
        [
            "source": .string(source), "startedAt": startedAt.map { .string($0.rfc3339) },
            "finishedAt": end?.event.time.map { .string($0.rfc3339) },
            "result": end?.facts.result.map { .string($0) }, "status": end?.facts.status.map { .string($0) },
            "message": end?.event.json?["message"],
        ]
    }

    // MARK: - Events

    static func json(_ recorded: RecordedEvent) -> JSON {
        let (event, facts) = (recorded.event, recorded.facts)
        func text(_ value: String?) -> JSON? { value.map { .string($0) } }
        return [
            "id": .string(event.id), "type": .string(event.type), "source": .string(event.source),
            "time": text(event.time?.rfc3339), "stage": text(facts.stage), "triggeredid": text(facts.triggeredID),
            "result": text(facts.result), "status": text(facts.status),
        ]
    }
}
