import AsyncHTTPClient
import CloudEvents
import Core
import Glibc
import HTTPTypes
import HummingbirdCore
import KeptnModel
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOPosix
import Ports
import Synchronization

/// The way of one request through the proxy.
extension HTTPProxy {
    /// Bodies up to this size are taken in before the request goes on, so that it can be repeated.
    private static let bufferedBodyMax = 256 << 10
    /// A request that may be repeated is sent so often at most.
    private static let triesMax = 3

    @concurrent
    func answer(
        _ request: Request, _ writer: consuming ResponseWriter, client: String?, on route: RouteKey
    ) async throws {
        let effect = fault(of: request, client: client, on: route)
        if case .delay(let delay)? = effect { try await time.sleep(for: delay) }
        // What a client has to wait because of a problem is no fault of the service.
        let begin = ContinuousClock.now
        if request.headers[.expect]?.lowercased() == "100-continue" {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        let body = try await ForwardedBody(of: request, bufferedMax: Self.bufferedBodyMax)
        if case .refusal(let status)? = effect {
            // Not counted: the service never saw it.
            let message = "requests of this client to \(route.scope.service) are refused because of a problem"
            try await refuse(writer, HTTPResponse.Status(code: status), message, isHead: request.method == .head)
            if !body.isTaken { throw ProxyError.connectionUnusable }
            return
        }
        switch await exchange(request, body, client: client, on: route) {
        case .answered(let response, let seat):
            defer { state.withLock { $0.table.giveBack(seat) } }
            try await pass(response, to: writer, request: request) { isGood in
                self.count(seat, since: begin, failed: !isGood || response.status.code >= 500)
            }
        case .failed(let status, let message, let seat):
            if let seat { count(seat, since: begin, failed: status.code >= 500) }
            try await refuse(writer, status, message, isHead: request.method == .head)
        }
        // What the client still sends of a body that nobody wanted would be taken for its next request.
        if !body.isTaken { throw ProxyError.connectionUnusable }
    }

    private enum Outcome {
        case answered(HTTPClientResponse, RouteTable.Seat)
        /// The seat, already given back, whose deployment did not answer.
        case failed(HTTPResponse.Status, String, RouteTable.Seat?)
    }

    /// Finds a process that answers. The first try takes a kept connection; when it fails before an answer began, and
    /// the request may be repeated or has not been sent, it goes to the next process on a new connection.
    private func exchange(
        _ request: Request, _ body: ForwardedBody, client: String?, on route: RouteKey
    ) async -> Outcome {
        guard let path = request.head.path, path.hasPrefix("/"), request.method != .connect else {
            return .failed(.badRequest, "the proxy takes requests for a path only", nil)
        }
        var tried: Set<Endpoint> = []
        var last = Outcome.failed(.serviceUnavailable, missing(route), nil)
        for number in 1...Self.triesMax {
            guard let seat = state.withLock({ $0.table.takeSeat(on: route, avoiding: tried) }) else { return last }
            do {
                var forwarded = HTTPClientRequest(url: "http://\(seat.endpoint)\(path)")
                forwarded.method = NIOHTTP1.HTTPMethod(rawValue: request.method.rawValue)
                forwarded.headers = ForwardedHeaders.request(request, client: client)
                forwarded.body = body.content
                let mayReuse = number == 1 && request.method.isIdempotent
                let upstream = mayReuse ? UpstreamClients.pooled : UpstreamClients.fresh
                let response = try await upstream.execute(
                    forwarded, timeout: TimeAmount(configuration.answerTime), logger: logger)
                return .answered(response, seat)
            } catch {
                state.withLock { $0.table.giveBack(seat) }
                tried.insert(seat.endpoint)
                logger.debug(
                    "a process did not answer",
                    metadata: ["route": "\(route)", "endpoint": "\(seat.endpoint)", "error": "\(error)"])
                if (error as? HTTPClientError) == .deadlineExceeded {
                    let message = "\(route.scope.service) did not answer within \(configuration.answerTime)"
                    return .failed(.gatewayTimeout, message, seat)
                }
                last = .failed(.badGateway, "\(route.scope.service) did not answer: \(error)", seat)
                let wasSent = !error.isConnectFailure
                guard body.isRepeatable, !wasSent || request.method.isIdempotent, !Task.isCancelled else { return last }
            }
        }
        return last
    }

    private func missing(_ route: RouteKey) -> String {
        let (stage, service) = (route.scope.stage, route.scope.service)
        if state.withLock({ $0.table.deployment(of: route) }) != nil {
            return "no process of \(service) in stage \(stage) is up at the moment"
        }
        return switch route.kind {
        case .primary: "nothing of \(service) has been released in stage \(stage) yet"
        case .canary: "there is no canary of \(service) in stage \(stage)"
        }
    }

    /// Hands the answer on as it comes. `end` hears whether the process sent it whole, but nothing when it was the
    /// client that went away.
    @concurrent
    private func pass(
        _ response: HTTPClientResponse, to writer: consuming ResponseWriter, request: Request,
        end: (_ isGood: Bool) -> Void
    ) async throws {
        let status = response.status
        var head = HTTPResponse(status: .init(code: Int(status.code), reasonPhrase: status.reasonPhrase))
        head.headerFields = ForwardedHeaders.response(response.headers)
        // An answer to HEAD has no body, so without a length the encoder's end mark for one would confuse the client.
        let mustClose = request.method == .head && head.headerFields[.contentLength] == nil
        if mustClose { head.headerFields[.connection] = "close" }
        var bodyWriter = try await writer.writeHead(head)
        var parts = response.body.makeAsyncIterator()
        while true {
            let part: ByteBuffer?
            do {
                part = try await parts.next()
            } catch {
                end(false)
                throw error
            }
            guard let part else { break }
            try await bodyWriter.write(part)
        }
        end(true)
        try await bodyWriter.finish(nil)
        if mustClose { throw ProxyError.connectionUnusable }
    }

    @concurrent
    private func refuse(
        _ writer: consuming ResponseWriter, _ status: HTTPResponse.Status, _ message: String, isHead: Bool
    ) async throws {
        let content = JSON.object([("code", .integer(status.code)), ("message", .string(message))]).bytes
        var head = HTTPResponse(status: status)
        head.headerFields[.contentType] = "application/json"
        head.headerFields[.contentLength] = String(content.count)
        if status == .serviceUnavailable { head.headerFields[.retryAfter] = "1" }
        var bodyWriter = try await writer.writeHead(head)
        if !isHead { try await bodyWriter.write(ByteBuffer(bytes: content)) }
        try await bodyWriter.finish(nil)
    }

    private func count(_ seat: RouteTable.Seat, since begin: ContinuousClock.Instant, failed: Bool) {
        let milliseconds = (ContinuousClock.now - begin) / .milliseconds(1)
        let now = time.now
        state.withLock { state in
            state.traffic.record(
                seat.route, deployment: seat.deployment, at: now, milliseconds: milliseconds, failed: failed)
        }
    }
}

/// Ends a client's connection after its answer; the server only logs it at trace level.
private enum ProxyError: Error {
    case connectionUnusable
}

/// The body of a request on its way: taken in whole when it is small, else streamed once.
private struct ForwardedBody {
    let content: HTTPClientRequest.Body?
    private let stream: StreamedBody?

    init(of request: Request, bufferedMax: Int) async throws {
        let length = request.headers[.contentLength].flatMap(Int.init)
        if let length, length <= bufferedMax {
            content = length == 0 ? nil : .bytes(try await request.body.collect(upTo: bufferedMax))
            stream = nil
        } else if length != nil || request.headers[.transferEncoding] != nil {
            let streamed = StreamedBody(request.body)
            content = .stream(streamed, length: length.map { .known(Int64($0)) } ?? .unknown)
            stream = streamed
        } else {
            content = nil
            stream = nil
        }
    }

    /// Whether it can be sent (again).
    var isRepeatable: Bool { stream?.hasBegun != true }

    /// Whether all of it was read from the client.
    var isTaken: Bool { stream?.hasEnded != false }
}

/// A request body that knows how far it was read.
private final class StreamedBody: AsyncSequence, Sendable {
    private let source: RequestBody
    private let progress = Mutex((begun: false, ended: false))

    init(_ source: RequestBody) { self.source = source }

    var hasBegun: Bool { progress.withLock { $0.begun } }
    var hasEnded: Bool { progress.withLock { $0.ended } }

    func makeAsyncIterator() -> Iterator { Iterator(body: self, source: source.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        let body: StreamedBody
        var source: RequestBody.AsyncIterator

        @concurrent
        mutating func next() async throws -> ByteBuffer? {
            body.progress.withLock { $0.begun = true }
            let part = try await source.next()
            if part == nil { body.progress.withLock { $0.ended = true } }
            return part
        }
    }
}

/// Which headers go through.
enum ForwardedHeaders {
    /// Those that belong to one connection only (RFC 9110, section 7.6.1), and `Expect`, which the proxy answers
    /// itself.
    private static let perConnection: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "expect",
    ]

    static func request(_ request: Request, client: String?) -> HTTPHeaders {
        let dropped = perConnection.union(named(in: request.headers[values: .connection]))
        var headers = HTTPHeaders()
        for field in request.headers where !dropped.contains(field.name.canonicalName) {
            headers.add(name: field.name.rawName, value: field.value)
        }
        let host = request.head.authority
        if let host { headers.replaceOrAdd(name: "Host", value: host) }
        if let client { headers.add(name: "X-Forwarded-For", value: client) }
        if !headers.contains(name: "X-Forwarded-Proto") { headers.add(name: "X-Forwarded-Proto", value: "http") }
        if let host, !headers.contains(name: "X-Forwarded-Host") {
            headers.add(name: "X-Forwarded-Host", value: host)
        }
        return headers
    }

    static func response(_ headers: HTTPHeaders) -> HTTPFields {
        let dropped = perConnection.union(named(in: headers["Connection"]))
        var fields = HTTPFields()
        for (name, value) in headers where !dropped.contains(name.lowercased()) {
            guard let name = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }

    private static func named(in values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " }.lowercased() }
    }
}

extension HTTPRequest.Method {
    /// Sending it twice is as good as once (RFC 9110, section 9.2.2).
    fileprivate var isIdempotent: Bool {
        [.get, .head, .put, .delete, .options, .trace].contains(self)
    }
}

extension Error {
    /// There was no connection, so nothing can have been processed.
    fileprivate var isConnectFailure: Bool {
        if let error = self as? IOError {
            return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
        }
        return self is NIOConnectionError || (self as? HTTPClientError) == .connectTimeout
    }
}
