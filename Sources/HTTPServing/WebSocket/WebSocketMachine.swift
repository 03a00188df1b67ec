import NIOCore
package import NIOWebSocket

/// The server's side of one WebSocket, as a value: what each frame and each tick of the clock comes to (RFC 6455).
///
/// Lengths of control frames and reserved bits are the decoder's business.
package struct WebSocketMachine {
    package enum Effect: Equatable {
        /// A whole text message of the peer.
        case hear([UInt8])
        case send(WebSocketFrame)
        /// Nothing more is said or heard.
        case hangUp
    }

    /// A longer message of a peer is refused.
    package static let messageBytesMax = 64 << 10

    private enum State {
        case open
        /// We have said goodbye and wait for the answer.
        case closing
        case closed
    }

    private var state = State.open
    /// What has come of a message in several frames; nil between messages.
    private var begun: [UInt8]?
    private var isPingAnswered = true

    package init() {}

    package mutating func handle(_ frame: WebSocketFrame) -> [Effect] {
        guard state != .closed else { return [] }
        guard frame.maskKey != nil else { return fail(.protocolError, "a client masks its frames") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return fail(.protocolError, "no extension was agreed on") }
        switch frame.opcode {
        case .connectionClose: return answerGoodbye(frame)
        case .ping: return state == .open ? [.send(Self.frame(.pong, frame.unmaskedData))] : []
        case .pong:
            isPingAnswered = true
            return []
        case .text, .continuation: return state == .open ? text(frame) : []
        case .binary: return fail(.unacceptableData, "only text is understood")
        default: return fail(.protocolError, "the frame's opcode is not known")
        }
    }

    /// Whether the peer is still there: it has to answer each ping before the next one.
    package mutating func tick() -> [Effect] {
        guard state == .open, isPingAnswered else { return hangUp() }
        isPingAnswered = false
        return [.send(Self.frame(.ping, ByteBuffer()))]
    }

    /// Says goodbye. The conversation is over when the peer answers, or does not for too long.
    package mutating func close(_ code: WebSocketErrorCode, _ reason: String = "") -> [Effect] {
        guard state == .open else { return [] }
        state = .closing
        return [.send(Self.goodbye(code, reason))]
    }

    /// Says why there is nothing to talk about any more, and goes.
    package mutating func fail(_ code: WebSocketErrorCode, _ reason: String) -> [Effect] {
        close(code, reason) + hangUp()
    }

    private mutating func hangUp() -> [Effect] {
        guard state != .closed else { return [] }
        state = .closed
        return [.hangUp]
    }

    private mutating func text(_ frame: WebSocketFrame) -> [Effect] {
        guard (frame.opcode == .text) == (begun == nil) else {
            return fail(.protocolError, "a message ends before the next one begins")
        }
        let bytes = (begun ?? []) + Array(frame.unmaskedData.readableBytesView)
        guard bytes.count <= Self.messageBytesMax else {
            return fail(.messageTooLarge, "a message has at most \(Self.messageBytesMax) bytes")
        }
        begun = frame.fin ? nil : bytes
        guard frame.fin else { return [] }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return fail(.dataInconsistentWithMessage, "text is UTF-8")
        }
        return [.hear(bytes)]
    }

    private mutating func answerGoodbye(_ frame: WebSocketFrame) -> [Effect] {
        guard state == .open else { return hangUp() }
        let echo = frame.unmaskedData.readableBytes >= 2 ? frame.unmaskedData.getSlice(at: 0, length: 2) : nil
        return [.send(Self.frame(.connectionClose, echo ?? ByteBuffer()))] + hangUp()
    }

    // MARK: - Frames

    static func text(_ bytes: [UInt8]) -> WebSocketFrame { frame(.text, ByteBuffer(bytes: bytes)) }

    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, data: data)
    }

    /// The reason is cut: a control frame carries 125 bytes, two of them the code.
    private static func goodbye(_ code: WebSocketErrorCode, _ reason: String) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        var room = 123
        let said = reason.prefix {
            room -= $0.utf8.count
            return room >= 0
        }
        data.writeString(String(said))
        return frame(.connectionClose, data)
    }
}
