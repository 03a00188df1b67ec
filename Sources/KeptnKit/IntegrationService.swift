import CloudEvents
import KeptnModel
public import Logging
package import Ports
public import ServiceLifecycle
import UnixSignals

/// Runs an integration: receives its events, calls its handlers side by side, and sends `.started` and `.finished`.
///
/// At a graceful shutdown it takes nothing new and lets the handlers finish. When it is cancelled the handlers are
/// cancelled too, and their tasks come again after the next start.
public struct IntegrationService: Service {
    private let integration: Integration
    private let controlPlane: any ControlPlane
    private let time: any TimeSource
    private let retry: Retry
    private let logger: Logger

    public init(_ integration: Integration, on controlPlane: any ControlPlane, logger: Logger) {
        self.init(integration, on: controlPlane, time: SystemTime(), logger: logger)
    }

    package init(
        _ integration: Integration, on controlPlane: any ControlPlane, time: any TimeSource, logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "component"] = "\(integration.name)"
        self.integration = integration
        self.controlPlane = controlPlane
        self.time = time
        self.logger = logger
        retry = Retry(time: time, logger: logger)
    }

    /// Makes the integration known to Keptn, which from then on keeps its events. `run` does that too: call this where
    /// events may come before `run` does, and nothing shall be missed.
    public func register() async throws {
        for interest in interests { _ = try await controlPlane.subscribe(interest) }
    }

    private var interests: [Interest] {
        [integration.interest] + (integration.requestedTasks.isEmpty ? [] : [integration.answers])
            + (integration.isCancelledOnAbort ? [integration.aborts] : [])
    }

    /// Throws `ControlPlaneError` when somebody else has opened the integration's subscription, or Keptn does not
    /// accept it; while Keptn is not available it waits.
    public func run() async throws {
        let outbox = Outbox(retry: retry)
        let (answers, aborts) = (Answers(), SequenceAborts())
        let worker = TaskWorker(
            integration: integration, controlPlane: controlPlane, outbox: outbox, answers: answers, aborts: aborts,
            time: time, logger: logger)
        let end = await withDiscardingTaskGroup { group in
            group.addTask { await outbox.run() }
            let end = await withDiscardingTaskGroup { group in
                if !integration.requestedTasks.isEmpty {
                    group.addTask { await hear("answers", integration.answers) { answers.take($0.event) } }
                }
                if integration.isCancelledOnAbort {
                    group.addTask { await hear("aborts", integration.aborts) { aborts.take($0) } }
                }
                group.addTask { await announce() }
                let end = await handleEvents(worker, outbox)
                group.cancelAll()
                return end
            }
            outbox.close()
            return end
        }
        try end.get()
    }

    /// Returns when nothing more comes and all handlers have ended.
    private func handleEvents(_ worker: TaskWorker, _ outbox: Outbox) async -> Result<Void, any Error> {
        await withDiscardingTaskGroup { group in
            do {
                let intake = Intake(controlPlane: controlPlane, interest: integration.interest, retry: retry)
                try await intake.run { events, subscription in
                    outbox.deliver(by: subscription)
                    for event in events where worker.begin(event) {
                        group.addTask { await worker.work(on: event) }
                    }
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
    }

    /// Says every now and then that the integration is there. Whoever may not say so works all the same.
    private func announce() async {
        guard let interval = controlPlane.announcementInterval else { return }
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    do {
                        try await controlPlane.announce(integration)
                    } catch let error as ControlPlaneError where error.kind == .unavailable {
                        logger.debug("the integration was not announced", metadata: ["error.message": "\(error)"])
                    }
                    try await time.sleep(for: interval)
                }
            }
        } catch let error as ControlPlaneError {
            logger.warning("the integration is not listed", metadata: ["error.message": "\(error)"])
        } catch {
            // Nothing but the end is left.
        }
    }

    private func hear(_ what: String, _ interest: Interest, _ take: (ReceivedEvent) -> Void) async {
        let intake = Intake(controlPlane: controlPlane, interest: interest, retry: retry)
        do {
            try await intake.run { events, subscription in
                for event in events { take(event) }
                try await subscription.pass(over: events.map(\.position))
            }
        } catch {
            logger.error("\(what) are not heard any more", error: error)
        }
    }
}

extension Integration {
    /// The program that runs this integration.
    public func service(on controlPlane: any ControlPlane, logger: Logger) -> IntegrationService {
        IntegrationService(self, on: controlPlane, logger: logger)
    }

    /// Runs this integration until SIGTERM or SIGINT; then it takes nothing new, and ends when its handlers have. What
    /// has not ended after a minute is cancelled, and comes again after the next start.
    public func runUntilSignal(on controlPlane: any ControlPlane, logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: [service(on: controlPlane, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(60)
        try await ServiceGroup(configuration: configuration).run()
    }

    package var interest: Interest {
        Interest(
            name: name,
            patterns: tasks.keys.sorted().map { EventType.task(name: $0, kind: .triggered).text }
                + listeners.map(\.pattern),
            projects: projects, stages: stages, services: services, window: concurrency)
    }

    /// The answers to what it asks others for.
    var answers: Interest {
        Interest(
            name: "\(name).answers",
            patterns: requestedTasks.map { EventType.task(name: $0, kind: .finished).text })
    }

    /// The ends of sequences, where it wants to know which were aborted.
    var aborts: Interest {
        Interest(
            name: "\(name).aborts",
            patterns: [EventType.sequence(stage: "*", name: "*", kind: .finished).text], projects: projects,
            stages: stages, services: services)
    }
}
