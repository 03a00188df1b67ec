import NIOCore

/// Stands in a connection until its first request has told what it is for, and then makes place for those who serve
/// that.
///
/// NIO's own handler for upgrades is not asked first: it loses the request when there is nothing to upgrade to, as with
/// the `Upgrade: h2c` that Java's HTTP client sends with every first request.
final class FirstRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Puts those who serve into the connection, behind this handler; true for a WebSocket.
    typealias Install = (_ isSocket: Bool) -> Void

    private let install: Install
    private let gone: () -> Void
    private var seen = ByteBuffer()
    private var isDecided = false

    /// - Parameter gone: The connection ended before anybody asked for anything.
    init(install: @escaping Install, gone: @escaping () -> Void) {
        self.install = install
        self.gone = gone
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !isDecided else { return context.fireChannelRead(data) }
        seen.writeBuffer(&bytes)
        guard let isSocket = FirstRequest.opensWebSocket(seen.readableBytesView) else { return }
        isDecided = true
        install(isSocket)
        context.fireChannelRead(wrapInboundOut(seen))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        let isEnd = event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed
        guard isEnd, !isDecided else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isDecided else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if !isDecided { gone() }
    }
}
