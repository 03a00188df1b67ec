import Logging
import NIOCore
import NIOWebSocket
import Ports
import ServiceLifecycle
import Synchronization

/// Holds one conversation over an open WebSocket: three tasks that hear, tell, and look whether the peer is there.
///
/// What is told waits for the peer to take it; a peer that takes nothing answers no ping either, and is disconnected.
final class WebSocketSession: Sendable {
    /// Between two pings.
    static let pingInterval = Duration.seconds(15)
    /// How long the peer has for answering our goodbye.
    static let goodbyeMax = Duration.seconds(5)

    typealias Socket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>
    private typealias Frames = NIOAsyncChannelInboundStream<WebSocketFrame>
    private typealias Writer = NIOAsyncChannelOutboundWriter<WebSocketFrame>

    /// Which of the tasks ended, and with it what.
    private enum End {
        /// The peer said goodbye, or is gone, or was refused.
        case heard
        case told(WebSocketErrorCode)
        /// The peer did not answer in time.
        case silent
    }

    private let socket: Socket
    private let conversation: Conversation
    private let logger: Logger
    private let machine = Mutex(WebSocketMachine())

    init(on socket: Socket, about conversation: Conversation, logger: Logger) {
        self.socket = socket
        self.conversation = conversation
        self.logger = logger
    }

    func run() async {
        do {
            try await socket.executeThenClose { frames, writer in try await converse(frames, writer) }
        } catch {
            logger.debug("a WebSocket broke", metadata: ["error.message": "\(error)"])
        }
    }

    /// More conversations than there is room for: says so.
    func turnAway() async {
        try? await socket.executeThenClose { _, writer in
            let effects = machine.withLock { $0.fail(.unknown(1013), "too many WebSockets are open; try again later") }
            _ = try await perform(effects, writer)
        }
    }

    private func converse(_ frames: Frames, _ writer: Writer) async throws {
        try await withThrowingTaskGroup(of: End.self) { tasks in
            tasks.addTask { try await self.hear(frames, writer) }
            tasks.addTask { try await self.tell(writer) }
            tasks.addTask { await self.watch() }
            defer { tasks.cancelAll() }
            while let end = try await tasks.next() {
                guard case .told(let code) = end else { return }
                _ = try await perform(machine.withLock { $0.close(code) }, writer)
                tasks.addTask {
                    try? await Task.sleep(for: Self.goodbyeMax)
                    return .silent
                }
            }
        }
    }

    private func hear(_ frames: Frames, _ writer: Writer) async throws -> End {
        for try await frame in frames {
            guard try await perform(machine.withLock { $0.handle(frame) }, writer) else { break }
        }
        return .heard
    }

    private func tell(_ writer: Writer) async throws -> End {
        guard let told = conversation.told else {
            try await gracefulShutdown()
            return .told(.goingAway)
        }
        do {
            try await write(told, writer)
        } catch let error as KeptnError {
            logger.warning("a WebSocket's conversation failed", metadata: ["error.message": "\(error)"])
            return .told(.unexpectedServerError)
        }
        return .told(Task.isShuttingDownGracefully ? .goingAway : .normalClosure)
    }

    private func write(_ told: some AsyncSequence<[UInt8], any Error> & Sendable, _ writer: Writer) async throws {
        for try await text in told.cancelOnGracefulShutdown() {
            try await writer.write(WebSocketMachine.text(text))
        }
    }

    private func watch() async -> End {
        while (try? await Task.sleep(for: Self.pingInterval)) != nil {
            for effect in machine.withLock({ $0.tick() }) {
                // Not over the writer: it waits for a peer that takes nothing, which is what is watched for.
                guard case .send(let frame) = effect else { return .silent }
                socket.channel.writeAndFlush(frame, promise: nil)
            }
        }
        return .silent
    }

    /// - Returns: False when the conversation is over.
    private func perform(_ effects: [WebSocketMachine.Effect], _ writer: Writer) async throws -> Bool {
        for effect in effects {
            switch effect {
            case .send(let frame): try await writer.write(frame)
            case .hangUp: return false
            case .hear(let text):
                do {
                    try await conversation.hear(text)
                } catch let error as KeptnError {
                    return try await perform(machine.withLock { $0.fail(.policyViolation, error.message) }, writer)
                }
            }
        }
        return true
    }
}
