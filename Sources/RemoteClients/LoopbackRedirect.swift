import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import Ports

/// A small server on this machine to which a browser comes back from a login (RFC 8252 section 7.3).
struct LoopbackRedirect {
    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// Where the browser has to be sent.
    let url: String
    private let server: NIOAsyncChannel<Connection, Never>

    private static let path = "/oauth/redirect"

    /// Throws `KeptnError.unavailable` when the port is taken.
    static func bind(port: Int) async throws -> LoopbackRedirect {
        do {
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(HTTPBytesHandler())
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
            let bound = server.channel.localAddress?.port ?? port
            return LoopbackRedirect(url: "http://localhost:\(bound)\(path)", server: server)
        } catch {
            throw KeptnError(.unavailable, "port \(port) is needed for the login and cannot be used: \(error)")
        }
    }

    /// The code that the browser brings with this state. Whoever comes with another state, or to another path, is told
    /// so and does not count. Throws `KeptnError.unauthorized` when the provider refused.
    /// - Parameter start: runs once the server listens.
    func code(forState state: String, start: @escaping @Sendable () async throws -> Void) async throws -> String {
        let (answers, answer) = AsyncStream.makeStream(
            of: Result<String, KeptnError>.self, bufferingPolicy: .bufferingOldest(1))
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { served in
                        for try await connection in connections {
                            // A browser may hang up whenever it likes.
                            served.addTask { try? await Self.serve(connection, state, answer) }
                        }
                    }
                }
                try await start()
                for await found in answers { return try found.get() }
                throw CancellationError()
            }
        }
    }

    private static func serve(
        _ connection: Connection, _ state: String, _ answer: AsyncStream<Result<String, KeptnError>>.Continuation
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            for try await case .head(let head) in inbound {
                let found = redirected(head.uri, state)
                let text: String
                switch found {
                case .success?: text = "You are logged in. This window can be closed."
                case .failure(let error)?: text = "The login failed: \(error.message)"
                case nil: text = "This is not the end of the login that was begun."
                }
                var headers = HTTPHeaders([("content-type", "text/plain; charset=utf-8"), ("connection", "close")])
                headers.add(name: "content-length", value: String(text.utf8.count))
                let status: HTTPResponseStatus = found == nil ? .badRequest : .ok
                // The browser knows by the length where the text ends, and may have hung up before the last part is
                // written; what it brought counts all the same.
                defer { if let found { answer.yield(found) } }
                try await outbound.write(
                    .head(HTTPResponseHead(version: head.version, status: status, headers: headers)))
                try await outbound.write(.body(ByteBuffer(string: text)))
                try await outbound.write(.end(nil))
                return
            }
        }
    }

    /// What the browser brought; nil when it does not belong to this login.
    private static func redirected(_ uri: String, _ state: String) -> Result<String, KeptnError>? {
        guard let parts = URLComponents(string: uri), parts.path == path else { return nil }
        let items = Dictionary(
            (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
        guard items["state"] == state else { return nil }
        if let code = items["code"], !code.isEmpty { return .success(code) }
        let reason = items["error_description"] ?? items["error"] ?? "the provider sent no code"
        return .failure(KeptnError(.unauthorized, reason))
    }
}

/// Lets answers be written with buffers for bodies.
private final class HTTPBytesHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let bytes): .body(.byteBuffer(bytes))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
