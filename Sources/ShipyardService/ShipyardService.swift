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
    /// Events without any effect after which progress is stored all the same.
    static let idleProgressMax: Int64 = 4096

    let store: any Store
    let configuration: any Configuration
    let time: any TimeSource
    let ids: any IDSource
    let deadlines: TaskDeadlines
    let logger: Logger

    /// Everything up to here is handled and committed, or had no effect.
    private var position: Position?
    private var storedPosition = Position.start
    /// The places with open executions, as they are stored; empty while a turn has them, and after a turn that failed.
    private var places: [Scope: Place] = [:]
    /// Behind this position nothing in the log comes from here.
    private var lastEmitted = Position.start
    /// Contexts that were aborted while events of earlier turns were still to be read, each with the last of these.
    private var aborted: [String: Position] = [:]
    private var lastTimerCheck = Timestamp(nanoseconds: 0)
    private let signal = PositionSignal()

    package init(
        store: any Store, configuration: any Configuration, time: any TimeSource, ids: any IDSource,
        deadlines: TaskDeadlines = TaskDeadlines(), logger: Logger
    ) {
        self.store = store
        self.configuration = configuration
        self.time = time
        self.ids = ids
        self.deadlines = deadlines
        self.logger = logger
    }

    package func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                if try await !turn() { try await cancelWhenGracefulShutdown { try await self.waitForWork() } }
            } catch is CancellationError {
                break
            } catch {
                logger.error("a turn failed and will be repeated", metadata: ["error.message": "\(error)"])
                forget()
                try? await cancelWhenGracefulShutdown { try await self.time.sleep(for: .seconds(1)) }
            }
        }
    }

    /// Handles the next events and whatever time has brought. False when there was nothing to do.
    @discardableResult
    package func turn() async throws -> Bool {
        let start = try await startPosition()
        let events = try await store.events(after: start, limit: Self.batchMax)
        let now = time.now
        let due = try await placesDue(at: now, isIdle: events.isEmpty)
        guard !events.isEmpty || !due.isEmpty else { return false }
        var turn = Turn(now: now, places: places, emittedBefore: lastEmitted, aborted: aborted)
        places = [:]
        for event in events { try await take(event, &turn) }
        for scope in due { try await decide(.timePassed, in: scope, &turn) }
        try await commit(turn, upTo: events.last?.position ?? start)
        return true
    }

    /// Returns when everything up to the position is handled: for clients that read what they have just written.
    package nonisolated func handled(_ position: Position) async throws {
        try await signal.wait(for: position)
    }

    private func startPosition() async throws -> Position {
        if let position { return position }
        let stored = try await store.progress(of: Self.subscription)?.position ?? .start
        // Whatever an earlier life of this service has sent is there already.
        lastEmitted = try await store.head()
        position = stored
        storedPosition = stored
        return stored
    }

    /// Under load the store is asked for timers once a second only.
    private func placesDue(at now: Timestamp, isIdle: Bool) async throws -> [Scope] {
        guard isIdle || now - lastTimerCheck >= .seconds(1) else { return [] }
        lastTimerCheck = now
        return try await store.scopesDue(at: now)
    }

    private func waitForWork() async throws {
        let start = try await startPosition()
        guard let wake = try await store.nextWake() else { return try await store.waitForEvents(after: start) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.store.waitForEvents(after: start) }
            group.addTask { try await self.time.sleep(until: wake) }
            try await group.next()
            group.cancelAll()
        }
    }

    private func commit(_ turn: Turn, upTo end: Position) async throws {
        var transaction = turn.transaction
        let isWorthStoring = !transaction.isEmpty || end.value - storedPosition.value > Self.idleProgressMax
        if isWorthStoring {
            transaction.progress = [SubscriptionProgress(subscription: Self.subscription, position: end, open: [])]
            let receipts = try await store.commit(transaction)
            storedPosition = end
            lastEmitted = max(lastEmitted, receipts.last?.position ?? .start)
        }
        places = turn.committedPlaces
        aborted = turn.aborted.filter { $0.value > end }
        position = end
        signal.advance(to: end)
        turn.report(to: logger)
    }

    /// Drops everything that is known only here; the next turn begins from the store.
    private func forget() {
        position = nil
        places = [:]
        aborted = [:]
    }
}

extension ShipyardService: EventBarrier {}
