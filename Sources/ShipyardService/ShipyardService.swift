import CloudEvents
package import Core
import KeptnModel
package import Logging
package import Ports
import ServiceLifecycle

/// Runs the sequences: hears triggers, answers and control commands from the log, lets `SequenceMachine` decide, and
/// commits new state, new events and its own progress in one transaction.
///
/// One turn is always the same four steps:
/// 1. read the next events behind the last handled one,
/// 2. let the machine of each place decide,
/// 3. commit state, events and progress together,
/// 4. only then believe the new state.
/// A crash before 3 repeats the turn from the stored state; a crash after it finds everything done.
package actor ShipyardService: Service {
    /// The name under which its progress is stored.
    package static let subscription = "shipyard-service"
    /// Events that one turn takes at most.
    static let batchMax = 256
    /// So many events are looked at for one that concerns sequences: more than are passed over without a turn.
    private static let readAheadMax = Int(EventSignal.skippedMax) + batchMax
    /// Events without any effect after which progress is stored all the same.
    static let idleProgressMax: Int64 = 4096

    let store: any Store
    let configuration: any Configuration
    let time: any TimeSource
    let ids: any IDSource
    let deadlines: TaskDeadlines
    private let orphans: (any OrphanListener)?
    let logger: Logger

    /// Everything up to here is handled and committed, or had no effect.
    private var position: Position?
    private var storedPosition = Position.start
    /// The places with open executions, as they are stored; empty while a turn has them, and after a turn that failed.
    private var places: [Scope: Place] = [:]
    /// Behind this position nothing in the log comes from here.
    private var lastEmitted = Position.start
    /// What was aborted while events that it had caused were still to be read, each with the last of these.
    private var aborted: [AbortedRun: Position] = [:]
    /// Events up to here may come from an earlier life, whose aborts only the log remembers.
    private(set) var lastOfEarlierLife = Position.start
    /// The places whose open executions are stored and have not been needed yet.
    private var unreadPlaces: Set<Scope> = []
    /// The contexts of which anything is paused, or once was.
    private var pausedContexts: Set<String> = []
    private var alarm = Alarm.unknown
    private let signal = PositionSignal()

    package init(
        store: any Store, configuration: any Configuration, time: any TimeSource, ids: any IDSource,
        deadlines: TaskDeadlines = TaskDeadlines(), orphans: (any OrphanListener)? = nil, logger: Logger
    ) {
        self.store = store
        self.configuration = configuration
        self.time = time
        self.ids = ids
        self.deadlines = deadlines
        self.orphans = orphans
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.turnUntilCancelled() }
    }

    private func turnUntilCancelled() async {
        while !Task.isCancelled {
            do {
                if try await !turn() { try await waitForWork() }
            } catch is CancellationError {
                return
            } catch {
                logger.error("a turn failed and will be repeated", metadata: ["error.message": "\(error)"])
                try? await time.sleep(for: .seconds(1))
            }
        }
    }

    /// Handles the next events and whatever time has brought. False when there was nothing to do.
    @discardableResult
    package func turn() async throws -> Bool {
        do {
            let start = try await startPosition()
            let now = time.now
            let events = try await store.events(after: start, limit: Self.batchMax)
            // Time counts when everything that came before is heard: the answer may be in the rest of the log.
            let due = events.count < Self.batchMax ? try await placesDue(at: now) : []
            guard !events.isEmpty || !due.isEmpty else { return false }
            var turn = Turn(
                now: now, places: places, unreadPlaces: unreadPlaces, pausedContexts: pausedContexts,
                emittedBefore: lastEmitted, aborted: aborted)
            places = [:]
            for event in events { try await take(event, &turn) }
            for scope in due { try await decide(.timePassed, in: scope, &turn) }
            // Before the commit: after a crash they are heard of again.
            if !turn.orphans.isEmpty { try await orphans?.note(orphans: turn.orphans) }
            try await commit(turn, upTo: events.last?.position ?? start)
            return true
        } catch {
            forget()
            throw error
        }
    }

    /// Returns when everything up to the position is handled: for clients that read what they have just written. What
    /// does not concern sequences is not waited for: it is read together with the next event that does.
    package nonisolated func handled(_ position: Position) async throws {
        let known = signal.position
        guard known < position else { return }
        let events = try await store.events(after: known, limit: Self.readAheadMax)
        let isSeen = events.count < Self.readAheadMax
        let concern = events.last { $0.position <= position && Self.concerns($0) }?.position ?? known
        try await signal.wait(for: isSeen ? concern : position)
    }

    private func startPosition() async throws -> Position {
        if let position { return position }
        let stored = try await store.progress(of: Self.subscription)?.position ?? .start
        // Whatever an earlier life of this service has sent is there already.
        lastEmitted = try await store.head()
        lastOfEarlierLife = lastEmitted
        unreadPlaces = Set(try await store.scopesWithOpenExecutions())
        pausedContexts = try await store.pausedContexts()
        position = stored
        storedPosition = stored
        signal.advance(to: stored)
        return stored
    }

    private func placesDue(at now: Timestamp) async throws -> [Scope] {
        guard try await nextWake().map({ $0 <= now }) ?? false else { return [] }
        alarm = .unknown
        return try await store.scopesDue(at: now)
    }

    /// The earliest timer. Timers that were taken away in the meantime may make it too early, never too late.
    private func nextWake() async throws -> Timestamp? {
        if case .at(let wake) = alarm { return wake }
        let wake = try await store.nextWake()
        alarm = .at(wake)
        return wake
    }

    private func waitForWork() async throws {
        let start = try await startPosition()
        guard let wake = try await nextWake() else {
            return try await store.waitForEvents(after: start, matching: Self.concerns)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.store.waitForEvents(after: start, matching: Self.concerns) }
            group.addTask { try await self.time.sleep(until: wake) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func commit(_ turn: Turn, upTo end: Position) async throws {
        var transaction = turn.transaction
        let isWorthStoring = !transaction.isEmpty || end.value - storedPosition.value > Self.idleProgressMax
        var emitted: [Position] = []
        if isWorthStoring {
            transaction.progress = [SubscriptionProgress(subscription: Self.subscription, position: end, open: [])]
            let receipts = try await store.commit(transaction)
            storedPosition = end
            emitted = receipts.map(\.position)
            lastEmitted = max(lastEmitted, emitted.last ?? .start)
        }
        places = turn.committedPlaces
        unreadPlaces = turn.unreadPlaces
        pausedContexts = turn.pausedContexts
        if case .at(let wake) = alarm { alarm = .at([wake, turn.nextWake].compactMap(\.self).min()) }
        aborted = turn.aborted(emitted: emitted).filter { $0.value > end }
        position = end
        signal.advance(to: end)
        turn.report(to: logger)
    }

    /// Drops everything that is known only here; the next turn begins from the store.
    private func forget() {
        position = nil
        places = [:]
        aborted = [:]
        alarm = .unknown
    }
}

extension ShipyardService: EventBarrier {}

/// What is known of the stored timers.
private enum Alarm {
    case unknown
    /// The earliest one is not before this instant; nil: there is none.
    case at(Timestamp?)
}
