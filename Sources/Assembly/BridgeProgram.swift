import Bridge
import HTTPServing
import Ports
import RemoteClients

/// The Bridge as a process of its own, in front of the API of a server elsewhere.
package enum BridgeProgram {
    /// Runs until SIGTERM or SIGINT.
    /// - Parameters:
    ///   - api: The server's URL.
    ///   - port: 0 takes a free one.
    /// Throws `KeptnError.invalidInput` for a URL that is none.
    package static func runUntilSignal(
        api: String, host: String, port: Int, log: ServerConfiguration.Log,
        onReady: @escaping @Sendable (_ port: Int) -> Void
    ) async throws {
        let gateway = try BridgeGateway(api: api, forwarder: WebForwarder())
        let serving = HTTPServing(
            host: host, port: port, routes: gateway.routes, requests: RequestStatistics(),
            admit: { _, _ in .nobody }, logger: log.logger, onReady: onReady)
        try await SideProcess.runUntilSignal([serving], logger: log.logger)
    }
}
