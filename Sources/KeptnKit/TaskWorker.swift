import CloudEvents
import Core
import KeptnModel
import Logging
import Ports
import ServiceLifecycle
import Synchronization

/// Does what an integration does about one event: calls the handler, and says what Keptn has to hear of it.
final class TaskWorker: TaskSupport {
    private let integration: Integration
    private let listeners: [(filter: SubscriptionFilter, handler: Integration.EventHandler)]
    private let controlPlane: any ControlPlane
    private let outbox: Outbox
    private let answers: Answers
    private let aborts: SequenceAborts
    private let time: any TimeSource
    private let logger: Logger
    private let underWay = Mutex<Set<Int64>>([])

    init(
        integration: Integration, controlPlane: any ControlPlane, outbox: Outbox, answers: Answers,
        aborts: SequenceAborts, time: any TimeSource, logger: Logger
    ) {
        self.integration = integration
        self.controlPlane = controlPlane
        self.outbox = outbox
        self.answers = answers
        self.aborts = aborts
        self.time = time
        self.logger = logger
        listeners = integration.listeners.map { (SubscriptionFilter(patterns: [$0.pattern]), $0.handler) }
    }

    /// Whether the event is to be worked on: false when it is being worked on already. After a reconnection everything
    /// that is not settled is handed out again.
    func begin(_ event: ReceivedEvent) -> Bool {
        underWay.withLock { $0.insert(event.position).inserted }
    }

    func work(on received: ReceivedEvent) async {
        let event = received.event
        do {
            if case .task(let name, .triggered)? = event.eventType, let reaction = integration.tasks[name] {
                try await carryOut(name, reaction, received)
            } else {
                try await listen(to: received)
            }
        } catch {
            logger.debug("an event stays open", metadata: metadata(of: event, error))
        }
        underWay.withLock { _ = $0.remove(received.position) }
    }

    /// Throws `CancellationError` when the work was broken off.
    private func carryOut(_ name: String, _ reaction: TaskReaction, _ received: ReceivedEvent) async throws {
        let task: TaskContext
        do {
            task = try TaskContext(
                received.event, task: name, isRepeated: received.isRepeated, support: self)
        } catch {
            logger.warning("a task that cannot be worked on", metadata: metadata(of: received.event, error))
            return try await outbox.pass(over: received.position)
        }
        do {
            guard try await reaction.isMine(task) else { return try await outbox.pass(over: received.position) }
            outbox.post([started(task, message: reaction.startedMessage(task), until: reaction.end(task))])
            try await settle(received, task, try await perform(reaction, task, at: received.position))
        } catch {
            if isBrokenOff { throw error }
            logger.warning("a task's handler failed", metadata: metadata(of: task.event, error))
            outbox.post([started(task, message: "")])
            try await settle(received, task, .errored("\(error)"))
        }
    }

    private func perform(
        _ reaction: TaskReaction, _ task: TaskContext, at position: Int64
    ) async throws -> TaskOutcome {
        guard integration.isCancelledOnAbort else { return try await performInTime(reaction, task) }
        let outcome = try await aborts.unlessAborted(task, at: position) { [self] in
            try await performInTime(reaction, task)
        }
        return outcome ?? TaskOutcome(status: .aborted, result: .fail, message: "the sequence was aborted")
    }

    private func performInTime(_ reaction: TaskReaction, _ task: TaskContext) async throws -> TaskOutcome {
        guard let timeMax = reaction.timeMax else { return try await reaction.handler(task) }
        return try await time.withDeadline(timeMax, "the task") { try await reaction.handler(task) }
    }

    /// An error during the end of the program comes from that end.
    private var isBrokenOff: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

    private func settle(_ received: ReceivedEvent, _ task: TaskContext, _ outcome: TaskOutcome) async throws {
        guard !outcome.isPending else { return try await outbox.send(settling: [received.position], []) }
        do {
            try await outbox.send(settling: [received.position], [finished(task, outcome)])
        } catch let error as ControlPlaneError where error.kind == .rejected {
            let message = "the answer to this task was rejected: \(error)"
            logger.error("an answer was rejected", metadata: metadata(of: task.event, error))
            try await outbox.send(settling: [received.position], [finished(task, .errored(message))])
        }
    }

    private func listen(to received: ReceivedEvent) async throws {
        var events: [CloudEvent] = []
        let type = received.event.type
        for listener in listeners
        where listener.filter.matches(type: type, project: nil, stage: nil, service: nil) {
            do {
                events += try await listener.handler(received.event)
            } catch {
                if isBrokenOff { throw error }
                logger.error("a listener failed", metadata: metadata(of: received.event, error))
            }
        }
        try await outbox.send(settling: [received.position], events)
    }

    // MARK: What a handler can do beside its work

    func ask(_ request: TaskRequest) async throws -> CloudEvent {
        guard integration.requestedTasks.contains(request.task) else {
            throw ControlPlaneError(
                .rejected, "\(integration.name) asks for '\(request.task)' without declaring it by requesting(_:)")
        }
        let triggered = request.event(by: integration.name, at: time.now)
        let answer = answers.expect(triggered.id)
        defer { answers.forget(triggered.id) }
        // What was asked stays asked: after a shutdown the answer is found, or waited for, in the next life.
        return try await cancelWhenGracefulShutdown { [self] in
            try await outbox.send([triggered])
            let type = EventType.task(name: request.task, kind: .finished).text
            if let known = try await controlPlane.answer(
                to: triggered.id, type: type, context: request.parent.contextID)
            {
                return known
            }
            return try await time.withDeadline(request.deadline, "the request for \(request.task)") {
                for await event in answer { return event }
                throw CancellationError()
            }
        }
    }

    func file(_ path: String, of task: TaskContext) async throws -> [UInt8]? {
        try await controlPlane.file(path, of: task.scope, commit: task.gitCommitID)
    }

    func report(_ message: String, number: Int, data: JSON, of task: TaskContext) {
        outbox.post([
            task.reply(
                .statusChanged, by: integration.name, at: time.now, part: "\(number)", message: message, data: data)
        ])
    }

    func log(_ message: String, number: Int, of task: TaskContext) {
        outbox.post([task.failure(message, by: integration.name, at: time.now, part: "\(number)")])
    }

    func secret(_ name: String) async throws -> [String: String]? { try await controlPlane.secret(name) }

    // MARK: What is sent

    private func started(_ task: TaskContext, message: String, until end: Timestamp? = nil) -> CloudEvent {
        task.reply(
            .started, by: integration.name, at: time.now, message: message,
            data: end.map { .object([(task.task, .object([("until", .string($0.rfc3339))]))]) } ?? .emptyObject)
    }

    private func finished(_ task: TaskContext, _ outcome: TaskOutcome) -> CloudEvent {
        task.finished(by: integration.name, at: time.now, outcome)
    }

    private func metadata(of event: CloudEvent, _ error: any Error) -> Logger.Metadata {
        [
            "event.id": "\(event.id)", "event.type": "\(event.type)", "keptn.context": "\(event.keptnContext ?? "")",
            "error.message": "\(error)",
        ]
    }
}
