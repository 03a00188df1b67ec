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

/// Clients that ask again and again.
enum PullSubscribers {
    static func listen(
        _ count: Int, _ plane: HTTPControlPlane, _ arrivals: Arrivals,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        for number in 0..<count {
            let subscription = try await plane.subscribe(
                Interest(name: "s\(number)", patterns: [BenchEvent.type.text]))
            group.addTask {
                while !Task.isCancelled {
                    let events = try await subscription.receive(upTo: 256)
                    for event in events { arrivals.note(event.event.id) }
                    try await subscription.settle(events.map(\.position), sending: [])
                }
            }
        }
    }
}

/// Clients of the live stream: server-sent events.
enum StreamSubscribers {
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
        var messages = StreamMessages()
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

/// Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into its messages.
struct StreamMessages {
    private var rest: [UInt8] = []

    /// The messages that this chunk completes; those without data say nothing.
    mutating func take(_ chunk: some Sequence<UInt8>) -> [(id: String, data: [UInt8])] {
        rest += chunk
        var found: [(id: String, data: [UInt8])] = []
        var id = ""
        var start = rest.startIndex
        var lineStart = start
        var data: [UInt8] = []
        for index in rest.indices where rest[index] == UInt8(ascii: "\n") {
            let line = rest[lineStart..<index]
            lineStart = index + 1
            if line.isEmpty {
                if !data.isEmpty { found.append((id, data)) }
                (id, data) = ("", [])
                start = lineStart
            } else if line.starts(with: "data: ".utf8) {
                data += line.dropFirst(6)
            } else if line.starts(with: "id: ".utf8) {
                id = String(decoding: line.dropFirst(4), as: UTF8.self)
            }
        }
        rest.removeSubrange(..<start)
        return found
    }
}
