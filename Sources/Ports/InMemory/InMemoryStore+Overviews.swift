import CloudEvents
package import Core
import KeptnModel
import Synchronization

extension InMemoryStore: Overviews {
    package func openCounts(in projects: [String]) async throws -> [OpenCount] {
        var counts: [OpenCount: Int] = [:]
        for execution in executions(where: \.state.isOpen) where projects.contains(execution.scope.project) {
            let kind = OpenCount(
                project: execution.scope.project, stage: execution.scope.stage, sequence: execution.definition.name,
                state: execution.state, count: 0)
            counts[kind, default: 0] += 1
        }
        return counts.map { kind, count in
            var counted = kind
            counted.count = count
            return counted
        }.sorted {
            ($0.project, $0.stage, $0.sequence, $0.state.rawValue) < (
                $1.project, $1.stage, $1.sequence, $1.state.rawValue
            )
        }
    }

    package func open(_ query: OpenQuery) async throws -> OpenPage {
        let matching = executions { execution in
            execution.state.isOpen && query.projects?.contains(execution.scope.project) != false
                && (query.services.isEmpty || query.services.contains(execution.scope.service))
                && (query.task.wanted ?? execution.openTask?.name) == execution.openTask?.name
                && (query.sequence.wanted ?? execution.definition.name) == execution.definition.name
        }
        return OpenPage(
            executions: Array(matching.dropFirst(max(query.offset, 0)).prefix(max(query.limit, 0))),
            total: matching.count)
    }

    package func endedRemediations(in projects: [String], offset: Int, limit: Int) async throws -> RunPage {
        var runs: [SequenceRun] = []
        for project in projects {
            var query = RunQuery(project: project)
            query.name = "remediation"
            runs += try await self.runs(query).runs
        }
        let ended = runs.filter { run in !run.executions.contains { $0.state.isOpen } }
            .sorted { $0.executions[0].triggeredAt > $1.executions[0].triggeredAt }
        return RunPage(
            runs: Array(ended.dropFirst(max(offset, 0)).prefix(max(limit, 0))), total: ended.count)
    }

    package func runs(
        beginningWith context: String, in projects: [String], limit: Int
    ) async throws -> [SequenceExecution] {
        let all = executions { projects.contains($0.scope.project) && $0.context.hasPrefix(context) }
        var seen: Set<[String]> = []
        let first = all.filter { seen.insert([$0.scope.project, $0.context]).inserted }
        return Array(first.reversed().prefix(limit))
    }

    package func latestEvents(_ query: LatestEventQuery) async throws -> [LatestEvent] {
        var latest: [LatestEvent] = []
        for project in Set(query.projects) { latest += try await latestEvents(in: project) }
        return latest.filter { event in
            (query.types.isEmpty || query.types.contains(event.type))
                && (query.services.isEmpty || query.services.contains(event.service ?? ""))
        }.sorted { ($0.time ?? .init(seconds: 0)) > ($1.time ?? .init(seconds: 0)) }
    }

    package func latestResults(of type: String, in projects: [String]) async throws -> [ResultCount] {
        var query = LatestEventQuery(projects: projects)
        query.types = [type]
        var counts: [ResultCount: Int] = [:]
        for event in try await latestEvents(query) {
            guard let result = event.result, let stage = event.stage else { continue }
            counts[ResultCount(project: event.project, stage: stage, result: result, count: 0), default: 0] += 1
        }
        return counts.map { kind, count in
            ResultCount(project: kind.project, stage: kind.stage, result: kind.result, count: count)
        }.sorted { ($0.project, $0.stage, $0.result) < ($1.project, $1.stage, $1.result) }
    }

    /// Oldest first.
    private func executions(where isIncluded: (SequenceExecution) -> Bool) -> [SequenceExecution] {
        state.withLock { state in
            state.executions.values.filter { isIncluded($0.stored.execution) }
                .sorted {
                    ($0.stored.execution.triggeredAt, $0.number) < ($1.stored.execution.triggeredAt, $1.number)
                }.map(\.stored.execution)
        }
    }
}
