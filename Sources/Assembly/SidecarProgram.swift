package import Core
import Distributor
import HTTPServing
import Logging
import Ports
import RemoteClients
import ServiceLifecycle

/// A distributor as a process of its own.
package enum SidecarProgram {
    /// Runs until SIGTERM or SIGINT. Throws when the API cannot be reached for too long.
    package static func runUntilSignal(
        _ settings: SidecarSettings, log: ServerConfiguration.Log, onReady: @escaping @Sendable (_ port: Int) -> Void
    ) async throws {
        try await SideProcess.runUntilSignal(
            services(settings, logger: log.logger, onReady: onReady), logger: log.logger)
    }

    /// The distributor, and the server that takes what the integration sends.
    static func services(
        _ settings: SidecarSettings, logger: Logger, onReady: @escaping @Sendable (_ port: Int) -> Void
    ) -> [any Service] {
        let time = SystemTime()
        let requester = requester(settings, time)
        let plane = HTTPControlPlane(
            endpoint: settings.endpoint, token: settings.token, client: settings.replica(orElse: SystemIDs().newID()),
            requester: requester, time: time, logger: logger)
        let sidecar = Sidecar(
            settings, plane: plane, api: requester, requester: WebRequester(), time: time, logger: logger)
        let serving = HTTPServing(
            host: "127.0.0.1", port: settings.proxyPort, routes: sidecar.routes, requests: RequestStatistics(),
            admit: { _, _ in .nobody }, logger: logger, onReady: onReady)
        return [sidecar, serving]
    }

    /// How the API is asked.
    private static func requester(_ settings: SidecarSettings, _ time: SystemTime) -> any HTTPRequester {
        let requester = WebRequester(verifiesServers: settings.verifiesServer)
        guard let identity = settings.identity else { return requester }
        let client = OAuthLogin.Client(
            id: identity.clientID, secret: identity.clientSecret, scopes: identity.scopes)
        let login = OAuthLogin(
            discoveryURL: identity.discoveryURL, tokenEndpoint: identity.tokenEndpoint, client: client,
            requester: requester, time: time)
        return BearerRequester(requester, login: login, time: time)
    }
}
