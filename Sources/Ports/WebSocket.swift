/// A path at which clients may open a WebSocket (RFC 6455); it may be the path of an HTTP route too.
package struct SocketRoute: Sendable {
    /// `/api/v1/something`, without parameters.
    package var path: String
    /// Looks at who wants to talk, and about what. Throws what an HTTP request would be answered with.
    package var open: @Sendable (APIRequest) async throws -> Conversation

    package init(_ path: String, open: @escaping @Sendable (APIRequest) async throws -> Conversation) {
        self.path = path
        self.open = open
    }
}

/// What is said over a WebSocket, in text messages.
package struct Conversation: Sendable {
    /// Said to the peer, each when it has taken the one before; the conversation ends with the last. Nil for somebody
    /// who only listens: that conversation ends with its peer.
    package var told: (any AsyncSequence<[UInt8], any Error> & Sendable)?
    /// Takes one message of the peer. What it throws ends the conversation, and a `KeptnError` is told to the peer.
    package var hear: @Sendable ([UInt8]) async throws -> Void

    package init(
        told: (any AsyncSequence<[UInt8], any Error> & Sendable)? = nil,
        hear: @escaping @Sendable ([UInt8]) async throws -> Void
    ) {
        self.told = told
        self.hear = hear
    }
}
