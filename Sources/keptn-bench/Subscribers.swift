import AsyncHTTPClient
import CloudEvents
import HTTPServing
import HTTPTypes
import KeptnKit
import KeptnModel
import NIOCore
import NIOHTTP1
import Ports
import RemoteClients
import Synchronization

/// Endpoints to which events are posted.
enum PushSubscribers {
    static func listen(
        _ count: Int, _ client: APIClient, _ arrivals: Arrivals, in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        group.addTask { try await endpoint(arrivals) { port.yield($0) }.run() }
        for await number in ports {
            for subscriber in 0..<count {
                try await subscribe(client, "s\(subscriber)", "http://127.0.0.1:\(number)/api/v1/event")
            }
            break
        }
    }

    static func subscribe(_ client: APIClient, _ name: String, _ url: String) async throws {
        _ = try await client.put(
            "v1/subscriptions/\(name)", ["url": .string(url), "events": [.string(BenchEvent.type.text)]])
    }

    /// Its path is one that a route's rule knows; nobody has to show a token here.
    private static func endpoint(_ arrivals: Arrivals, _ onReady: @escaping @Sendable (Int) -> Void) -> HTTPServing {
        let hear = HTTPRoute(.post, "/api/v1/event", access: .everybody) { request in
            let event = try CloudEvent(structured: try await request.body.collect(upTo: 1 << 20))
            arrivals.note(event.id)
            return .json([:])
        }
        return HTTPServing(
            host: "127.0.0.1", port: 0, routes: [hear], requests: RequestStatistics(),
            admit: { _, _ in Caller.nobody }, logger: Workload.quiet, onReady: { onReady($0) })
    }
}

/// Clients that ask again and again, by long polls, and settle beside that.
enum PullSubscribers {
    static func listen(
        _ count: Int, _ server: ServerUnderTest, _ arrivals: Arrivals,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        for number in 0..<count {
            let client = PullClient(server: server, subscription: "s\(number)")
            _ = try await client.pull(waiting: 0, restart: true)
            let settled = Settling()
            group.addTask { try await settled.run(client.settle) }
            group.addTask {
                while !Task.isCancelled {
                    let deliveries = try await client.pull(waiting: 5)
                    for delivery in deliveries { arrivals.note(delivery["event", "id"]?.stringValue ?? "") }
                    settled.note(deliveries.compactMap { $0["position"]?.intValue.map(Int64.init) })
                }
            }
        }
    }
}

/// Not by `APIClient`, which has few connections.
private struct PullClient {
    let server: ServerUnderTest
    let subscription: String

    func pull(waiting seconds: Int, restart: Bool = false) async throws -> [JSON] {
        let answer = try await post(
            "pull",
            [
                "events": [.string(BenchEvent.type.text)], "waitSeconds": .integer(seconds), "max": 256,
                "restart": .bool(restart),
            ])
        return answer["deliveries"]?.elements ?? []
    }

    @Sendable func settle(_ positions: [Int64]) async throws {
        _ = try await post("settle", ["positions": .array(positions.map { .integer($0) })])
    }

    private func post(_ what: String, _ body: JSON) async throws -> JSON {
        let answer = try await WebRequester().send(
            OutgoingRequest(
                method: "POST", url: "\(server.endpoint)/v1/subscriptions/\(subscription)/\(what)",
                headers: ["x-token": server.token, "content-type": "application/json"], body: Array(body.bytes)))
        guard answer.status == 200 else { throw KeptnError(.unavailable, "\(what) was answered \(answer.status)") }
        return try JSON(parsing: answer.body)
    }
}

/// Clients of durable subscriptions that are told by a stream, as integrations are.
enum StreamSubscribers {
    static func listen(
        _ count: Int, _ plane: HTTPControlPlane, _ arrivals: Arrivals,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        for number in 0..<count {
            let subscription = try await plane.subscribe(
                Interest(name: "s\(number)", patterns: [BenchEvent.type.text]))
            let settled = Settling()
            group.addTask { try await settled.run { try await subscription.settle($0, sending: []) } }
            group.addTask {
                while !Task.isCancelled {
                    let events = try await subscription.receive(upTo: 256)
                    for event in events { arrivals.note(event.event.id) }
                    settled.note(events.map(\.position))
                }
            }
        }
    }
}

/// Settles beside the hearing, as integrations do: one call at a time, each with all that was heard meanwhile.
final class Settling: Sendable {
    private let heard = Mutex<[Int64]>([])
    private let signal = PositionSignal()

    func note(_ positions: [Int64]) {
        heard.withLock { $0 += positions }
        signal.advance(to: Position(signal.position.value + 1))
    }

    /// Until cancelled.
    func run(_ settle: (_ positions: [Int64]) async throws -> Void) async throws {
        while true {
            let seen = signal.position
            let positions = heard.withLock { heard in
                defer { heard = [] }
                return heard
            }
            if positions.isEmpty {
                try await signal.wait(for: Position(seen.value + 1))
            } else {
                try await settle(positions)
            }
        }
    }
}

/// Clients of the live stream: server-sent events.
enum LiveSubscribers {
    static func listen(
        _ count: Int, _ server: ServerUnderTest, _ arrivals: Arrivals,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        let (streams, open) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(count))
        for _ in 0..<count {
            group.addTask {
                try await read(server) {
                    open.yield()
                } event: {
                    arrivals.note($0)
                }
            }
        }
        for await _ in streams.prefix(count) {}
    }

    /// A connection of its own, until cancelled.
    private static func read(
        _ server: ServerUnderTest, opened: @Sendable () -> Void, event: @Sendable (_ id: String) -> Void
    ) async throws {
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        try await HTTPClient.withHTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration
        ) { client in
            try await EventStream(endpoint: server.endpoint, token: server.token, type: BenchEvent.type.text).read(
                by: client, after: nil, opened: opened
            ) { _, seen in event(seen.id) }
        }
    }
}

/// The live stream of one event type.
struct EventStream {
    let endpoint: String
    let token: String
    let type: String

    /// Reads until the stream ends.
    ///
    /// - Parameter after: The position of the last event that was seen; nil for what comes from now on.
    func read(
        by client: HTTPClient, after: Int64?, opened: () -> Void = {},
        event: (_ position: Int64, CloudEvent) async throws -> Void
    ) async throws {
        var request = HTTPClientRequest(url: "\(endpoint)/v1/stream?type=\(type)")
        request.headers.add(name: "x-token", value: token)
        if let after { request.headers.add(name: "last-event-id", value: String(after)) }
        let response = try await client.execute(request, timeout: .hours(24))
        guard response.status == .ok else {
            throw KeptnError(.unavailable, "the stream answered \(response.status.code)")
        }
        var messages = EventStreamMessages()
        var isOpen = false
        for try await chunk in response.body {
            if !isOpen { opened() }
            isOpen = true
            for message in messages.take(chunk.readableBytesView) {
                guard let position = Int64(message.id) else {
                    throw KeptnError(.unavailable, "the stream told an event without its position")
                }
                try await event(position, CloudEvent(structured: message.data))
            }
        }
    }
}
