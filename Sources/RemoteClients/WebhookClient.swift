import AsyncHTTPClient
import CloudEvents
package import Core
import Glibc
import KeptnModel
import NIOCore
import NIOHTTP1
import NIOPosix
package import Ports

/// Requests of webhooks by AsyncHTTPClient, to nobody whom the policy refuses.
///
/// A name is resolved here, each of its addresses is judged, and the connection goes to one that was judged: what the
/// name means a moment later does not count. The same is done for each redirect and for a proxy.
package struct WebhookClient: WebhookRequester {
    /// All addresses of a name. Throws when it is unknown.
    package typealias Resolver = @Sendable (_ host: String) async throws -> [IPAddress]

    private let policy: TargetPolicy
    private let resolve: Resolver
    private let time = SystemTime()

    private static let redirectsMax = 5
    private static let answerBytesMax = 1 << 20
    private static let connectTimeMax = TimeAmount.seconds(5)
    /// Of those that a name has.
    private static let addressesTried = 3

    package init(policy: TargetPolicy, resolve: @escaping Resolver = Self.systemAddresses) {
        self.policy = policy
        self.resolve = resolve
    }

    package func make(_ request: WebhookRequest) async throws -> WebhookRun.Outcome {
        do {
            return try await time.withDeadline(request.timeout, "the request") { try await followed(request) }
        } catch {
            try Task.checkCancellation()
            return .failed(Self.reason(error, request))
        }
    }

    private func followed(_ first: WebhookRequest) async throws -> WebhookRun.Outcome {
        var request = first
        for _ in 0...Self.redirectsMax {
            let (response, body) = try await exchange(request)
            let status = Int(response.status.code)
            guard let next = try request.redirected(status: status, location: response.headers.first(name: "location"))
            else { return .answered(status: status, body: String(buffer: body)) }
            request = next
        }
        throw WebhookMistake("it was redirected more than \(Self.redirectsMax) times")
    }

    private func exchange(_ request: WebhookRequest) async throws -> (HTTPClientResponse, ByteBuffer) {
        let addresses = try await judgedAddresses(of: request.target).prefix(Self.addressesTried)
        var proxy: (address: IPAddress, target: WebTarget)?
        if let target = request.proxy, let address = try await judgedAddresses(of: target).first {
            proxy = (address, target)
        }
        var failure: (any Error)?
        for address in addresses {
            do {
                return try await send(request, to: address, through: proxy)
            } catch let error where Self.isBeforeConnection(error) {
                failure = error
            }
        }
        throw failure ?? WebhookMistake("\(request.target.host) has no address")
    }

    private func judgedAddresses(of target: WebTarget) async throws -> [IPAddress] {
        if let objection = policy.objection(toName: target) { throw WebhookMistake(objection) }
        let addresses = if let address = IPAddress(target.host) { [address] } else { try await resolve(target.host) }
        let own = try Self.ownAddresses()
        for address in addresses {
            if let objection = policy.objection(to: address, of: target, own: own) { throw WebhookMistake(objection) }
        }
        return addresses
    }

    /// By a client of its own: only so does the address that was judged belong to this request alone.
    private func send(
        _ request: WebhookRequest, to address: IPAddress, through proxy: (address: IPAddress, target: WebTarget)?
    ) async throws -> (HTTPClientResponse, ByteBuffer) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = Self.connectTimeMax
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [request.target.host: address.description]
        if let proxy {
            configuration.proxy = .server(
                host: proxy.address.description, port: proxy.target.port,
                authorization: proxy.target.credentials.map { .basic(credentials: Base64.encode($0.utf8)) })
        }
        var outgoing = HTTPClientRequest(url: request.target.url)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(string: body)) }
        let (prepared, timeout) = (outgoing, TimeAmount(request.timeout))
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        let result: Result<(HTTPClientResponse, ByteBuffer), any Error>
        do {
            let response = try await client.execute(prepared, timeout: timeout)
            result = .success((response, try await response.body.collect(upTo: Self.answerBytesMax)))
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        return try result.get()
    }
}

// MARK: - Addresses

extension WebhookClient {
    /// They may wait for a name server.
    private static let resolvers: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    /// What the machine's resolver says.
    package static func systemAddresses(of host: String) async throws -> [IPAddress] {
        let addresses = try await resolvers.runIfActive { Self.lookUp(host) }
        guard !addresses.isEmpty else { throw WebhookMistake("the host \(host) is unknown") }
        return addresses
    }

    private static func lookUp(_ host: String) -> [IPAddress] {
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, nil, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var found: [IPAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let address = address(of: entry), !found.contains(address) { found.append(address) }
            next = entry.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        let raw = UnsafeRawPointer(entry.ai_addr)
        switch entry.ai_family {
        case AF_INET:
            guard let address = raw?.assumingMemoryBound(to: sockaddr_in.self).pointee.sin_addr else { return nil }
            return IPAddress(bytes: withUnsafeBytes(of: address) { Array($0) })
        case AF_INET6:
            guard let address = raw?.assumingMemoryBound(to: sockaddr_in6.self).pointee.sin6_addr else { return nil }
            return IPAddress(bytes: withUnsafeBytes(of: address) { Array($0) })
        default: return nil
        }
    }

    private static func ownAddresses() throws -> Set<IPAddress> {
        Set(try System.enumerateDevices().compactMap { $0.address?.ipAddress.flatMap { IPAddress($0) } })
    }
}

// MARK: - Failures

extension WebhookClient {
    private static func isBeforeConnection(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError: true
        case let error as HTTPClientError: error == .connectTimeout
        case let error as IOError: [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
        default: false
        }
    }

    private static func reason(_ error: any Error, _ request: WebhookRequest) -> String {
        switch error {
        case is DeadlineExceeded: "no answer within \(request.timeout)"
        case is NIOTooManyBytesError: "the answer is larger than \(answerBytesMax) bytes"
        case let error as HTTPClientError where error == .deadlineExceeded: "no answer within \(request.timeout)"
        case _ where isBeforeConnection(error): "no connection to \(request.target.origin)"
        case let error as HTTPClientError: error.shortDescription
        default: "\(error)"
        }
    }
}
