import CloudEvents
import Core
import KeptnModel
import Logging
import Ports

/// The machine of one place with the versions that its executions are stored under.
struct Place: Sendable {
    var machine: SequenceMachine
    var versions: [String: Int]
}

/// What an abort has ended: everything of a context, or what it has in one stage.
struct AbortedRun: Hashable, Sendable {
    let context: String
    var stage: String?
}

/// What one turn has worked out so far and not yet committed.
struct Turn {
    let now: Timestamp
    /// Events up to here may have been emitted by turns before this one.
    private let emittedBefore: Position
    private(set) var places: [Scope: Place]
    /// The places of which nothing is known but that they have open executions.
    private(set) var unreadPlaces: Set<Scope>
    /// Contexts outside of which nothing is paused.
    private(set) var pausedContexts: Set<String>
    private var changed: [String: SequenceExecution] = [:]
    private var order: [String] = []
    private(set) var events: [CloudEvent] = []
    private(set) var pauses: [PauseChange] = []
    /// What was aborted, each with the last event that was emitted before anybody could know.
    private(set) var aborted: [AbortedRun: Position]
    /// What this turn aborts, each with how many events it had emitted by then; they have no positions yet.
    private var emittedAtAbort: [AbortedRun: Int] = [:]
    private var ignored: [String] = []
    /// Ends of tasks that nobody waits for.
    private(set) var orphans: [RecordedEvent] = []

    init(
        now: Timestamp, places: [Scope: Place], unreadPlaces: Set<Scope>, pausedContexts: Set<String>,
        emittedBefore: Position, aborted: [AbortedRun: Position]
    ) {
        self.now = now
        self.places = places
        self.unreadPlaces = unreadPlaces
        self.pausedContexts = pausedContexts
        self.emittedBefore = emittedBefore
        self.aborted = aborted
    }

    /// Takes a place out, so that it can be changed without being copied.
    mutating func take(_ scope: Scope) -> Place? { places.removeValue(forKey: scope) }

    mutating func put(_ place: Place, at scope: Scope) {
        places[scope] = place
        unreadPlaces.remove(scope)
    }

    mutating func note(_ pause: PauseChange) {
        pauses.append(pause)
        if pause.isPaused { pausedContexts.insert(pause.context) }
    }

    mutating func carryOut(_ effects: [SequenceEffect]) {
        for effect in effects {
            switch effect {
            case .save(let execution):
                if changed.updateValue(execution, forKey: execution.id) == nil { order.append(execution.id) }
            case .emit(let event): events.append(event)
            case .ignored(let reason): ignored.append(reason)
            }
        }
    }

    mutating func ignore(_ reason: String) { ignored.append(reason) }

    mutating func note(orphan: RecordedEvent) { orphans.append(orphan) }

    mutating func forget(project: String) {
        places = places.filter { $0.key.project != project }
        unreadPlaces = unreadPlaces.filter { $0.project != project }
        changed = changed.filter { $0.value.scope.project != project }
        order.removeAll { changed[$0] == nil }
    }

    /// Whether the task of this event is known to be open in this place.
    func isOpen(task eventID: String, in scope: Scope) -> Bool {
        places[scope]?.machine.executions.contains { $0.openTask?.eventID == eventID } ?? false
    }

    func places(of context: String) -> [Scope] {
        places.filter { $0.value.machine.executions.contains { $0.context == context } }.map(\.key)
    }

    mutating func noteAbort(_ run: AbortedRun) {
        aborted[run] = emittedBefore
        if !events.isEmpty { emittedAtAbort[run] = events.count }
    }

    /// Whether a run was aborted when nobody could know yet of its event at this position.
    func wasAborted(_ context: String, in stage: String, by position: Position) -> Bool {
        [nil, stage].contains { stage in
            aborted[AbortedRun(context: context, stage: stage)].map { position <= $0 } ?? false
        }
    }

    /// What was aborted, once the events of this turn have their positions.
    func aborted(emitted receipts: [Position]) -> [AbortedRun: Position] {
        aborted.merging(emittedAtAbort.compactMapValues { count in receipts.prefix(count).last }) { max($0, $1) }
    }

    /// Everything to store, versions as they were before.
    var transaction: Transaction {
        Transaction(
            events: events,
            executions: order.compactMap { id in
                changed[id].map {
                    ExecutionChange(execution: $0, expectedVersion: places[$0.scope]?.versions[id] ?? 0)
                }
            },
            pauses: pauses)
    }

    /// The places after the transaction: versions raised, those without open executions gone.
    var committedPlaces: [Scope: Place] {
        var result = places
        for execution in changed.values {
            if execution.state.isOpen {
                result[execution.scope]?.versions[execution.id, default: 0] += 1
            } else {
                result[execution.scope]?.versions[execution.id] = nil
            }
        }
        return result.filter { !$0.value.machine.executions.isEmpty }
    }

    /// The earliest timer of what this turn has changed.
    var nextWake: Timestamp? { changed.values.compactMap(\.wakeAt).min() }

    func report(to logger: Logger) {
        guard logger.logLevel <= .debug else { return }
        for reason in ignored { logger.debug("an event had no effect", metadata: ["reason": "\(reason)"]) }
        for execution in changed.values {
            let metadata: Logger.Metadata = [
                "keptn.project": "\(execution.scope.project)", "keptn.stage": "\(execution.scope.stage)",
                "keptn.service": "\(execution.scope.service)", "keptn.sequence": "\(execution.definition.name)",
                "keptn.context": "\(execution.context)", "keptn.state": "\(execution.state.rawValue)",
            ]
            logger.debug("a sequence changed", metadata: metadata)
        }
    }
}

extension ShipyardService {
    /// Lets the machine of a place decide and notes what follows. False when nothing does.
    @discardableResult
    func decide(_ input: SequenceInput, in scope: Scope, _ turn: inout Turn) async throws -> Bool {
        var place: Place
        if let known = turn.take(scope) {
            place = known
        } else {
            let stored = turn.unreadPlaces.contains(scope) ? try await store.openExecutions(in: scope) : []
            place = Place(
                machine: SequenceMachine(scope: scope, open: stored.map(\.execution)),
                versions: Dictionary(stored.map { ($0.execution.id, $0.version) }, uniquingKeysWith: { $1 }))
        }
        let ids = self.ids
        let effects = place.machine.handle(input, at: turn.now, deadlines: deadlines) { ids.newID() }
        turn.put(place, at: scope)
        turn.carryOut(effects)
        return !effects.allSatisfy { if case .ignored = $0 { true } else { false } }
    }
}
