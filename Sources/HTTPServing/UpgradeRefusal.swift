import NIOCore
import NIOHTTP1

/// Answers requests that would rather go on in another protocol, and ends the connection after that.
///
/// NIO's decoder reads nothing more behind such a request, so that the next one on its connection would wait for ever.
/// Java's HTTP client begins every connection so, with `Upgrade: h2c`.
final class UpgradeRefusal: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var isLast = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), Self.stopsDecoder(head) else {
            return context.fireChannelRead(data)
        }
        isLast = true
        // Whoever answers ends the connection then, as for any client that wishes it.
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isLast, case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200 else {
            return context.write(data, promise: promise)
        }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    private static func stopsDecoder(_ head: HTTPRequestHead) -> Bool {
        let wishes = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
        return head.method == .CONNECT || (wishes.contains("upgrade") && head.headers.contains(name: "upgrade"))
    }
}
