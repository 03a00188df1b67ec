public import CloudEvents
public import KeptnModel
import Synchronization

/// A task that an integration is asked to carry out.
public struct TaskContext: Sendable {
    /// The task's `.triggered` event.
    public let event: CloudEvent
    /// The task's name, such as `deployment`.
    public let task: String
    public let scope: Scope
    /// The event's data; what belongs to this task is `properties`.
    public let data: JSON
    public let labels: JSON?
    /// The verdict of the tasks so far, if any.
    public let result: KeptnResult?
    /// It may have been worked on before, by somebody who was not heard of again.
    public let isRepeated: Bool
    private let support: any TaskSupport
    private let reports = RunningNumber()
    private let lines = RunningNumber()

    /// Throws when the event is no task that can be worked on; the text says what is missing.
    init(
        _ event: CloudEvent, task: String, isRepeated: Bool = false, support: any TaskSupport
    ) throws(UnusableTask) {
        guard let data = event.json, data.kind == .object, let common = event.keptnData else {
            throw UnusableTask(description: "its data is no JSON object")
        }
        guard let scope = common.scope else {
            throw UnusableTask(description: "its data does not name a project, a stage and a service")
        }
        guard let context = event.keptnContext, !context.isEmpty else {
            throw UnusableTask(description: "it has no \(CloudEvent.KeptnExtension.context)")
        }
        self.event = event
        self.task = task
        self.scope = scope
        self.data = data
        self.contextID = context
        labels = common.labels
        result = common.result.flatMap(KeptnResult.init)
        self.isRepeated = isRepeated
        self.support = support
    }

    /// Only to answer the task: nobody can be asked or told anything. Throws as the other one does, also for an event
    /// that is no task's `.triggered`.
    package init(answering event: CloudEvent) throws(UnusableTask) {
        guard case .task(let name, .triggered)? = event.eventType else {
            throw UnusableTask(description: "\(event.type) is no task to carry out")
        }
        try self.init(event, task: name, support: NoSupport())
    }

    /// The run that the task belongs to, through all its stages.
    public let contextID: String

    /// The commit of the configuration that the run is pinned to.
    public var gitCommitID: String? { event.gitCommitID }

    /// What the shipyard and the tasks before have given this task: the member of `data` that is named like it.
    public var properties: JSON { data[task] ?? .emptyObject }

    /// Asks others to carry out a task and waits for the first answer, which may be a bad one: look at its data.
    ///
    /// Done again after a crash it asks nobody twice. The integration has to declare the task by
    /// `Integration.requesting`.
    ///
    /// - Parameters:
    ///   - task: The name of the task, such as `get-sli`.
    ///   - part: Tells several requests for the same task apart.
    ///   - data: Members of the request's `data` beside the common ones.
    ///   - deadline: How long to wait.
    /// - Returns: The `.finished` event.
    /// - Throws: An error that says so when nobody has answered within the time.
    public func request(
        task: String, part: String = "", data: JSON, deadline: Duration
    ) async throws -> CloudEvent {
        try await support.ask(
            TaskRequest(parent: self, task: task, part: part, data: data, deadline: deadline))
    }

    /// The same each time this task comes: for work at others that must not be done twice.
    public var idempotencyKey: String { event.id }

    /// What files about this task may be called: its event's id where that is plain, else one that is made from it. The
    /// same each time this task comes.
    package var fileName: String {
        Names.isPlain(id: event.id) ? event.id : EventIdentity.id(answering: event.id, by: "", kind: "file")
    }

    /// A file of the service, else of its stage, else of its project, as it was when the run was pinned; nil when none
    /// of them has it.
    ///
    /// - Parameter path: Such as `helm/values.yaml`.
    public func file(_ path: String) async throws -> [UInt8]? { try await support.file(path, of: self) }

    /// Says how far the work has come: sends `.status.changed`, without waiting for it. What was said before a crash
    /// is not said again.
    public func report(_ message: String, data: JSON = .emptyObject) {
        support.report(message, number: reports.next(), data: data, of: self)
    }

    /// Writes a line about a failure into the integration's log (`keptn get integrations` counts them), without waiting
    /// for it. A failure that ends the task need not be written: `.finished` with status `errored` is such a line.
    public func log(_ message: String) { support.log(message, number: lines.next(), of: self) }

    /// The values of a secret by their keys; nil when there is none of this name. Where it comes from says the
    /// `ControlPlane`.
    public func secret(_ name: String) async throws -> [String: String]? { try await support.secret(name) }
}

/// What a handler can do beside its work.
protocol TaskSupport: Sendable {
    func ask(_ request: TaskRequest) async throws -> CloudEvent
    func file(_ path: String, of task: TaskContext) async throws -> [UInt8]?
    func report(_ message: String, number: Int, data: JSON, of task: TaskContext)
    func log(_ message: String, number: Int, of task: TaskContext)
    func secret(_ name: String) async throws -> [String: String]?
}

private struct NoSupport: TaskSupport {
    func ask(_ request: TaskRequest) async throws -> CloudEvent {
        throw UnusableTask(description: "nobody can be asked here")
    }

    func file(_ path: String, of task: TaskContext) async throws -> [UInt8]? {
        throw UnusableTask(description: "there are no files here")
    }

    func report(_ message: String, number: Int, data: JSON, of task: TaskContext) {}
    func log(_ message: String, number: Int, of task: TaskContext) {}

    func secret(_ name: String) async throws -> [String: String]? {
        throw UnusableTask(description: "there are no secrets here")
    }
}

/// Numbers what a task's handler says: 1, 2, 3, …
private final class RunningNumber: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}

/// A task that a handler asks others for.
struct TaskRequest: Sendable {
    let parent: TaskContext
    let task: String
    let part: String
    let data: JSON
    let deadline: Duration
}

/// Why an event cannot be worked on.
package struct UnusableTask: Error, CustomStringConvertible {
    package let description: String
}
