import ArgumentParser
import CloudEvents
import Distributor
import Glibc
import KeptnModel
import Ports
import RemoteClients
import SQLiteStore
import Subprocess
import Synchronization

/// How fast events get from their sender to their subscribers.
struct DistributeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distribute",
        abstract: "Measure events to subscribers, in one process or over HTTP: closed loop, and latencies open loop at "
            + "half of it.")

    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case inProcess = "in-process"
        case push, pull, stream, live
    }

    @Option(help: "How subscribers get events: in-process, push, pull, stream or live.") var mode = Mode.push
    @Option(help: "Subscribers, each of which hears every event.") var subscribers = 1
    @Option(help: "Subscriptions to an endpoint where nobody listens, beside the others; not in-process.") var dead = 0
    @Option(help: "Events of the closed loop.") var count = 5000
    @Option(help: "Senders at a time; each waits until all subscribers have its event.") var concurrency = 32
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    /// Who is measured.
    private struct Target: Sendable {
        /// Durable when it returns.
        let send: @Sendable ([CloudEvent]) async throws -> Void
        let process: ServerUnderTest
    }

    func validate() throws {
        if mode == .inProcess, dead > 0 { throw ValidationError("--dead: nothing is posted in one process") }
    }

    func run() async throws {
        let report = try await withTemporaryFolder { home in
            if mode == .inProcess { return try await measureInProcess(home) }
            return try await ServerUnderTest.run(program: ServerUnderTest.program(keptn), home: home) { server in
                (try await measure(server), .terminate)
            }
        }
        Output.report(report, asJSON: json)
    }

    private func measure(_ server: ServerUnderTest) async throws -> JSON {
        let arrivals = Arrivals(subscribers: subscribers)
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        let plane = Workload.plane(server.endpoint, server.token)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            switch mode {
            case .push: try await PushSubscribers.listen(subscribers, client, arrivals, in: &group)
            case .pull: try await PullSubscribers.listen(subscribers, server, arrivals, in: &group)
            case .stream: try await StreamSubscribers.listen(subscribers, plane, arrivals, in: &group)
            case .live: try await LiveSubscribers.listen(subscribers, server, arrivals, in: &group)
            case .inProcess: break
            }
            for number in 0..<dead {
                try await PushSubscribers.subscribe(client, "dead\(number)", "http://127.0.0.1:1/")
            }
            return try await figures(Target(send: { try await plane.send($0) }, process: server), arrivals)
        }
    }

    /// The store and the distributor without HTTP, in this process.
    private func measureInProcess(_ home: String) async throws -> JSON {
        let arrivals = Arrivals(subscribers: subscribers)
        let store = try await SQLiteStore.open(folder: home, logger: Workload.quiet)
        let distributor = Distributor(store: store, logger: Workload.quiet)
        let report = try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await store.runCheckpoints() }
            for number in 0..<subscribers {
                let subscription = try await distributor.open(
                    SubscriptionRequest(name: "s\(number)", patterns: [BenchEvent.type.text]))
                let settled = Settling()
                group.addTask {
                    try await settled.run { try await subscription.settle($0.map { Position($0) }, sending: []) }
                }
                group.addTask {
                    while !Task.isCancelled {
                        let deliveries = try await subscription.next(upTo: 256)
                        for delivery in deliveries { arrivals.note(delivery.event.id) }
                        settled.note(deliveries.map(\.position.value))
                    }
                }
            }
            let own = ServerUnderTest(endpoint: "", token: "", processID: getpid(), readyAfter: .zero)
            return try await figures(Target(send: { _ = try await store.append($0) }, process: own), arrivals)
        }
        try await store.close()
        return report
    }

    private func figures(_ target: Target, _ arrivals: Arrivals) async throws -> JSON {
        _ = try await closedLoop(target, arrivals, count / 10)
        let (start, cpu) = (ContinuousClock.now, target.process.cpuMilliseconds)
        _ = try await closedLoop(target, arrivals, count)
        let rate = Double(max(1, count / concurrency) * concurrency) / (ContinuousClock.now - start).seconds
        let used = (target.process.cpuMilliseconds - cpu) / Double(count * subscribers)
        let latencies = try await openLoop(
            target, arrivals, rate: rate / 2, count: min(count, max(1, Int(rate / 2 * 20))))
        let quantiles = [(name: "p50", q: 0.5), (name: "p99", q: 0.99)]
        return .object([
            ("mode", .string(mode.rawValue)), ("subscribers", .integer(subscribers)), ("dead", .integer(dead)),
            ("deliveriesPerSecond", .number((rate * Double(subscribers)).rounded())),
            ("eventsPerSecond", .number(rate.rounded())),
            ("appendedToHeardMs", latencies.appended.json(quantiles)),
            ("sentToHeardMs", latencies.sent.json(quantiles)),
            ("cpuMsPerDelivery", .number((used * 1000).rounded() / 1000)),
            ("peakRSSMB", .number(target.process.residentMegabytes.peak.rounded())), ("count", .integer(count)),
            ("concurrency", .integer(concurrency)), ("conditions", Conditions.json),
        ])
    }

    // MARK: Senders

    /// Returns how long it took from the durable append until the last subscriber has heard the event.
    private static func send(_ target: Target, _ arrivals: Arrivals) async throws -> Duration {
        let event = BenchEvent.next()
        async let heard: Void = arrivals.all(of: event.id)
        try await target.send([event])
        let appended = ContinuousClock.now
        await heard
        return ContinuousClock.now - appended
    }

    private func closedLoop(_ target: Target, _ arrivals: Arrivals, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask { for _ in 0..<max(1, count / concurrency) { _ = try await Self.send(target, arrivals) } }
            }
            try await group.waitForAll()
        }
    }

    /// `sent` counts from the moment that was due.
    private func openLoop(
        _ target: Target, _ arrivals: Arrivals, rate: Double, count: Int
    ) async throws -> (appended: Samples, sent: Samples) {
        let latencies = try await OpenLoop.run(rate: rate, count: count) { _, due in
            (appended: try await Self.send(target, arrivals), sent: ContinuousClock.now - due)
        }
        return latencies.reduce(into: (appended: Samples(), sent: Samples())) { samples, latency in
            samples.appended.add(latency.appended)
            samples.sent.add(latency.sent)
        }
    }
}

/// What is sent: about 1.2 kB, of a kind that nobody else waits for.
enum BenchEvent {
    static let type = EventType.task(name: "bench", kind: .statusChanged)

    static func next() -> CloudEvent {
        let ids = SystemIDs()
        return CloudEvent(
            keptn: type, id: ids.newID(), source: "keptn-bench", time: SystemTime().now, context: ids.newID(),
            triggeredID: ids.newID(),
            data: [
                "project": "bench", "stage": "dev", "service": "service-0",
                "message": .string(String(repeating: "x", count: 800)),
            ])
    }
}

/// Who has heard what, and who waits until all have.
final class Arrivals: Sendable {
    private struct Event {
        var heard = 0
        var sender: CheckedContinuation<Void, Never>?
    }

    private let subscribers: Int
    private let events = Mutex<[String: Event]>([:])

    init(subscribers: Int) { self.subscribers = subscribers }

    func note(_ id: String) {
        let sender = events.withLock { events in
            events[id, default: Event()].heard += 1
            return events[id]?.heard == subscribers ? events[id]?.sender : nil
        }
        sender?.resume()
    }

    /// Returns when all subscribers have heard the event.
    func all(of id: String) async {
        await withCheckedContinuation { continuation in
            let isHeard = events.withLock { events in
                events[id, default: Event()].sender = continuation
                return events[id]?.heard == subscribers
            }
            if isHeard { continuation.resume() }
        }
        events.withLock { $0[id] = nil }
    }
}
