import Logging
import ServiceLifecycle
import UnixSignals

/// A process with one component, apart from the server.
enum SideProcess {
    private static let stopMax = Duration.seconds(10)

    /// Runs the services until SIGTERM or SIGINT, or until one of them ends.
    static func runUntilSignal(_ services: [any Service], logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .cancelGroup, failureTerminationBehavior: .cancelGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopMax
        try await ServiceGroup(configuration: configuration).run()
    }
}
