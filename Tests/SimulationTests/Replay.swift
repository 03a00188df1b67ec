import CloudEvents
import Core
import KeptnModel
import Ports
import ShipyardService

/// Everything in the log, and what of it came from the shipyard service.
struct LogView {
    private var events: [RecordedEvent] = []
    private var identities: Set<String> = []
    /// Task events by their id.
    private(set) var tasks: [String: RecordedEvent] = [:]
    /// The triggers of the sequences that have ended.
    private(set) var sequenceEnds: [String] = []
    /// `CONTEXT STAGE.SEQUENCE` of each sequence that follows another.
    private(set) var followers: [String] = []

    var end: Position { events.last?.position ?? .start }

    func contains(_ id: String, _ source: String) -> Bool { identities.contains("\(source) \(id)") }

    func events(after position: Position, upTo end: Position) -> ArraySlice<RecordedEvent> {
        let first = events.firstIndex { $0.position > position } ?? events.endIndex
        return events[first...].prefix { $0.position <= end }
    }

    mutating func read(on new: [RecordedEvent]) throws {
        for recorded in new {
            guard identities.insert("\(recorded.event.source) \(recorded.event.id)").inserted else {
                throw Violation("event \(recorded.event.id) is in the log twice")
            }
            events.append(recorded)
            guard recorded.event.source == SequenceMachine.source else { continue }
            switch recorded.facts.type {
            case .task(_, .triggered)?: tasks[recorded.event.id] = recorded
            case .sequence(_, _, .finished)?: sequenceEnds.append(recorded.facts.triggeredID ?? "")
            case .sequence(let stage, let name, .triggered)?:
                followers.append("\(recorded.facts.context ?? "") \(stage).\(name)")
            default: throw Violation("the shipyard service has sent \(recorded.event.type)")
            }
        }
    }
}

/// What the handled part of the log says.
struct Replay {
    struct Answer {
        let isStart: Bool
        let event: RecordedEvent
    }

    private(set) var end = Position.start
    private(set) var triggers: [String: RecordedEvent] = [:]
    private(set) var answers: [String: [Answer]] = [:]
    /// The newest abort of each context.
    private(set) var aborts: [String: Position] = [:]
    private var pausedContexts: [String: Bool] = [:]
    /// By `CONTEXT STAGE`; newer than the one of the context.
    private var pausedStages: [String: Bool] = [:]

    /// Returns the contexts that somebody has paused, resumed or aborted.
    mutating func read(_ events: ArraySlice<RecordedEvent>) -> Set<String> {
        var controlled: Set<String> = []
        for recorded in events {
            end = recorded.position
            let id = recorded.facts.triggeredID ?? ""
            switch recorded.facts.type {
            case .sequence(_, _, .triggered)?: triggers[recorded.event.id] = recorded
            case .task(_, .started)?: answers[id, default: []].append(Answer(isStart: true, event: recorded))
            case .task(_, .finished)?: answers[id, default: []].append(Answer(isStart: false, event: recorded))
            case nil where recorded.event.type == ShipyardService.controlType:
                control(recorded)
                controlled.insert(recorded.facts.context ?? "")
            default: break
            }
        }
        return controlled
    }

    private mutating func control(_ recorded: RecordedEvent) {
        guard let context = recorded.facts.context else { return }
        let command = recorded.event.json?["state"]?.stringValue
        if let stage = recorded.facts.stage {
            pausedStages["\(context) \(stage)"] = command == "pause"
        } else {
            pausedStages = pausedStages.filter { !$0.key.hasPrefix("\(context) ") }
            pausedContexts[context] = command == "pause"
            if command == "abort" { aborts[context] = recorded.position }
        }
    }

    func isPaused(_ execution: SequenceExecution) -> Bool {
        pausedStages["\(execution.context) \(execution.scope.stage)"] ?? pausedContexts[execution.context] ?? false
    }
}

/// Keptn's rules once more (K §2.3.4, §2.3.5), written for reading and not for speed.
enum Reference {
    struct Verdict {
        var isDone = false
        var started = 0
        var data: [JSON] = []
        var result = KeptnResult.pass
        var status = KeptnStatus.succeeded
    }

    /// What a task's answers amount to; those that came after it was done do not count.
    static func verdict(of answers: [Replay.Answer]) -> Verdict {
        var verdict = Verdict()
        var results: Set<String> = []
        var statuses: Set<String> = []
        for answer in answers where !verdict.isDone {
            if answer.isStart {
                verdict.started += 1
            } else {
                verdict.data.append(answer.event.event.json ?? .emptyObject)
                results.insert(answer.event.facts.result ?? "")
                statuses.insert(answer.event.facts.status ?? "")
            }
            verdict.isDone = verdict.started == verdict.data.count && verdict.started > 0
        }
        if results.contains("warning") { verdict.result = .warning }
        if !results.isSubset(of: ["pass", "warning"]) { verdict.result = .fail }
        if statuses.contains("errored") {
            verdict.status = .errored
        } else if statuses.contains("aborted") {
            verdict.status = .aborted
        } else if statuses != ["succeeded"] {
            verdict.status = .unknown
            verdict.result = .fail
        }
        return verdict
    }

    /// `STAGE.SEQUENCE` of each sequence that starts after this one.
    static func followers(of execution: SequenceExecution) -> Set<String> {
        guard execution.state == .finished, let result = execution.outcome?.result else { return [] }
        let last = execution.finishedTasks.last?.name ?? ""
        return Set(
            execution.definition.followers.filter { follower in
                if follower.match.isEmpty { return result == .pass || result == .warning }
                return [follower.match["result"], follower.match["\(last).result"]].contains(result.rawValue)
            }.map { "\($0.stage).\($0.sequence)" })
    }
}
