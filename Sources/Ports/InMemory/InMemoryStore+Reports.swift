package import CloudEvents
import Core
import KeptnModel
import Synchronization

extension InMemoryStore: EventReports {
    package func counts(from: Timestamp, to: Timestamp, project wanted: String?) async throws -> [EventCount] {
        var counts: [EventCount: Int] = [:]
        for recorded in state.withLock({ $0.events }) {
            guard let time = recorded.event.time, time >= from, time < to, let project = recorded.facts.project.wanted,
                (wanted ?? project) == project, let service = recorded.facts.service.wanted
            else { continue }
            let kind = EventCount(
                project: project, service: service, type: recorded.event.type, source: recorded.event.source, count: 0)
            counts[kind, default: 0] += 1
        }
        return counts.map { kind, count in
            var counted = kind
            counted.count = count
            return counted
        }.sorted { ($0.project, $0.service, $0.type, $0.source) < ($1.project, $1.service, $1.type, $1.source) }
    }

    package func latestEvents(
        in project: String, stage: String?, services: [String]
    ) async throws -> [LatestEvent] {
        let events = state.withLock { state in
            let start = state.deletions[project] ?? .start
            return state.events.filter { $0.position > start && $0.facts.project == project }.reversed().filter {
                (stage.wanted == nil || stage == $0.facts.stage)
                    && (services.isEmpty || services.contains($0.facts.service ?? ""))
            }
        }
        var latest: [LatestEvent] = []
        for recorded in events {
            let (facts, event) = (recorded.facts, recorded.event)
            let unfailedContext = facts.result == "fail" ? nil : facts.context
            let known = latest.firstIndex {
                $0.type == event.type && $0.stage ?? "" == facts.stage ?? "" && $0.service ?? "" == facts.service ?? ""
            }
            if let known {
                latest[known].unfailedContext = latest[known].unfailedContext ?? unfailedContext
            } else {
                latest.append(
                    LatestEvent(
                        stage: facts.stage, service: facts.service, type: event.type, id: event.id,
                        context: facts.context, time: event.time, unfailedContext: unfailedContext, project: project,
                        result: facts.result))
            }
        }
        return latest
    }

    package func stageReports(of contexts: [String], in project: String) async throws -> [StageReport] {
        let events = state.withLock { $0.events }.reversed().filter {
            $0.facts.project == project && $0.facts.stage.wanted != nil && contexts.contains($0.facts.context ?? "")
        }
        func told(_ recorded: RecordedEvent) -> StageReport.Event {
            StageReport.Event(id: recorded.event.id, type: recorded.event.type, time: recorded.event.time)
        }
        return Dictionary(grouping: events) { [$0.facts.context ?? "", $0.facts.stage ?? ""] }.map { place, events in
            StageReport(
                context: place[0], stage: place[1], latest: told(events[0]),
                latestFailed: events.first { $0.facts.result == "fail" }.map(told),
                evaluation: events.first { $0.event.type == StageReport.evaluationType }?.event.json)
        }
    }

    package func openRequests(_ query: OpenRequestQuery) async throws -> [CloudEvent] {
        let events = state.withLock { $0.events }
        let finished = EventType.task(name: query.task, kind: .finished).text
        let answered = Set(events.filter { $0.event.type == finished }.compactMap(\.facts.triggeredID))
        func fits(_ wanted: String?, _ value: String?) -> Bool { wanted.wanted == nil || wanted == value }
        return events.filter { recorded in
            recorded.event.type == EventType.task(name: query.task, kind: .triggered).text
                && recorded.event.source != SequenceMachine.source && (recorded.event.time ?? query.since) > query.since
                && fits(query.id, recorded.event.id) && fits(query.project, recorded.facts.project)
                && fits(query.stage, recorded.facts.stage) && fits(query.service, recorded.facts.service)
                && !answered.contains(recorded.event.id)
        }.map(\.event)
    }
}
