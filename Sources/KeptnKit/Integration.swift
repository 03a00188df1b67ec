public import CloudEvents

/// A program that carries out tasks of Keptn's sequences: what it is called, what it hears, and what it does.
///
/// ```swift
/// let integration = Integration(name: "my-deployer", version: "1.0.0")
///     .on(task: "deployment") { task in
///         try await deploy(task.scope, image: task.data["configurationChange", "values", "image"])
///         return .pass("deployed")
///     }
/// try await integration.service(on: controlPlane, logger: logger).run()
/// ```
///
/// `IntegrationService` does the rest: it sends `.started` and exactly one `.finished` for each task, in the same
/// context, and does a task again that a crash interrupted.
public struct Integration: Sendable {
    public typealias TaskWork = @Sendable (TaskContext) async throws -> TaskOutcome
    public typealias EventHandler = @Sendable (CloudEvent) async throws -> [CloudEvent]

    /// The source of its events, and the name of its subscription.
    public let name: String
    public let version: String
    /// Only events of these; empty for all.
    public var projects: [String] = []
    public var stages: [String] = []
    public var services: [String] = []
    /// How many events it works on side by side at most.
    public var concurrency = 256

    private(set) var tasks: [String: TaskReaction] = [:]
    private(set) var listeners: [(pattern: String, handler: EventHandler)] = []
    private(set) var requestedTasks: [String] = []
    private(set) var isCancelledOnAbort = false

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    /// Carries out a task.
    ///
    /// - Parameters:
    ///   - name: The task's name, such as `deployment`. One handler a name: the last one counts.
    ///   - isMine: False leaves the task to somebody else: nothing is sent.
    ///   - startedMessage: The `message` of the `.started` event; none when empty.
    ///   - timeMax: After so long the handler is cancelled, and `.finished` says that it did not end; nil for no limit.
    ///   - end: Until when the work is going to take, where that is known before: Keptn waits so long, and shows it.
    ///   - handler: Does the work. An error that it throws becomes `.finished` with status `errored`, result `fail`
    ///     and the error's text. When it is cancelled nothing is sent, and the task comes again after a restart: a
    ///     handler must bear being run twice for the same event.
    public func on(
        task name: String,
        when isMine: @escaping @Sendable (TaskContext) async throws -> Bool = { _ in true },
        announcing startedMessage: @escaping @Sendable (TaskContext) -> String = { _ in "" },
        within timeMax: Duration? = nil,
        until end: @escaping @Sendable (TaskContext) -> Timestamp? = { _ in nil },
        perform handler: @escaping TaskWork
    ) -> Integration {
        var copy = self
        copy.tasks[name] = TaskReaction(
            isMine: isMine, startedMessage: startedMessage, timeMax: timeMax, end: end, handler: handler)
        return copy
    }

    /// Hears other events. What the handler returns is sent; nothing is sent by itself.
    ///
    /// - Parameters:
    ///   - pattern: An event type; `*` stands for one word between dots, `>` at the end for one or more.
    ///   - handler: An error that it throws is logged, and the event counts as heard.
    public func on(eventType pattern: String, perform handler: @escaping EventHandler) -> Integration {
        var copy = self
        copy.listeners.append((pattern, handler))
        return copy
    }

    /// Its handlers are cancelled when the sequence of their task is aborted; `.finished` then says `aborted`. It hears
    /// the ends of all sequences for that.
    public func cancelledOnAbort() -> Integration {
        var copy = self
        copy.isCancelledOnAbort = true
        return copy
    }

    /// Declares that its handlers ask others for this task (`TaskContext.request`).
    public func requesting(_ task: String) -> Integration {
        var copy = self
        copy.requestedTasks.append(task)
        return copy
    }
}

/// What an integration does about one task.
struct TaskReaction: Sendable {
    let isMine: @Sendable (TaskContext) async throws -> Bool
    let startedMessage: @Sendable (TaskContext) -> String
    let timeMax: Duration?
    let end: @Sendable (TaskContext) -> Timestamp?
    let handler: Integration.TaskWork
}
