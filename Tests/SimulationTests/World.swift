import CloudEvents
import Core
import Distributor
import KeptnModel
import Logging
import Ports
import ShipyardService

/// The control plane on a store in memory, moved step by step: one turn, one delivery, one arriving event at a time.
/// Dies where `Faults` says so and goes on from what was stored.
final class World {
    static let project = "shop"
    static let deadlines = TaskDeadlines(start: .seconds(60), finish: .seconds(300), approval: .seconds(600))
    private static let executors = "executors"

    let faults = Faults()
    let configuration: SimulatedConfiguration
    private(set) var time = ManualTime()
    private(set) var store: InMemoryStore
    private(set) var restarts = 0
    /// One line for each step.
    private(set) var trace: [String] = []

    private let ids = SequentialIDs()
    private let logger = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
    private var racingStore: RacingStore
    private var service: ShipyardService
    private var subscription: (any Subscription)?
    /// Of this life of the process.
    private var handedOut: Set<Position> = []
    /// In all lives.
    private var everHandedOut: Set<Position> = []
    private(set) var settled: Set<Position> = []
    private var invariants = Invariants()

    init(_ shipyard: Shipyard) async throws {
        configuration = SimulatedConfiguration(shipyard)
        store = InMemoryStore()
        racingStore = RacingStore(store)
        service = ShipyardService(
            store: racingStore, configuration: configuration, time: time, ids: ids, deadlines: Self.deadlines,
            logger: logger)
        try await boot(from: InMemoryStore.Snapshot())
    }

    func note(_ line: String) { trace.append("\(trace.count + 1) \(clock) \(line)") }

    private var clock: String { "+\((time.now - Timestamp(seconds: 1_700_000_000)).go)" }

    // MARK: - Steps

    /// One turn of the shipyard service, while events come between what it reads and what it commits. False when it had
    /// nothing to do. The senders do not hear whether their events were accepted.
    func turn(racing events: [CloudEvent] = []) async throws -> Bool {
        for event in events { note("about to come during the turn: \(event.inShort)") }
        racingStore.race(events)
        let result = try await surviving { try await self.service.turn() } ?? true
        racingStore.race([])
        note(result ? "turn" : "turn, nothing to do")
        if !result, let overdue = try await store.nextWake(), overdue <= time.now {
            throw Violation("the service rests although \(overdue) has passed")
        }
        return result
    }

    /// Something arrives from outside. False when nobody can say whether it did: the sender will send it again.
    func receive(_ event: CloudEvent) async throws -> Bool {
        let isAccepted = try await surviving { try await self.store.append([event]) } != nil
        note("\(isAccepted ? "accepted" : "lost connection over") \(event.inShort)")
        if isAccepted { invariants.noteAccepted(event) }
        return isAccepted
    }

    /// Hands at most `count` task events to the executors; none when there are none.
    func deliver(upTo count: Int) async throws -> [Delivery] {
        let isWaiting = try await log().contains {
            $0.isTaskTrigger && !handedOut.contains($0.position) && !settled.contains($0.position)
        }
        guard isWaiting, let subscription else { return [] }
        let deliveries = try await surviving { try await subscription.next(upTo: count) } ?? []
        for delivery in deliveries {
            note("delivered \(delivery.event.inShort)")
            guard !settled.contains(delivery.position) else { throw Violation("delivered again after it was settled") }
            guard handedOut.insert(delivery.position).inserted else { throw Violation("delivered twice in one life") }
            guard everHandedOut.insert(delivery.position).inserted || delivery.isRepeated else {
                throw Violation("delivered again without saying so")
            }
        }
        return deliveries
    }

    /// False when nobody can say whether it was settled.
    func settle(_ delivery: Delivery, sending events: [CloudEvent]) async throws -> Bool {
        // Who took it died with the process if that has died since.
        guard let subscription, handedOut.contains(delivery.position) else { return false }
        let position = delivery.position
        let isSettled = try await surviving { try await subscription.settle([position], sending: events) } != nil
        note("\(isSettled ? "settled" : "died settling") \(delivery.event.inShort)")
        guard isSettled else { return false }
        settled.insert(delivery.position)
        for event in events { invariants.noteAccepted(event) }
        return true
    }

    func advance(by duration: Duration) {
        time.advance(by: duration)
        note("time passes: \(duration.go)")
    }

    /// The process dies and comes back, perhaps with a clock that was set back.
    func restart(clockSetBack: Duration = .zero) async throws {
        restarts += 1
        time = ManualTime(time.now - clockSetBack)
        note("restart")
        try await boot(from: store.snapshot())
    }

    /// Every invariant of docs/architecture.md that can be seen from outside.
    func check() async throws {
        try await invariants.check(store, faults)
    }

    func log() async throws -> [RecordedEvent] { try await store.events(after: .start, limit: .max) }

    // MARK: - Lives

    private func boot(from snapshot: InMemoryStore.Snapshot) async throws {
        handedOut = []
        let faults = self.faults
        store = InMemoryStore(
            snapshot: snapshot, beforeCommit: { try faults.beforeCommit($0) },
            afterCommit: { try faults.afterCommit($0) })
        racingStore = RacingStore(store)
        service = ShipyardService(
            store: racingStore, configuration: configuration, time: time, ids: ids, deadlines: Self.deadlines,
            logger: logger)
        let distributor = Distributor(store: store, logger: logger)
        do {
            subscription = try await distributor.open(
                SubscriptionRequest(name: Self.executors, patterns: ["sh.keptn.event.*.triggered"]))
            try await recallSettled()
        } catch is Crash {
            try await boot(from: store.snapshot())
        }
    }

    /// A settling that was stored and not heard of is one.
    private func recallSettled() async throws {
        guard let progress = try await store.progress(of: Self.executors) else { return }
        let stored = try await log().filter {
            $0.isTaskTrigger && $0.position <= progress.position && !progress.open.contains($0.position)
        }
        let positions = Set(stored.map(\.position))
        guard settled.isSubset(of: positions) else { throw Violation("a settled delivery is open again") }
        settled = positions
    }

    /// Nil where the process died and was started again.
    private func surviving<Value>(_ step: () async throws -> Value) async throws -> Value? {
        do {
            return try await step()
        } catch is Crash {
            note("the process dies")
            try await restart()
            return nil
        }
    }
}

/// Something happened that must not.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension RecordedEvent {
    var isTaskTrigger: Bool {
        if case .task(_, .triggered)? = facts.type { true } else { false }
    }
}

extension CloudEvent {
    /// Its short type, context and id.
    var inShort: String {
        "\(type.dropFirst(EventType.prefix.count)) \(keptnContext ?? "") \(id.drop { $0 == "0" || $0 == "-" })"
    }
}
