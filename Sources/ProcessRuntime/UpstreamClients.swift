import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Ports

/// The HTTP clients that talk to the processes. They live as long as the program, as `HTTPClient.shared` does.
enum UpstreamClients {
    /// Keeps connections for the next request.
    ///
    /// A process may close an idle connection at the very moment in which we use it again. So they are not kept for
    /// long, and only requests that may be repeated go this way.
    static let pooled = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration())

    /// A new connection for every request: a failure is never the fault of a connection that had grown old.
    static let fresh = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration(maximumUsesPerConnection: 1))

    private static let connectionsPerProcessMax = 4096
    private static let idleTime = TimeAmount.seconds(2)
    private static let connectTime = TimeAmount.seconds(5)

    private static func configuration(maximumUsesPerConnection: Int? = nil) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = connectTime
        configuration.connectionPool.idleTimeout = idleTime
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerProcessMax
        // Another replica is a better answer than patience.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.maximumUsesPerConnection = maximumUsesPerConnection
        return configuration
    }
}

/// Asks by GET.
package struct HTTPHealthProbe: HealthProbe {
    private static let bodyBytesMax = 1 << 20

    package init() {}

    package func problem(at endpoint: Endpoint, path: String, timeout: Duration) async -> String? {
        do {
            let request = HTTPClientRequest(url: "http://\(endpoint)\(path)")
            let response = try await UpstreamClients.fresh.execute(request, timeout: .init(timeout))
            _ = try await response.body.collect(upTo: Self.bodyBytesMax)
            return (200..<300).contains(response.status.code) ? nil : "it answered \(response.status.code)"
        } catch {
            return "\(error)"
        }
    }
}
