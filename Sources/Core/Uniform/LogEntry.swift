package import CloudEvents
import KeptnModel

/// A line that an integration wrote about its own failure (K §2.3.8).
package struct LogEntry: Sendable, Hashable {
    /// Older lines are gone.
    package static let ageMax = Duration.seconds(120 * 3600)

    package var integrationID: String
    package var message: String
    package var time: Timestamp
    package var context: String
    package var task: String
    package var triggeredID: String
    package var gitCommitID: String

    package init(
        integrationID: String, message: String, time: Timestamp, context: String = "", task: String = "",
        triggeredID: String = "", gitCommitID: String = ""
    ) {
        self.integrationID = integrationID
        self.message = message
        self.time = time
        self.context = context
        self.task = task
        self.triggeredID = triggeredID
        self.gitCommitID = gitCommitID
    }

    /// What tells two lines apart. The same message about the same task is one line, however often and by whomever it
    /// is reported: the SDK writes it and sends it as an event too.
    package var identity: Identity {
        Identity(
            integrationID: integrationID, context: context, triggeredID: triggeredID, message: message,
            time: triggeredID.isEmpty ? time : nil)
    }

    package struct Identity: Sendable, Hashable {
        let integrationID: String
        let context: String
        let triggeredID: String
        let message: String
        /// Only where no task is named.
        let time: Timestamp?
    }
}

extension LogEntry {
    /// As Keptn's clients read it, and as it is stored.
    package var json: JSON {
        [
            "integrationid": .string(integrationID), "message": .string(message), "time": .string(time.rfc3339),
            "shkeptncontext": .string(context), "task": .string(task), "triggeredid": .string(triggeredID),
            "gitcommitid": .string(gitCommitID),
        ]
    }

    /// Reads what a client sent or what was stored; what is missing is empty.
    package init(reading json: JSON, time: Timestamp) {
        func text(_ key: String) -> String { json[key]?.stringValue ?? "" }
        self.init(
            integrationID: text("integrationid"), message: text("message"), time: time, context: text("shkeptncontext"),
            task: text("task"), triggeredID: text("triggeredid"), gitCommitID: text("gitcommitid"))
    }

    /// Whether an event tells about a failure: `sh.keptn.log.error`, and a task that ended with status `errored`.
    package static func isFailure(_ event: CloudEvent) -> Bool {
        if event.type == errorType { return true }
        guard case .task(_, .finished)? = event.eventType else { return false }
        return event.keptnData?.status == KeptnStatus.errored.rawValue
    }

    /// Such an event is a line of its sender's log, and has no other effect.
    package static let errorType = "sh.keptn.log.error"

    /// What an event tells about a failure; nil when it tells of none.
    ///
    /// - Parameter integrationID: The id of the integration of this name.
    package init?(of event: CloudEvent, at now: Timestamp, integrationID: (String) -> String) {
        guard Self.isFailure(event) else { return nil }
        let isLogged = event.type == Self.errorType
        var task = event.json?["task"]?.stringValue ?? ""
        if case .task(let name, _)? = event.eventType { task = name }
        let given = isLogged ? event.json?["integrationid"]?.stringValue ?? "" : ""
        self.init(
            integrationID: given.isEmpty ? integrationID(event.source) : given,
            message: event.json?["message"]?.stringValue ?? "", time: event.time ?? now,
            context: event.keptnContext ?? "",
            task: task, triggeredID: event.triggeredID ?? "", gitCommitID: event.gitCommitID ?? "")
    }

    /// What is to be said of the end of a task that nobody waits for: there was no such task, or it is over.
    ///
    /// - Parameter integrationID: The id of the integration of this name.
    package init(orphan event: CloudEvent, at now: Timestamp, integrationID: (String) -> String) {
        var task = ""
        if case .task(let name, _)? = event.eventType { task = name }
        let triggered = event.triggeredID ?? ""
        self.init(
            integrationID: integrationID(event.source),
            message: "\(event.type) had no effect: no open task was triggered by event \(triggered)",
            time: event.time ?? now, context: event.keptnContext ?? "", task: task, triggeredID: triggered,
            gitCommitID: event.gitCommitID ?? "")
    }
}
