import CloudEvents
import KeptnKit
import KeptnModel
import Logging
import Ports
import RemoteClients
import Synchronization

/// The measured sequence: one stage, four tasks that do nothing.
enum Workload {
    static let project = "bench"
    static let stage = "dev"
    static let sequence = "bench"
    static let tasks = ["noop-a", "noop-b", "noop-c", "noop-d"]

    static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata:
          name: bench
        spec:
          stages:
          - name: \(stage)
            sequences:
            - name: \(sequence)
              tasks:

        """ + tasks.map { "      - name: \($0)\n" }.joined()

    static func service(_ number: Int) -> String { "service-\(number)" }

    static func prepare(_ client: APIClient, services: Int) async throws {
        _ = try await client.post(
            "controlPlane/v1/project",
            ["name": .string(project), "shipyard": .string(Base64.encode(shipyard.utf8))])
        for number in 0..<services {
            _ = try await client.post(
                "controlPlane/v1/project/\(project)/service", ["serviceName": .string(service(number))])
        }
    }

    /// The first eight digits of the contexts of runs in the open loop, so that other processes know them too.
    private static let openLoopPrefix = "0be01009-"

    static func context(_ id: String, isOpenLoop: Bool) -> String {
        isOpenLoop ? openLoopPrefix + id.dropFirst(openLoopPrefix.count) : id
    }

    /// The context of an event that belongs to a run of the open loop.
    static func measuredContext(_ event: CloudEvent) -> String? {
        event.keptnContext.flatMap { $0.hasPrefix(openLoopPrefix) ? $0 : nil }
    }

    /// A trigger with an id of its own, so that sending it again has no second effect.
    static func trigger(service: Int, id: String, context: String) -> CloudEvent {
        CloudEvent(
            keptn: .sequence(stage: stage, name: sequence, kind: .triggered), id: id, source: "keptn-bench",
            time: SystemTime().now, context: context,
            data: [
                "project": .string(project), "stage": .string(stage), "service": .string(Self.service(service)),
            ])
    }

    static func plane(_ endpoint: String, _ token: String) -> HTTPControlPlane {
        HTTPControlPlane(
            endpoint: endpoint, token: token, requester: WebRequester(), time: SystemTime(), logger: quiet)
    }

    /// Does the four tasks.
    static func executor(
        _ plane: any ControlPlane, perform: @escaping Integration.TaskWork
    ) -> IntegrationService {
        let integration = tasks.reduce(Integration(name: "bench-executor", version: "1")) {
            $0.on(task: $1, perform: perform)
        }
        return IntegrationService(integration, on: plane, logger: quiet)
    }

    /// Retries are part of a torture run and not worth a line.
    static var quiet: Logger { Logger(label: "keptn-bench") { _ in SwiftLogNoOpLogHandler() } }
}

/// Triggers sequences and hears when they have finished.
final class Driver: Sendable {
    private let plane: HTTPControlPlane
    private let subscription: any EventSubscription
    private let ids = SystemIDs()
    private let waiting = Mutex<[String: AsyncStream<Void>.Continuation]>([:])
    /// A run that has not ended by then never will: its end was missed, or nobody listens any more.
    private static let runMax = Duration.seconds(120)

    /// Opens the subscription, so that no end is missed.
    ///
    /// - Parameter ends: The type of the events that end a run; nil for those of the measured sequence.
    init(_ plane: HTTPControlPlane, hearing ends: String? = nil) async throws {
        self.plane = plane
        let type = EventType.sequence(stage: Workload.stage, name: Workload.sequence, kind: .finished)
        subscription = try await plane.subscribe(Interest(name: "keptn-bench", patterns: [ends ?? type.text]))
    }

    /// Listens until cancelled.
    func listen() async throws {
        while !Task.isCancelled {
            let events = try await subscription.receive(upTo: 1024)
            for event in events {
                let context = event.event.keptnContext ?? ""
                waiting.withLock { $0.removeValue(forKey: context) }?.finish()
            }
            try await subscription.settle(events.map(\.position), sending: [])
        }
    }

    /// One sequence from its trigger to its end.
    func run(service: Int, isOpenLoop: Bool = false) async throws -> Duration {
        let context = Workload.context(ids.newID(), isOpenLoop: isOpenLoop)
        return try await run(Workload.trigger(service: service, id: ids.newID(), context: context))
    }

    /// The run that this event begins.
    func run(_ event: CloudEvent) async throws -> Duration {
        let context = event.keptnContext ?? ""
        let start = ContinuousClock.now
        let (end, ended) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        waiting.withLock { $0[context] = ended }
        defer { waiting.withLock { _ = $0.removeValue(forKey: context) } }
        try await plane.send([event])
        try await SystemTime().withDeadline(Self.runMax, "the end of the run \(context)") { for await _ in end {} }
        return ContinuousClock.now - start
    }
}
