import Logging
import ServiceLifecycle
import UnixSignals

/// A process with one component, apart from the server.
enum SideProcess {
    private static let stopMax = Duration.seconds(10)

    /// Runs the services until SIGTERM or SIGINT, or until one of them ends.
    static func runUntilSignal(_ services: [any Service], logger: Logger) async throws {
        let configuration = ServiceGroupConfiguration(
            together: services, stoppedBy: [.sigterm, .sigint], stopMax: stopMax, logger: logger)
        try await ServiceGroup(configuration: configuration).run()
    }
}

extension ServiceGroupConfiguration {
    /// Services that stop gracefully at these signals, and all when one of them ends.
    ///
    /// - Parameter stopMax: What takes longer to stop is cancelled.
    init(together services: [any Service], stoppedBy signals: [UnixSignal], stopMax: Duration, logger: Logger) {
        self.init(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .cancelGroup, failureTerminationBehavior: .cancelGroup)
            },
            gracefulShutdownSignals: signals, logger: logger)
        maximumGracefulShutdownDuration = stopMax
    }
}
