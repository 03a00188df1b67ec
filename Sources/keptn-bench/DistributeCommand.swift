import ArgumentParser
import CloudEvents
import HTTPServing
import HTTPTypes
import KeptnKit
import KeptnModel
import Logging
import Ports
import RemoteClients
import Subprocess
import Synchronization

/// How fast events get from their sender to their subscribers.
struct DistributeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distribute",
        abstract: "Measure events to push and pull subscribers: closed loop, and latencies open loop at half of it.")

    enum Mode: String, ExpressibleByArgument, CaseIterable { case push, pull }

    @Option(help: "How subscribers get events: push or pull.") var mode = Mode.push
    @Option(help: "Subscribers, each of which hears every event.") var subscribers = 1
    @Option(help: "Subscriptions to an endpoint where nobody listens, beside the others.") var dead = 0
    @Option(help: "Events of the closed loop.") var count = 5000
    @Option(help: "Senders at a time; each waits until all subscribers have its event.") var concurrency = 32
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let report = try await withTemporaryFolder { home in
            try await ServerUnderTest.run(program: ServerUnderTest.program(keptn), home: home) { server in
                (try await measure(server), .terminate)
            }
        }
        Output.report(report, asJSON: json)
    }

    private func measure(_ server: ServerUnderTest) async throws -> JSON {
        let arrivals = Arrivals(subscribers: subscribers)
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        let plane = Workload.plane(server.endpoint, server.token)
        let port = try FreePort.find()
        let (ready, listening) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            if mode == .push {
                group.addTask { try await endpoint(arrivals, port) { listening.yield() }.run() }
                for await _ in ready { break }
            }
            for number in 0..<subscribers where mode == .push {
                try await subscribe(client, "s\(number)", "http://127.0.0.1:\(port)/api/v1/event")
            }
            for number in 0..<subscribers where mode == .pull {
                let interest = Interest(name: "s\(number)", patterns: [Self.type.text])
                let subscription = try await plane.subscribe(interest)
                group.addTask { try await pull(subscription, arrivals) }
            }
            for number in 0..<dead { try await subscribe(client, "dead\(number)", "http://127.0.0.1:1/") }
            return try await figures(server, plane, arrivals)
        }
    }

    private func figures(
        _ server: ServerUnderTest, _ plane: HTTPControlPlane, _ arrivals: Arrivals
    ) async throws -> JSON {
        _ = try await closedLoop(plane, arrivals, count / 10)
        let (start, cpu) = (ContinuousClock.now, server.cpuMilliseconds)
        _ = try await closedLoop(plane, arrivals, count)
        let rate = Double(count / concurrency * concurrency) / (ContinuousClock.now - start).seconds
        let used = (server.cpuMilliseconds - cpu) / Double(count * subscribers)
        let latencies = try await openLoop(plane, arrivals, rate: rate / 2, count: min(count, Int(rate / 2 * 20)))
        return .object([
            ("mode", .string(mode.rawValue)), ("subscribers", .integer(subscribers)), ("dead", .integer(dead)),
            ("deliveriesPerSecond", .number((rate * Double(subscribers)).rounded())),
            ("eventsPerSecond", .number(rate.rounded())),
            ("sentToHeardMs", latencies.json([("p50", 0.5), ("p99", 0.99)])),
            ("cpuMsPerDelivery", .number((used * 1000).rounded() / 1000)),
            ("peakRSSMB", .number(server.residentMegabytes.peak.rounded())), ("count", .integer(count)),
            ("concurrency", .integer(concurrency)), ("conditions", Conditions.json),
        ])
    }

    // MARK: Subscribers

    private static let type = EventType.task(name: "bench", kind: .statusChanged)

    private func subscribe(_ client: APIClient, _ name: String, _ url: String) async throws {
        _ = try await client.put(
            "v1/subscriptions/\(name)", ["url": .string(url), "events": [.string(Self.type.text)]])
    }

    /// Its path is one that a route's rule knows; nobody has to show a token here.
    private func endpoint(_ arrivals: Arrivals, _ port: Int, _ onReady: @escaping @Sendable () -> Void) -> HTTPServing {
        let hear = HTTPRoute(.post, "/api/v1/event", access: .everybody) { request in
            let event = try CloudEvent(structured: try await request.body.collect(upTo: 1 << 20))
            arrivals.note(event.id)
            return .json([:])
        }
        return HTTPServing(
            host: "127.0.0.1", port: port, routes: [hear], requests: RequestStatistics(),
            admit: { _, _ in Caller.nobody }, logger: Workload.quiet, onReady: { _ in onReady() })
    }

    private func pull(_ subscription: any EventSubscription, _ arrivals: Arrivals) async throws {
        while !Task.isCancelled {
            let events = try await subscription.receive(upTo: 256)
            for event in events { arrivals.note(event.event.id) }
            try await subscription.settle(events.map(\.position), sending: [])
        }
    }

    // MARK: Senders

    private func send(_ plane: HTTPControlPlane, _ arrivals: Arrivals) async throws {
        let ids = SystemIDs()
        let event = CloudEvent(
            keptn: Self.type, id: ids.newID(), source: "keptn-bench", time: SystemTime().now, context: ids.newID(),
            triggeredID: ids.newID(),
            data: [
                "project": "bench", "stage": "dev", "service": "service-0",
                "message": .string(String(repeating: "x", count: 800)),
            ])
        async let heard: Void = arrivals.all(of: event.id)
        try await plane.send([event])
        await heard
    }

    private func closedLoop(_ plane: HTTPControlPlane, _ arrivals: Arrivals, _ count: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask { for _ in 0..<(count / concurrency) { try await send(plane, arrivals) } }
            }
            try await group.waitForAll()
        }
    }

    /// Sends at a fixed rate, whatever the subscribers do, so that queueing shows.
    private func openLoop(
        _ plane: HTTPControlPlane, _ arrivals: Arrivals, rate: Double, count: Int
    ) async throws -> Samples {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Duration.self) { group in
            for number in 0..<count {
                let due = start + .nanoseconds(Int64(Double(number) / rate * 1e9))
                group.addTask {
                    try await ContinuousClock().sleep(until: due)
                    try await send(plane, arrivals)
                    return ContinuousClock.now - due
                }
            }
            var samples = Samples()
            for try await duration in group { samples.add(duration) }
            return samples
        }
    }
}

/// Who has heard what, and who waits until all have.
private final class Arrivals: Sendable {
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
