import ArgumentParser
import CloudEvents
import KeptnKit
import Ports
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The executors of the measured tasks in a process of their own, over HTTP. Prints what it saw when it ends.
struct ExecutorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "executor", abstract: "Do the tasks of a measurement until SIGTERM.", shouldDisplay: false)

    @Option var endpoint: String
    @Option var token: String

    func run() async throws {
        let handovers = Handovers()
        let service = Workload.executor(Workload.plane(endpoint, token)) { task in
            handovers.begin(task.contextID)
            defer { handovers.end(task.contextID) }
            return .pass()
        }
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: Workload.quiet)
        try await group.run()
        Output.line(handovers.samples.json([("p50", 0.5), ("p99", 0.99)]).text)
    }
}

/// How long it takes from the end of one task's handler to the begin of the next one's of the same run: both HTTP
/// calls, the decision and two commits.
final class Handovers: Sendable {
    private let state = Mutex((ended: [String: ContinuousClock.Instant](), samples: Samples()))

    func begin(_ context: String) {
        let now = ContinuousClock.now
        state.withLock { state in
            if let ended = state.ended.removeValue(forKey: context) { state.samples.add(now - ended) }
        }
    }

    func end(_ context: String) {
        let now = ContinuousClock.now
        state.withLock { $0.ended[context] = now }
    }

    var samples: Samples { state.withLock { $0.samples } }
}
