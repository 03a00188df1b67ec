import Synchronization

/// Answers requests by a function, and remembers them.
package final class InMemoryHTTPRequester: HTTPRequester {
    package typealias Answer = @Sendable (OutgoingRequest) async throws -> IncomingResponse

    private let answer: Answer
    private let sent = Mutex<[OutgoingRequest]>([])

    package init(_ answer: @escaping Answer) { self.answer = answer }

    /// Everything that was sent, oldest first.
    package var requests: [OutgoingRequest] { sent.withLock { $0 } }

    package func send(_ request: OutgoingRequest) async throws -> IncomingResponse {
        sent.withLock { $0.append(request) }
        return try await answer(request)
    }
}
