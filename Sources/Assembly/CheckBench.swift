package import Core
import Distributor
import Logging
import Ports
import ServiceLifecycle

/// A whole Keptn on an empty folder, without integrations of its own, for whoever checks somebody else's.
package struct CheckBench: Sendable {
    package let server: Server
    /// Where an integration that events are posted to sends its own; nil for one that asks for its events.
    package let answersURL: String?
    private let subscriptions: RepeatingSubscriptions

    /// Runs it while the body works.
    ///
    /// - Parameters:
    ///   - configuration: Whose integrations are left out.
    ///   - sidecar: Makes, of the API's address and token, the settings of a distributor that posts events to the
    ///     integration; nil for an integration that asks for its events.
    package static func run<Value: Sendable>(
        _ configuration: ServerConfiguration,
        sidecar: (@Sendable (_ endpoint: String, _ token: String) throws -> SidecarSettings)?,
        _ body: @escaping @Sendable (CheckBench) async throws -> Value
    ) async throws -> Value {
        let (bases, base) = AsyncStream.makeStream(
            of: RepeatingSubscriptions.self, bufferingPolicy: .bufferingNewest(1))
        var configuration = configuration
        configuration.hasOwnIntegrations = false
        configuration.subscriptionsOverHTTP = { distributor in
            let repeating = RepeatingSubscriptions(distributor)
            base.yield(repeating)
            return repeating
        }
        let logger = configuration.logger
        return try await Server.run(configuration) { server in
            for await subscriptions in bases {
                guard let sidecar else {
                    return try await body(CheckBench(server: server, answersURL: nil, subscriptions: subscriptions))
                }
                let settings = try sidecar(server.apiURL, server.token)
                return try await withSidecar(settings, logger: logger) { url in
                    try await body(CheckBench(server: server, answersURL: url, subscriptions: subscriptions))
                }
            }
            throw CancellationError()
        }
    }

    private static func withSidecar<Value: Sendable>(
        _ settings: SidecarSettings, logger: Logger, _ body: @escaping @Sendable (_ url: String) async throws -> Value
    ) async throws -> Value {
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            for service in SidecarProgram.services(settings, logger: logger, onReady: { port.yield($0) }) {
                group.addTask {
                    try await service.run()
                    return nil
                }
            }
            group.addTask {
                for await number in ports {
                    return try await body("http://127.0.0.1:\(number)\(settings.forwardingPath)")
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() { if let ended { return ended } }
            throw CancellationError()
        }
    }

    /// Returns when somebody has subscribed to events of this type.
    package func waitForSubscriber(of type: String) async throws {
        try await subscriptions.waitForSubscriber(of: type)
    }

    /// What is done of this run is handed out once more.
    package func handOutAgain(_ context: String) { subscriptions.handOutAgain(context) }
    package func wasHandedOutAgain(_ context: String) -> Bool { subscriptions.wasHandedOutAgain(context) }
}
