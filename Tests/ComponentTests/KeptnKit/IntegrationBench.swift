import CloudEvents
import Distributor
import KeptnKit
import KeptnModel
import Logging
import Ports
import ServiceLifecycle
import Synchronization
import Testing

/// A store, a distributor and an integration that runs on them, in simulated time.
struct IntegrationBench: Sendable {
    let store: InMemoryStore
    let time: ManualTime
    let plane: InProcessControlPlane
    private let commits: CommitCount
    private let passed: PassedDeliveries
    private let files: [String: String]

    init(files: [String: String] = ["locust/load.py": "users = 7"]) {
        let commits = CommitCount()
        self.init(InMemoryStore(afterCommit: { _ in commits.countOne() }), ManualTime(), commits, files)
    }

    private init(_ store: InMemoryStore, _ time: ManualTime, _ commits: CommitCount, _ files: [String: String]) {
        self.store = store
        self.time = time
        self.commits = commits
        self.files = files
        passed = PassedDeliveries(Distributor(store: store, logger: Self.silent))
        plane = InProcessControlPlane(
            subscriptions: passed, log: store, queries: store,
            configuration: FilesOfAStage(files: files), secrets: InMemorySecretStore())
    }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The same store after a crash of everything else.
    func restarted() -> IntegrationBench { IntegrationBench(store, time, commits, files) }

    /// Opens the subscriptions as an earlier run would have, so that nothing that is sent from now on is missed.
    func open(_ name: String, _ patterns: String...) async throws {
        _ = try await plane.subscribe(Interest(name: name, patterns: patterns))
    }

    /// Runs the integration as long as the body, then cancels it.
    func running(
        _ integration: Integration, on other: (any ControlPlane)? = nil, _ body: () async throws -> Void
    ) async throws {
        let service = IntegrationService(integration, on: other ?? plane, time: time, logger: Self.silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// The `.triggered` event of a task.
    func triggered(
        _ task: String, id: String = "t1", context: String = "context-1", commit: String = "abc123",
        data: JSON = .emptyObject
    ) -> CloudEvent {
        let common: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
        return CloudEvent(
            keptn: .task(name: task, kind: .triggered), id: id, source: "shipyard-controller", time: time.now,
            context: context, gitCommitID: commit, data: common.merging(data))
    }

    /// The first event in the log for which this holds, also one that comes later.
    func event(where condition: (CloudEvent) -> Bool) async throws -> CloudEvent {
        var position = Position.start
        while true {
            for recorded in try await store.events(after: position, limit: 100) {
                position = recorded.position
                if condition(recorded.event) { return recorded.event }
            }
            try await store.waitForEvents(after: position)
        }
    }

    func event(_ type: String, answering id: String = "t1") async throws -> CloudEvent {
        try await event { $0.type == "sh.keptn.event.\(type)" && ($0.triggeredID == id || type.hasSuffix("triggered")) }
    }

    /// Returns when the subscription has settled everything up to the position.
    func settled(_ name: String, upTo position: Int64) async throws {
        while true {
            let count = commits.signal.position
            if let progress = try await store.progress(of: name), progress.position >= Position(position),
                progress.open.isEmpty
            {
                return
            }
            try await commits.signal.wait(for: Position(count.value + 1))
        }
    }

    /// Returns when the subscription has left the event at this position alone.
    func passed(over position: Int64, by name: String) async throws {
        try await passed.wait(for: Position(position), of: name)
    }

    /// The types of everything in the log, without the prefix.
    func log() async throws -> [String] {
        try await store.events(after: .start, limit: 1000).map {
            String($0.event.type.dropFirst(EventType.prefix.count))
        }
    }
}

/// Counts what was committed, for those who wait for the next one.
final class CommitCount: Sendable {
    let signal = PositionSignal()
    private let count = Counter()

    func countOne() { signal.advance(to: Position(Int64(count.next()))) }
}

/// Subscriptions of which it is known what they have left alone, in this life: the store hears of it later.
private final class PassedDeliveries: Subscriptions {
    private struct PassingSubscription: Subscription {
        let name: String
        let base: any Subscription
        let owner: PassedDeliveries

        func next(upTo count: Int) async throws -> [Delivery] { try await base.next(upTo: count) }

        func settle(_ positions: [Position], sending events: [CloudEvent]) async throws {
            try await base.settle(positions, sending: events)
        }

        func pass(over positions: [Position]) async throws {
            try await base.pass(over: positions)
            owner.state.withLock { $0[name, default: []].formUnion(positions) }
            owner.changes.countOne()
        }

        func leave() async throws { try await base.leave() }
    }

    private let base: Distributor
    private let state = Mutex<[String: Set<Position>]>([:])
    private let changes = CommitCount()

    init(_ base: Distributor) { self.base = base }

    func open(_ request: SubscriptionRequest) async throws -> any Subscription {
        PassingSubscription(name: request.name, base: try await base.open(request), owner: self)
    }

    func begin(_ name: String) async throws { try await base.begin(name) }
    func openDeliveries() async -> [String: Int] { await base.openDeliveries() }

    func wait(for position: Position, of name: String) async throws {
        while true {
            let seen = changes.signal.position
            if state.withLock({ $0[name]?.contains(position) ?? false }) { return }
            try await changes.signal.wait(for: Position(seen.value + 1))
        }
    }
}

/// 1, 2, 3, …
final class Counter: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}

/// A door that stays shut until somebody opens it.
final class Gate: Sendable {
    private let signal = PositionSignal()
    func open() { signal.advance(to: Position(1)) }
    func pass() async throws { try await signal.wait(for: Position(1)) }
}
