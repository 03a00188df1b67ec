/// Sends HTTP requests to other programs.
package protocol HTTPRequester: Sendable {
    /// The whole answer, whatever its status; redirects are not followed. Throws `RequestFailure` when there is none
    /// within the request's time, `CancellationError` when cancelled.
    func send(_ request: OutgoingRequest) async throws -> IncomingResponse

    /// An answer that is read while it comes, and that need not have an end. The request's time is that until its head,
    /// and the machine's trust is used. Throws as `send`.
    func stream(_ request: OutgoingRequest) async throws -> StreamedResponse
}

extension HTTPRequester {
    /// For doubles: the whole answer as one piece.
    package func stream(_ request: OutgoingRequest) async throws -> StreamedResponse {
        let response = try await send(request)
        return StreamedResponse(status: response.status, body: IncomingBody(response.body).chunks)
    }
}

package struct OutgoingRequest: Sendable, Hashable {
    package var method: String
    /// Absolute, `http` or `https`.
    package var url: String
    package var headers: [String: String]
    package var body: [UInt8]
    /// For everything, from the connection to the last byte of the answer.
    package var timeout: Duration
    /// A longer answer is a failure.
    package var responseBytesMax: Int
    /// Nil: what the machine trusts.
    package var trust: ServerTrust?

    package init(
        method: String = "GET", url: String, headers: [String: String] = [:], body: [UInt8] = [],
        timeout: Duration = .seconds(10), responseBytesMax: Int = 16 << 20, trust: ServerTrust? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.responseBytesMax = responseBytesMax
        self.trust = trust
    }
}

/// Which servers are believed to be who they say, over TLS.
package struct ServerTrust: Sendable, Hashable {
    /// Authorities beside the machine's, in PEM.
    package var certificate: String?
    /// Anybody is believed.
    package var skipsVerification: Bool

    package init(certificate: String? = nil, skipsVerification: Bool = false) {
        self.certificate = certificate
        self.skipsVerification = skipsVerification
    }
}

package struct IncomingResponse: Sendable, Hashable {
    package var status: Int
    /// Names in lower case; the values of fields that stand several times are joined by commas.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer of which only the head is here yet.
package struct StreamedResponse: Sendable {
    package let status: Int
    /// The body as it comes. Fails when the connection breaks, or when nothing at all has come for
    /// ``StreamedResponse/silenceMax``.
    package let body: any AsyncSequence<[UInt8], any Error> & Sendable

    package static let silenceMax = Duration.seconds(60)

    package init(status: Int, body: any AsyncSequence<[UInt8], any Error> & Sendable) {
        self.status = status
        self.body = body
    }
}

/// Why there is no answer.
package struct RequestFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// The address or the trust is none that can be used: trying again does not help.
        case badURL
        /// Nobody listens, the connection broke, or the name is unknown.
        case unreachable
        case timeout
        case tooLarge
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
