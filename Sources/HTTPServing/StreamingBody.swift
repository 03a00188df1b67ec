import Glibc
import Hummingbird
import NIOCore
import Ports
import ServiceLifecycle
import Synchronization

/// A body that has no end of its own: it ends when its source does, when the client goes, and when the server stops.
///
/// Nothing is kept for a slow client: the source is asked for more when the network has taken what was there. A client
/// that takes nothing for a while is disconnected.
final class StreamingBody: Sendable {
    /// How long one write may wait for the client.
    static let stallMax = Duration.seconds(30)
    private static let watchInterval = Duration.seconds(5)

    /// TCP_USER_TIMEOUT (RFC 5482), in milliseconds: a client that has gone without a word would else be taken to be
    /// there for a quarter of an hour.
    private static let silenceMax = ChannelOptions.Types.SocketOption(
        level: .tcp, name: NIOBSDSocket.Option(rawValue: CInt(TCP_USER_TIMEOUT)))

    private let channel: any Channel
    /// When the write that is under way began.
    private let writing = Mutex<ContinuousClock.Instant?>(nil)

    init(on channel: any Channel) { self.channel = channel }

    /// - Parameter request: Its body is not needed any more: from now on it only tells whether the client is there.
    func responseBody(
        of chunks: any AsyncSequence<[UInt8], any Error> & Sendable, for request: Request
    ) -> ResponseBody {
        ResponseBody { writer in
            try? await self.channel.setOption(Self.silenceMax, value: 45_000).get()
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await self.write(chunks, to: &writer)
            }
            try await writer.finish(nil)
        }
    }

    /// For a request whose body was read: that the client is gone shows at the next write.
    func responseBody(writtenBy produce: @escaping APIResponse.Producer) -> ResponseBody {
        ResponseBody { writer in
            try await self.write(produce, to: &writer)
            try await writer.finish(nil)
        }
    }

    @concurrent private func write(
        _ produce: APIResponse.Producer, to writer: inout any ResponseBodyWriter
    ) async throws {
        async let watch: Void = closeWhenStalled()
        try await produce { chunk in
            writing.withLock { $0 = .now }
            try await writer.write(ByteBuffer(bytes: chunk))
            writing.withLock { $0 = nil }
        }
    }

    @concurrent private func write(
        _ chunks: some AsyncSequence<[UInt8], any Error> & Sendable, to writer: inout any ResponseBodyWriter
    ) async throws {
        async let watch: Void = closeWhenStalled()
        for try await chunk in chunks.cancelOnGracefulShutdown() {
            writing.withLock { $0 = .now }
            try await writer.write(ByteBuffer(bytes: chunk))
            writing.withLock { $0 = nil }
        }
    }

    private func closeWhenStalled() async {
        while (try? await Task.sleep(for: Self.watchInterval)) != nil {
            let began = writing.withLock { $0 }
            if let began, ContinuousClock.now - began > Self.stallMax { return channel.close(promise: nil) }
        }
    }
}
