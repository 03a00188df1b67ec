import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Ports
import Synchronization

/// A connection whose first request may make a WebSocket of it; else it is one for HTTP/1.1 as Hummingbird serves it.
struct UpgradableChannel: ServerChildChannel {
    enum Use: Sendable {
        case http(HTTP1Channel.Value)
        case socket(WebSocketSession.Socket, Conversation)
        /// Who wanted a WebSocket does not get it.
        case refused(APIResponse)
    }

    struct Value: ServerChildChannelValue {
        let use: EventLoopFuture<Use>
        let channel: any Channel
    }

    let http: HTTP1Channel
    let sockets: SocketTable

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let use = channel.eventLoop.makePromise(of: Use.self)
            let first = FirstRequestHandler(
                install: { isSocket in
                    let installed = isSocket ? serveSocket(on: channel, logger) : serveHTTP(on: channel, logger)
                    installed.cascade(to: use)
                }, gone: { use.fail(ChannelError.eof) })
            try channel.pipeline.syncOperations.addHandler(first)
            return Value(use: use.futureResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        switch try? await value.use.get() {
        case .http(let channel)?: await http.handle(value: channel, logger: logger)
        case .socket(let socket, let conversation)?:
            await sockets.talk(WebSocketSession(on: socket, about: conversation, logger: logger))
        case .refused(let answer)?: await Self.refuse(with: answer, on: value.channel)
        case nil: try? await value.channel.close()
        }
    }

    private func serveHTTP(on channel: any Channel, _ logger: Logger) -> EventLoopFuture<Use> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { served in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(UpgradeRefusal(), position: .after(decoder))
            return .http(served)
        }
    }

    private func serveSocket(on channel: any Channel, _ logger: Logger) -> EventLoopFuture<Use> {
        // Who may talk is found out before the request is answered; the talk begins after that.
        let opening = Opening()
        let upgrader = NIOTypedWebSocketServerUpgrader<Use>(
            maxFrameSize: 2 * WebSocketMachine.messageBytesMax,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask {
                    let outcome = await sockets.open(head, from: channel, logger)
                    opening.outcome.withLock { $0 = outcome }
                    return outcome.isOpen ? HTTPHeaders() : nil
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard case .open(let talk) = opening.outcome.withLock({ $0 }) else { throw ChannelError.eof }
                    return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), talk)
                }
            })
        let configuration = NIOUpgradableHTTPServerPipelineConfiguration(
            upgradeConfiguration: .init(upgraders: [upgrader]) { channel in
                channel.eventLoop.makeSucceededFuture(.refused(opening.refusal))
            })
        do {
            return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                configuration: configuration)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    private static func refuse(with answer: APIResponse, on channel: any Channel) async {
        var headers = HTTPHeaders([("connection", "close"), ("content-length", "\(answer.body.count)")])
        for field in answer.headers { headers.add(name: field.name.rawName, value: field.value) }
        let status = HTTPResponseStatus(statusCode: answer.status.code, reasonPhrase: answer.status.reasonPhrase)
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            promise: nil)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: answer.body))), promise: nil)
        try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        try? await channel.close()
    }
}

/// What came of a request for a WebSocket.
enum SocketOpening: Sendable {
    case open(Conversation)
    case refused(APIResponse)

    var isOpen: Bool {
        guard case .open = self else { return false }
        return true
    }
}

/// Between the request and its answer.
private final class Opening: Sendable {
    let outcome = Mutex<SocketOpening?>(nil)

    /// Without an outcome the handshake itself was wrong, and nobody was asked.
    var refusal: APIResponse {
        guard case .refused(let answer)? = outcome.withLock({ $0 }) else {
            var answer = APIResponse.error(
                .upgradeRequired, "a WebSocket is opened with a Sec-WebSocket-Key and Sec-WebSocket-Version 13")
            if let version = HTTPField.Name("sec-websocket-version") { answer.headers[version] = "13" }
            return answer
        }
        return answer
    }
}
