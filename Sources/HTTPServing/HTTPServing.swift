import CloudEvents
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import KeptnModel
package import Logging
import NIOCore
package import Ports
import ServiceLifecycle
import Synchronization

/// Serves a table of routes over HTTP/1.1, with JSON errors everywhere.
package struct HTTPServing: Service {
    package typealias Admission = @Sendable (APIRequest, HTTPRoute) async throws -> Caller

    private let host: String
    private let port: Int
    private let table: RouteTable
    private let sockets: SocketTable
    private let admit: Admission
    private let requests: RequestStatistics
    private let onReady: @Sendable (Int) async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - admit: says who asks for a `.token` route; throws for requests that may not pass.
    ///   - onReady: called with the port when the server listens.
    package init(
        host: String, port: Int, routes: [HTTPRoute], sockets: [SocketRoute] = [], requests: RequestStatistics,
        admit: @escaping Admission, logger: Logger,
        onReady: @escaping @Sendable (Int) async -> Void
    ) {
        self.host = host
        self.port = port
        table = RouteTable(routes)
        self.sockets = SocketTable(sockets)
        self.admit = admit
        self.requests = requests
        self.onReady = onReady
        self.logger = logger
    }

    package func run() async throws {
        let onReady = self.onReady
        let application = Application(
            responder: Responder(table: table, admit: admit, requests: requests, logger: logger),
            server: HTTPServerBuilder { UpgradableChannel(http: HTTP1Channel(responder: $0), sockets: sockets) },
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "keptn"),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw Self.failure(error, at: "\(host):\(port)")
        } catch is SocketAddressError.UnknownHost {
            throw KeptnError(
                .unavailable, "nobody can be served at \(host):\(port): the name '\(host)' is unknown")
        }
    }

    private static func failure(_ error: IOError, at address: String) -> KeptnError {
        let reason =
            error.errnoCode == EADDRINUSE
            ? "another program listens there: end it, or choose another port (0 takes a free one)"
            : FileFailure.text(of: error.errnoCode)
        return KeptnError(.unavailable, "nobody can be served at \(address): \(reason)")
    }
}

private struct ServingContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: String
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress ?? ""
        channel = source.channel
    }
}

private struct Responder: HTTPResponder {
    let table: RouteTable
    let admit: HTTPServing.Admission
    let requests: RequestStatistics
    let logger: Logger

    func respond(to request: Request, context: ServingContext) async throws -> Response {
        let start = ContinuousClock.now
        let match = table.find(request.method, request.uri.path)
        let answer = await answer(request, match, context)
        requests.note(
            route: match.route?.path ?? "", method: request.method.rawValue, status: answer.status.code,
            after: ContinuousClock.now - start)
        if let stream = answer.stream, request.method != .head {
            let body = StreamingBody(on: context.channel).responseBody(of: stream, for: request)
            return Response(status: answer.status, headers: answer.headers, body: body)
        }
        if let producer = answer.producer, request.method != .head {
            let body = StreamingBody(on: context.channel).responseBody(writtenBy: producer)
            return Response(status: answer.status, headers: answer.headers, body: body)
        }
        var headers = answer.headers
        headers[.contentLength] = String(answer.body.count)
        let body: ResponseBody = request.method == .head ? .init() : .init(byteBuffer: ByteBuffer(bytes: answer.body))
        return Response(status: answer.status, headers: headers, body: body)
    }

    private func answer(_ request: Request, _ match: RouteTable.Match, _ context: ServingContext) async -> APIResponse {
        do {
            guard let route = match.route else { return Self.missing(match, request.uri.path) }
            var asked = APIRequest(
                parameters: match.parameters, query: QueryText.parse(request.uri.query ?? ""),
                headers: request.headers, body: try Self.body(of: request), remoteAddress: context.remoteAddress,
                authority: request.head.authority ?? "", target: request.uri.string)
            if route.access == .token { asked.caller = try await admit(asked, route) }
            return try await route.handler(asked)
        } catch {
            var response = Failure.response(to: error, logger: logger)
            if response.status == .unauthorized { response.headers[.wwwAuthenticate] = Self.challenge(match.route) }
            return response
        }
    }

    private static func body(of request: Request) throws -> IncomingBody {
        let plain = request.body.map { Array($0.readableBytesView) }
        switch request.headers[.contentEncoding]?.lowercased() {
        case nil, "", "identity":
            return IncomingBody(plain, announced: request.headers[.contentLength].flatMap { Int($0) })
        case "gzip", "x-gzip": return IncomingBody(GzipBody(packed: plain))
        case let other?:
            throw KeptnError(.unsupportedMediaType, "the body is encoded as '\(other)'; 'gzip' or none is understood")
        }
    }

    /// How to say who one is (RFC 9110 section 11.6.1). Git sends a password only after it has heard of `Basic`; a
    /// browser that hears of it asks its user, which would be wrong everywhere else.
    private static func challenge(_ route: HTTPRoute?) -> String {
        let scheme = route?.path.hasPrefix("/api/git/") == true ? "Basic" : "Bearer"
        return "\(scheme) realm=\"keptn\""
    }

    private static func missing(_ match: RouteTable.Match, _ path: String) -> APIResponse {
        guard !match.allowed.isEmpty else {
            return .error(.notFound, "there is nothing at \(path)")
        }
        let allowed = match.allowed.map(\.rawValue).sorted().joined(separator: ", ")
        var response = APIResponse.error(.methodNotAllowed, "\(path) takes \(allowed) only")
        response.headers[.allow] = allowed
        return response
    }
}

/// What a request that failed is answered with.
package enum Failure {
    package static func response(to error: any Error, logger: Logger) -> APIResponse {
        switch error {
        case let error as KeptnError where error.code != .internalFailure:
            return .error(status(of: error.code), error.message)
        case let error as CloudEventError:
            if case .unsupportedContentType = error { return .error(.unsupportedMediaType, error.description) }
            return .error(.badRequest, error.description)
        case let error as InvalidFile:
            return .error(.badRequest, error.description)
        case is CancellationError:
            return .error(.serviceUnavailable, "the server is stopping")
        default:
            let incident = String(UInt64.random(in: .min ... .max), radix: 36)
            logger.error(
                "a request failed", metadata: ["error.message": "\(error)", "incident": "\(incident)"])
            return .error(
                .internalServerError, "something went wrong here; the server's log tells more under \(incident)")
        }
    }

    private static func status(of code: KeptnError.Code) -> HTTPResponse.Status {
        switch code {
        case .invalidInput: .badRequest
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .forbiddenByRule: .unprocessableContent
        case .failedDependency: .init(code: 424, reasonPhrase: "Failed Dependency")
        case .tooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .tooManyRequests: .tooManyRequests
        case .unavailable: .serviceUnavailable
        default: .internalServerError
        }
    }
}
