import AsyncHTTPClient
import CGit2
import CloudEvents
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Ports

/// Git's smart HTTP protocol for libgit2 by AsyncHTTPClient: libgit2's own trusts one set of authorities for the whole
/// process and waits without an end.
///
/// A request and its answer are held in memory whole, as the protocol's exchanges are one request each.
final class GitHTTPTransport {
    private static let answerBytesMax = 1 << 30

    private let call: RemoteCall
    private let https: GitCredentials.HTTPS
    private let client: HTTPClient

    private init(_ call: RemoteCall, _ https: GitCredentials.HTTPS) throws {
        self.call = call
        self.https = https
        var tls = TLSConfiguration.makeClientConfiguration()
        if https.insecureSkipTLS { tls.certificateVerification = .none }
        if let certificate = https.certificate {
            do {
                tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))]
            } catch {
                throw KeptnError(.invalidInput, "the certificate for the Git upstream cannot be read: \(error)")
            }
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.proxy = try https.proxy.map(Self.proxy)
        client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    deinit { client.shutdown { _ in } }

    private static func proxy(_ proxy: GitCredentials.Proxy) throws -> HTTPClient.Configuration.Proxy {
        let parts = proxy.url.split(separator: ":")
        guard proxy.scheme == "http", parts.count == 2, let port = Int(parts[1]) else {
            throw KeptnError(
                .invalidInput, "the proxy '\(proxy.scheme)://\(proxy.url)' cannot be used: only http:// proxies can")
        }
        let authorization: HTTPClient.Authorization? =
            proxy.user.isEmpty ? nil : .basic(username: proxy.user, password: proxy.password)
        return .server(host: String(parts[0]), port: port, authorization: authorization)
    }

    fileprivate func send(_ service: Service, to base: String, _ body: ByteBuffer) throws -> ByteBuffer {
        let url = service.url(base)
        var headers: HTTPHeaders = ["User-Agent": "git/2 (keptn)"]
        let user = call.upstream.user.isEmpty ? "keptn" : call.upstream.user
        headers.add(name: "Authorization", value: "Basic \(Base64.encode("\(user):\(https.token)".utf8))")
        if let type = service.requestType { headers.add(name: "Content-Type", value: type) }
        let response: HTTPClient.Response
        do {
            let request = try HTTPClient.Request(
                url: url, method: service.requestType == nil ? .GET : .POST, headers: headers,
                body: service.requestType == nil ? nil : .byteBuffer(body))
            let task = client.execute(
                request: request,
                delegate: ResponseAccumulator(request: request, maxBodySize: Self.answerBytesMax))
            call.waits { task.cancel() }
            defer { call.waits(stop: nil) }
            response = try task.wait()
        } catch {
            throw failure(error)
        }
        try check(response, service)
        return response.body ?? ByteBuffer()
    }

    private func check(_ response: HTTPClient.Response, _ service: Service) throws {
        switch response.status.code {
        case 200:
            // Many a server answers every path with a page.
            guard response.headers.first(name: "Content-Type") == service.responseType else { throw call.unknown }
        case 401, 403: throw call.refused
        case 404, 410: throw call.unknown
        case 407: throw proxyRefused
        case 300..<400:
            let place = response.headers.first(name: "Location").map { ": it points to '\($0)'" } ?? ""
            throw KeptnError(.invalidInput, "the upstream is not at '\(call.upstream)'\(place)")
        default:
            throw KeptnError(.unavailable, "the upstream '\(call.upstream)' answers with status \(response.status)")
        }
    }

    private func failure(_ error: any Error) -> KeptnError {
        let unreachable = "the upstream '\(call.upstream)' cannot be reached"
        guard let error = error as? HTTPClientError else {
            return KeptnError(.unavailable, "\(unreachable): \(Self.reason(error))")
        }
        switch error {
        case .proxyAuthenticationRequired, .invalidProxyResponse: return proxyRefused
        case .invalidURL, .emptyHost:
            return KeptnError(.invalidInput, "'\(call.upstream)' is no address of a Git server")
        default: return KeptnError(.unavailable, "\(unreachable): \(error.shortDescription)")
        }
    }

    /// In a few words; the last address that was tried stands for all.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: FileFailure.text(of: error.errnoCode)
        case let error as NIOConnectionError:
            error.connectionErrors.last.map { reason($0.error) } ?? "the name '\(error.host)' is unknown"
        case NIOSSLError.handshakeFailed(let failure) where "\(failure)".contains("CERTIFICATE_VERIFY_FAILED"):
            "its certificate is not trusted: 'gitPemCertificate' names one of your own"
        case NIOSSLError.handshakeFailed(let failure) where "\(failure)".contains("WRONG_VERSION_NUMBER"):
            "it does not speak TLS: is it http://?"
        default: "\(error)"
        }
    }

    private var proxyRefused: KeptnError {
        KeptnError(
            .failedDependency, "the proxy '\(https.proxy?.url ?? "")' refuses to connect: check its user and password")
    }
}

/// A request of the protocol.
private enum Service {
    case list(String)
    case exchange(String)

    init?(_ service: git_smart_service_t) {
        switch service {
        case GIT_SERVICE_UPLOADPACK_LS: self = .list("git-upload-pack")
        case GIT_SERVICE_UPLOADPACK: self = .exchange("git-upload-pack")
        case GIT_SERVICE_RECEIVEPACK_LS: self = .list("git-receive-pack")
        case GIT_SERVICE_RECEIVEPACK: self = .exchange("git-receive-pack")
        default: return nil
        }
    }

    func url(_ base: String) -> String {
        let base = base.hasSuffix("/") ? String(base.dropLast()) : base
        return switch self {
        case .list(let name): "\(base)/info/refs?service=\(name)"
        case .exchange(let name): "\(base)/\(name)"
        }
    }

    var requestType: String? {
        if case .exchange(let name) = self { "application/x-\(name)-request" } else { nil }
    }

    var responseType: String {
        switch self {
        case .list(let name): "application/x-\(name)-advertisement"
        case .exchange(let name): "application/x-\(name)-result"
        }
    }
}

// MARK: - The library's side

extension GitHTTPTransport {
    /// libgit2 hands back the pointer to `parent`, which is the pointer to the whole as it stands first.
    private struct Subtransport {
        var parent: git_smart_subtransport
        var transport: Unmanaged<GitHTTPTransport>
        var call: Unmanaged<RemoteCall>
    }

    private struct Stream {
        var parent: git_smart_subtransport_stream
        var exchange: Unmanaged<Exchange>
    }

    /// A request that grows while libgit2 writes, and is sent when it begins to read.
    private final class Exchange {
        let transport: GitHTTPTransport
        let service: Service
        let url: String
        var request = ByteBuffer()
        var answer: ByteBuffer?

        init(_ transport: GitHTTPTransport, _ service: Service, _ url: String) {
            self.transport = transport
            self.service = service
            self.url = url
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            var answer = try answer ?? transport.send(service, to: url, request)
            defer { self.answer = answer }
            let count = min(buffer.count, answer.readableBytes)
            answer.readWithUnsafeReadableBytes { bytes in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
                return count
            }
            return count
        }
    }

    static func make(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_transport>?>?, _ remote: OpaquePointer?,
        _ payload: UnsafeMutableRawPointer?
    ) -> Int32 {
        var definition = git_smart_subtransport_definition(
            callback: { out, _, payload in GitHTTPTransport.makeSubtransport(out, payload) }, rpc: 1, param: payload)
        return git_transport_smart(out, remote, &definition)
    }

    private static func makeSubtransport(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport>?>?,
        _ payload: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let call = RemoteCall.from(payload), case .https(let https) = call.upstream.access else { return -1 }
        let transport: GitHTTPTransport
        do { transport = try GitHTTPTransport(call, https) } catch { return failed(call, error) }
        let made = UnsafeMutablePointer<Subtransport>.allocate(capacity: 1)
        made.initialize(
            to: Subtransport(
                parent: git_smart_subtransport(
                    action: { out, subtransport, url, service in
                        GitHTTPTransport.begin(out, subtransport, url, service)
                    },
                    close: { _ in 0 },
                    free: { subtransport in
                        let whole = UnsafeMutableRawPointer(subtransport)?.assumingMemoryBound(to: Subtransport.self)
                        whole?.pointee.transport.release()
                        whole?.deinitialize(count: 1).deallocate()
                    }),
                transport: .passRetained(transport), call: .passUnretained(call)))
        out?.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: git_smart_subtransport.self)
        return 0
    }

    private static func begin(
        _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_smart_subtransport_stream>?>?,
        _ subtransport: UnsafeMutablePointer<git_smart_subtransport>?, _ url: UnsafePointer<CChar>?,
        _ service: git_smart_service_t
    ) -> Int32 {
        guard let subtransport, let url, let service = Service(service) else { return -1 }
        let whole = UnsafeMutableRawPointer(subtransport).assumingMemoryBound(to: Subtransport.self).pointee
        let exchange = Exchange(whole.transport.takeUnretainedValue(), service, String(cString: url))
        let made = UnsafeMutablePointer<Stream>.allocate(capacity: 1)
        made.initialize(
            to: Stream(
                parent: git_smart_subtransport_stream(
                    subtransport: subtransport,
                    read: { stream, buffer, size, count in GitHTTPTransport.read(stream, buffer, size, count) },
                    write: { stream, bytes, size in
                        let bytes = UnsafeRawBufferPointer(start: bytes, count: size)
                        GitHTTPTransport.exchange(of: stream)?.request.writeBytes(bytes)
                        return 0
                    },
                    free: { stream in
                        let whole = UnsafeMutableRawPointer(stream)?.assumingMemoryBound(to: Stream.self)
                        whole?.pointee.exchange.release()
                        whole?.deinitialize(count: 1).deallocate()
                    }),
                exchange: .passRetained(exchange)))
        out?.pointee = UnsafeMutableRawPointer(made).assumingMemoryBound(to: git_smart_subtransport_stream.self)
        return 0
    }

    private static func read(
        _ stream: UnsafeMutablePointer<git_smart_subtransport_stream>?, _ buffer: UnsafeMutablePointer<CChar>?,
        _ size: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        guard let exchange = exchange(of: stream) else { return -1 }
        do {
            count?.pointee = try exchange.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            return 0
        } catch {
            return failed(exchange.transport.call, error)
        }
    }

    private static func exchange(of stream: UnsafeMutablePointer<git_smart_subtransport_stream>?) -> Exchange? {
        UnsafeMutableRawPointer(stream)?.assumingMemoryBound(to: Stream.self).pointee.exchange.takeUnretainedValue()
    }

    private static func failed(_ call: RemoteCall, _ error: any Error) -> Int32 {
        call.fail(error as? KeptnError ?? KeptnError(.internalFailure, "\(error)"))
    }
}
