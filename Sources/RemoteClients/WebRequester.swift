import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
package import Ports

/// Requests by AsyncHTTPClient.
package struct WebRequester: HTTPRequester {
    /// They live as long as the program, as `HTTPClient.shared` does, which follows redirects and has few connections.
    private struct Clients: Sendable {
        let plain: HTTPClient
        /// For answers that go on for long, and that say something now and then to show that somebody is there.
        let streaming: HTTPClient

        /// For servers that the machine trusts.
        static let trusting = Clients(trust: nil)
        /// For whatever servers.
        static let credulous: Clients = {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            return Clients(trust: tls)
        }()

        private init(trust: TLSConfiguration?) {
            var configuration = WebRequester.configuration(trust: trust)
            plain = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
            configuration.timeout.read = .init(StreamedResponse.silenceMax)
            streaming = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        }
    }

    static var streamClient: HTTPClient { Clients.trusting.streaming }

    static func configuration(trust: TLSConfiguration?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(tlsConfiguration: trust)
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(5)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        // The caller decides whether and when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private let time = SystemTime()
    private let clients: Clients

    /// - Parameter verifiesServers: false believes every server to be who it says, over TLS.
    package init(verifiesServers: Bool = true) { clients = verifiesServers ? .trusting : .credulous }

    package func send(_ request: OutgoingRequest) async throws -> IncomingResponse {
        let (prepared, bytesMax) = (Self.prepared(request), request.responseBytesMax)
        do {
            // The client's own deadline ends with the head of the answer.
            return try await time.withDeadline(request.timeout, "the request") {
                try await withClient(trusting: request.trust) { client in
                    let response = try await client.execute(prepared, timeout: .init(request.timeout))
                    let body = try await response.body.collect(upTo: bytesMax)
                    return IncomingResponse(
                        status: Int(response.status.code), headers: Self.fields(response.headers),
                        body: Array(buffer: body))
                }
            }
        } catch {
            try Task.checkCancellation()
            if error is NIOTooManyBytesError {
                throw RequestFailure(.tooLarge, "the answer is larger than \(bytesMax) bytes")
            }
            throw Self.failure(error, url: request.url, timeout: request.timeout)
        }
    }

    package func stream(_ request: OutgoingRequest) async throws -> StreamedResponse {
        do {
            let response = try await clients.streaming.execute(
                Self.prepared(request), timeout: .init(request.timeout))
            return StreamedResponse(
                status: Int(response.status.code), body: response.body.map { Array($0.readableBytesView) })
        } catch {
            try Task.checkCancellation()
            throw Self.failure(error, url: request.url, timeout: request.timeout)
        }
    }

    private static func prepared(_ request: OutgoingRequest) -> HTTPClientRequest {
        var prepared = HTTPClientRequest(url: request.url)
        prepared.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { prepared.headers.add(name: name, value: value) }
        if !request.body.isEmpty { prepared.body = .bytes(ByteBuffer(bytes: request.body)) }
        return prepared
    }

    /// A client of its own for a request that trusts others than the machine does: its connections serve nobody else.
    private func withClient(
        trusting trust: ServerTrust?, _ body: (HTTPClient) async throws -> IncomingResponse
    ) async throws -> IncomingResponse {
        guard let trust else { return try await body(clients.plain) }
        var tls = TLSConfiguration.makeClientConfiguration()
        if trust.skipsVerification { tls.certificateVerification = .none }
        if let certificate = trust.certificate {
            do {
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))]
            } catch {
                throw RequestFailure(.badURL, "the certificate to trust cannot be read: \(error)")
            }
        }
        let own = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: Self.configuration(trust: tls))
        let result: Result<IncomingResponse, any Error>
        do { result = .success(try await body(own)) } catch { result = .failure(error) }
        try? await own.shutdown()
        return try result.get()
    }

    private static func fields(_ headers: HTTPHeaders) -> [String: String] {
        Dictionary(headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
    }

    static func failure(_ error: any Error, url: String, timeout: Duration) -> RequestFailure {
        let late = RequestFailure(.timeout, "no answer within \(timeout)")
        switch error {
        case let error as RequestFailure: return error
        case is DeadlineExceeded: return late
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
                return late
            case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath:
                return RequestFailure(.badURL, "'\(url)' is no address of an HTTP server")
            case _ where "\(error)".contains("unsupportedScheme"):
                return RequestFailure(.badURL, "'\(url)' begins with neither http:// nor https://")
            default: return RequestFailure(.unreachable, ConnectionFailure.reason(error))
            }
        default: return RequestFailure(.unreachable, ConnectionFailure.reason(error))
        }
    }
}
