package import CloudEvents
import Core
package import KeptnModel
import Synchronization

extension InMemoryStore {
    package func events(_ query: EventQuery) async throws -> [RecordedEvent] { try await page(query).events }

    package func page(_ query: EventQuery) async throws -> EventPage {
        state.withLock { state in
            let matching = state.events.reversed().filter { state.matches($0, query) }
            return EventPage(
                events: Array(matching.dropFirst(max(query.offset, 0)).prefix(max(query.limit, 0))),
                total: matching.count)
        }
    }

    package func openExecutions(in scope: Scope) async throws -> [StoredExecution] {
        open { $0.scope == scope }
    }

    package func scopesWithOpenExecutions() async throws -> [Scope] {
        Self.places(of: open { _ in true })
    }

    package func scopesDue(at instant: Timestamp) async throws -> [Scope] {
        Self.places(of: open { ($0.wakeAt ?? instant + .nanoseconds(1)) <= instant })
    }

    package func nextWake() async throws -> Timestamp? {
        open { $0.wakeAt != nil }.compactMap(\.execution.wakeAt).min()
    }

    package func isPaused(project: String, context: String, stage: String) async throws -> Bool {
        state.withLock { state in
            state.pauses[PauseMark(project: project, context: context, stage: stage)]
                ?? state.pauses[PauseMark(project: project, context: context, stage: nil)] ?? false
        }
    }

    package func pausedContexts() async throws -> Set<String> {
        state.withLock { state in Set(state.pauses.filter(\.value).map(\.key.context)) }
    }

    package func openTasks(
        named task: String, project: String?, stage: String?, service: String?, eventID: String?
    ) async throws -> [CloudEvent] {
        let tasks = open { execution in
            guard let open = execution.openTask, open.name == task else { return false }
            return (eventID.wanted ?? open.eventID) == open.eventID
                && (project.wanted ?? execution.scope.project) == execution.scope.project
                && (stage.wanted ?? execution.scope.stage) == execution.scope.stage
                && (service.wanted ?? execution.scope.service) == execution.scope.service
        }
        let ids = Set(tasks.compactMap(\.execution.openTask?.eventID))
        let type = EventType.task(name: task, kind: .triggered).text
        return state.withLock { state in
            state.events.map(\.event).filter { $0.type == type && ids.contains($0.id) }
        }
    }

    package func deleteProject(_ project: String) async throws {
        state.withLock { state in
            state.executions = state.executions.filter { $0.value.stored.execution.scope.project != project }
            state.pauses = state.pauses.filter { $0.key.project != project }
            state.deletions[project] = state.events.last?.position
        }
    }

    package func runs(_ query: RunQuery) async throws -> RunPage {
        let rows = state.withLock { state in
            state.executions.values.filter { $0.stored.execution.scope.project == query.project }
                .sorted(by: Self.isOlder)
        }
        var runs: [SequenceRun] = []
        var numbers: [String: Int] = [:]
        for row in rows {
            let context = row.stored.execution.context
            if let number = numbers[context] {
                runs[number].executions.append(row.stored.execution)
            } else {
                numbers[context] = runs.count
                runs.append(SequenceRun(context: context, executions: [row.stored.execution]))
            }
        }
        let matching = runs.reversed().filter { $0.matches(query) }
        let limit = query.limit == 0 ? matching.count : query.limit
        return RunPage(
            runs: Array(matching.dropFirst(max(query.offset, 0)).prefix(max(limit, 0))), total: matching.count)
    }

    /// The open executions of this kind, oldest first.
    private func open(_ isIncluded: (SequenceExecution) -> Bool) -> [StoredExecution] {
        state.withLock { state in
            state.executions.values.filter { $0.stored.execution.state.isOpen && isIncluded($0.stored.execution) }
                .sorted(by: Self.isOlder).map(\.stored)
        }
    }

    private static func isOlder(_ left: ExecutionRow, _ right: ExecutionRow) -> Bool {
        (left.stored.execution.triggeredAt, left.number) < (right.stored.execution.triggeredAt, right.number)
    }

    private static func places(of executions: [StoredExecution]) -> [Scope] {
        Set(executions.map(\.execution.scope))
            .sorted { ($0.project, $0.stage, $0.service) < ($1.project, $1.stage, $1.service) }
    }
}

extension InMemoryStore.Snapshot {
    fileprivate func matches(_ recorded: RecordedEvent, _ query: EventQuery) -> Bool {
        let (event, facts) = (recorded.event, recorded.facts)
        func fits(_ wanted: String?, _ value: String?) -> Bool {
            wanted.wanted == nil || wanted == value
        }
        guard fits(query.id, event.id), fits(query.context, facts.context), fits(query.type, event.type),
            fits(query.project, facts.project), fits(query.stage, facts.stage), fits(query.service, facts.service),
            fits(query.source, event.source), fits(query.triggeredID, facts.triggeredID)
        else { return false }
        if !query.results.isEmpty {
            guard let result = facts.result, query.results.contains(result) else { return false }
        }
        if let from = query.from {
            guard let time = event.time, time > from else { return false }
        }
        if let before = query.before {
            guard let time = event.time, time < before else { return false }
        }
        if query.rootOnly, !roots.contains(recorded.position) { return false }
        if query.excludeInvalidated, let id = facts.triggeredID, invalidated.contains(id) { return false }
        return true
    }
}

extension SequenceRun {
    fileprivate func matches(_ query: RunQuery) -> Bool {
        guard let first = executions.first else { return false }
        if let name = query.name.wanted, first.definition.name != name { return false }
        if !query.contexts.isEmpty, !query.contexts.contains(context) { return false }
        if !query.results.isEmpty {
            guard let result, query.results.contains(result) else { return false }
        }
        if let from = query.from, first.triggeredAt <= from { return false }
        if let before = query.before, first.triggeredAt >= before { return false }
        let isInPlace = executions.contains {
            (query.stage.wanted ?? $0.scope.stage) == $0.scope.stage
                && (query.service.wanted ?? $0.scope.service) == $0.scope.service
        }
        guard isInPlace else { return false }
        guard !query.states.isEmpty else { return true }
        let states = executions.map(\.state)
        let isOpen = states.contains(where: \.isOpen)
        let shown = isOpen ? states.filter(\.isOpen) : states.suffix(1)
        return shown.contains(where: query.states.contains)
    }
}
