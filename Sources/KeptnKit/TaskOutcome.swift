public import CloudEvents
public import KeptnModel

/// What a task came to; it becomes the task's `.finished` event.
public struct TaskOutcome: Sendable, Hashable {
    /// Whether the work could be done at all.
    public var status: KeptnStatus
    /// The verdict.
    public var result: KeptnResult
    public var message: String
    /// Further members of the event's `data`, such as `{"deployment": {…}}`.
    public var data: JSON
    /// True: nothing is sent now, somebody else will send `.finished`.
    public private(set) var isPending = false

    public init(
        status: KeptnStatus = .succeeded, result: KeptnResult = .pass, message: String = "",
        data: JSON = .emptyObject
    ) {
        self.status = status
        self.result = result
        self.message = message
        self.data = data
    }

    public static func pass(_ message: String = "", data: JSON = .emptyObject) -> TaskOutcome {
        TaskOutcome(message: message, data: data)
    }

    public static func warning(_ message: String, data: JSON = .emptyObject) -> TaskOutcome {
        TaskOutcome(result: .warning, message: message, data: data)
    }

    /// The work was done, and its verdict is bad.
    public static func fail(_ message: String, data: JSON = .emptyObject) -> TaskOutcome {
        TaskOutcome(result: .fail, message: message, data: data)
    }

    /// The work could not be done.
    public static func errored(_ message: String, data: JSON = .emptyObject) -> TaskOutcome {
        TaskOutcome(status: .errored, result: .fail, message: message, data: data)
    }

    /// Somebody else will send `.finished`: a person, for an approval.
    public static let pending: TaskOutcome = {
        var outcome = TaskOutcome()
        outcome.isPending = true
        return outcome
    }()
}
