package import CloudEvents
package import Core
package import HTTPTypes

/// One thing that the API answers: a value, so that the whole API is a table that needs no socket.
package struct HTTPRoute: Sendable {
    package enum Access: Sendable { case everybody, token }

    package var method: HTTPRequest.Method
    /// `/api/controlPlane/v1/project/{project}`; `{rest...}` at the end takes all remaining segments.
    package var path: String
    package var access: Access
    /// What whoever calls a `.token` route has to be granted.
    package let rule: AccessRule
    package var handler: @Sendable (APIRequest) async throws -> APIResponse

    package init(
        _ method: HTTPRequest.Method, _ path: String, access: Access = .token,
        handler: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) {
        self.method = method
        self.path = path
        self.access = access
        rule = AccessRule.of(method.rawValue, path) ?? .strictest
        self.handler = handler
    }
}

package struct APIRequest: Sendable {
    /// What stood at the `{names}` of the path, decoded.
    package var parameters: [String: String]
    package var query: [String: String]
    package var headers: HTTPFields
    package var body: IncomingBody
    /// The other end's address, without a port.
    package var remoteAddress: String
    /// The host, and the port where it is not the usual one, that the client asks for (RFC 9110 section 7.2).
    package var authority: String
    /// Path and query as they were sent, encoded.
    package var target: String
    /// Who asks: known once the request has been let in.
    package var caller = Caller.nobody

    package init(
        parameters: [String: String] = [:], query: [String: String] = [:], headers: HTTPFields = HTTPFields(),
        body: IncomingBody = IncomingBody([]), remoteAddress: String = "127.0.0.1", authority: String = "localhost",
        target: String = ""
    ) {
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.authority = authority
        self.target = target
    }

    /// A parameter that the route's path names.
    package func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// A query item; nil when it is absent or empty.
    package func query(_ name: String) -> String? {
        query[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The bytes of a request as they arrive.
package struct IncomingBody: Sendable {
    package let chunks: any AsyncSequence<[UInt8], any Error> & Sendable
    /// How many bytes the client says that there are.
    private let announced: Int?

    package init(_ chunks: any AsyncSequence<[UInt8], any Error> & Sendable, announced: Int? = nil) {
        self.chunks = chunks
        self.announced = announced
    }

    package init(_ bytes: [UInt8]) { self.init(Once(bytes: bytes)) }

    /// All of it. Throws `KeptnError.tooLarge` beyond the limit.
    package func collect(upTo bytesMax: Int) async throws -> [UInt8] {
        let tooLarge = KeptnError(.tooLarge, "the request body is larger than \(bytesMax) bytes")
        guard announced ?? 0 <= bytesMax else { throw tooLarge }
        var all: [UInt8] = []
        for try await chunk in chunks {
            guard all.count + chunk.count <= bytesMax else { throw tooLarge }
            all += chunk
        }
        return all
    }

    private struct Once: AsyncSequence, Sendable {
        typealias Failure = any Error
        let bytes: [UInt8]

        struct Iterator: AsyncIteratorProtocol {
            var bytes: [UInt8]?
            mutating func next() async throws -> [UInt8]? {
                defer { bytes = nil }
                return bytes.flatMap { $0.isEmpty ? nil : $0 }
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes) }
    }
}

package struct APIResponse: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]
    /// Sent instead of the body, chunk by chunk as the client takes them; dropped when the client goes.
    package var stream: (any AsyncSequence<[UInt8], any Error> & Sendable)?
    /// Sent instead of the body as it is written. A write returns when the client has taken enough of what was there,
    /// and throws when it is gone.
    package var producer: Producer?

    package typealias Producer = @concurrent @Sendable (_ write: Writer) async throws -> Void
    package typealias Writer = @concurrent ([UInt8]) async throws -> Void

    package init(_ status: HTTPResponse.Status = .ok, contentType: String, body: [UInt8]) {
        self.status = status
        self.headers = [.contentType: contentType]
        self.body = body
    }
}

extension APIResponse {
    package static func json(_ value: JSON, _ status: HTTPResponse.Status = .ok) -> APIResponse {
        APIResponse(status, contentType: "application/json; charset=utf-8", body: Array(value.bytes))
    }

    package static func text(_ value: String, _ status: HTTPResponse.Status = .ok) -> APIResponse {
        APIResponse(status, contentType: "text/plain; charset=utf-8", body: Array(value.utf8))
    }

    /// Keptn's error body.
    package static func error(_ status: HTTPResponse.Status, _ message: String) -> APIResponse {
        .json(["code": .integer(status.code), "message": .string(message)], status)
    }
}
