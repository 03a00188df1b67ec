import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
package import Ports

/// Forwards by AsyncHTTPClient. An answer that brings nothing for a while is broken off: the stream of events says
/// something every 15 s.
package struct WebForwarder: HTTPForwarder {
    package init() {}

    package func forward(_ request: ForwardedRequest) async throws -> APIResponse {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for field in request.headers where field.name != .contentLength {
            outgoing.headers.add(name: field.name.rawName, value: field.value)
        }
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }) {
            outgoing.body = Self.body(request.body.chunks, length: .known(length))
        } else if request.method != .get, request.method != .head {
            outgoing.body = Self.body(request.body.chunks, length: .unknown)
        }
        do {
            let response = try await WebRequester.streamClient.execute(outgoing, timeout: .init(request.timeout))
            return Self.answer(response, to: request.method)
        } catch {
            try Task.checkCancellation()
            throw WebRequester.failure(error, url: request.url, timeout: request.timeout)
        }
    }

    private static func body(
        _ chunks: some AsyncSequence<[UInt8], any Error> & Sendable, length: HTTPClientRequest.Body.Length
    ) -> HTTPClientRequest.Body {
        .stream(chunks.map { ByteBuffer(bytes: $0) }, length: length)
    }

    private static func answer(_ response: HTTPClientResponse, to method: HTTPRequest.Method) -> APIResponse {
        var answer = APIResponse(.init(code: Int(response.status.code)), contentType: "", body: [])
        answer.headers = HTTPFields(
            response.headers.compactMap { field in
                HTTPField.Name(field.name).map { HTTPField(name: $0, value: field.value) }
            }.filter { !HTTPForwarding.isOfConnection($0.name) && $0.name != .contentLength })
        let isEmpty = [204, 304].contains(answer.status.code) || response.headers.first(name: "content-length") == "0"
        if isEmpty || method == .head { return answer }
        let body = response.body
        if method == .get {
            answer.stream = body.map { Array(buffer: $0) }
        } else {
            // The request's body is used up: it cannot tell any more whether the client is there.
            answer.producer = { write in
                for try await chunk in body { try await write(Array(buffer: chunk)) }
            }
        }
        return answer
    }
}
