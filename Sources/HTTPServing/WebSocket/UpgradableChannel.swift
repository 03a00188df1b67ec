import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import Ports
import Synchronization

/// A connection whose first request may make a WebSocket of it; else it is one for HTTP/1.1 as Hummingbird serves it.
struct UpgradableChannel: ServerChildChannel, HTTPChannelHandler {
    enum Upgraded: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case socket(WebSocketSession.Socket, Conversation)
    }

    struct Value: ServerChildChannelValue {
        let upgraded: EventLoopFuture<Upgraded>
        let channel: any Channel
    }

    let responder: HTTPChannelHandler.Responder
    let sockets: SocketTable

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: .init(upgraders: [upgrader()]) { channel in
                    channel.eventLoop.makeCompletedFuture { .http(try Self.serveHTTP(on: channel, logger)) }
                })
            // As Hummingbird has it: its reader takes one request after the other, and answers what cannot be parsed.
            configuration.enablePipelining = false
            configuration.enableErrorHandling = false
            configuration.enableResponseHeaderValidation = false
            configuration.decoderConfiguration.maxHeaderFieldSize = 80 << 10
            configuration.decoderConfiguration.maxHeaderListSize = 80 << 10
            configuration.decoderConfiguration.maxHeaderFieldCount = 1000
            let pipeline = channel.pipeline.syncOperations
            let upgraded = try pipeline.configureUpgradableHTTPServerPipeline(configuration: configuration)
            try pipeline.addHandler(FirstRequestGuard())
            return Value(upgraded: upgraded, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        switch try? await value.upgraded.get() {
        case .http(let channel)?: await handleHTTP(asyncChannel: channel, logger: logger)
        case .socket(let socket, let conversation)?:
            await sockets.talk(WebSocketSession(on: socket, about: conversation, logger: logger))
        case nil: try? await value.channel.close()
        }
    }

    private func upgrader() -> NIOTypedWebSocketServerUpgrader<Upgraded> {
        let opened = Opened()
        return NIOTypedWebSocketServerUpgrader(
            maxFrameSize: 2 * WebSocketMachine.messageBytesMax,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask {
                    let conversation = try await sockets.open(head, from: channel)
                    opened.conversation.withLock { $0 = conversation }
                    return conversation == nil ? nil : HTTPHeaders()
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try FirstRequestGuard.remove(from: channel)
                    guard let conversation = opened.conversation.withLock({ $0 }) else { throw ChannelError.eof }
                    return .socket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), conversation)
                }
            })
    }

    private static func serveHTTP(
        on channel: any Channel, _ logger: Logger
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        try FirstRequestGuard.remove(from: channel)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
}

/// What a connection is about to talk about: found out before its request is answered, begun after it.
private final class Opened: Sendable {
    let conversation = Mutex<Conversation?>(nil)
}
