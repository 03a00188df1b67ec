package import CloudEvents
import Core
package import KeptnModel

/// The events that an integration sends about a task (K §2.0): same context, same commit, and ids that are the same
/// each time.
extension TaskContext {
    /// Answers the task. Where `data` has a member that every event has, that of the task counts.
    ///
    /// - Parameter part: Tells several answers of one kind apart.
    package func reply(
        _ kind: EventType.Kind, by integration: String, at time: Timestamp, part: String = "", message: String,
        members: [(key: String, value: JSON?)] = [], data: JSON = .emptyObject
    ) -> CloudEvent {
        let text: JSON? = message.isEmpty ? nil : .string(message)
        return CloudEvent(
            keptn: .task(name: task, kind: kind),
            id: EventIdentity.id(answering: event.id, by: integration, kind: kind.rawValue, part: part),
            source: integration, time: time, context: contextID, triggeredID: event.id, gitCommitID: gitCommitID,
            data: Self.data(commonMembers + members + [("message", text)], data))
    }

    /// The end of the task. One integration ends a task once: its answers have one id.
    package func finished(by integration: String, at time: Timestamp, _ outcome: TaskOutcome) -> CloudEvent {
        reply(
            .finished, by: integration, at: time, message: outcome.message,
            members: [("status", .string(outcome.status.rawValue)), ("result", .string(outcome.result.rawValue))],
            data: outcome.data)
    }

    /// A line for the integration's log (K §2.3.8).
    ///
    /// - Parameter part: Tells several lines about one task apart.
    func failure(_ message: String, by integration: String, at time: Timestamp, part: String) -> CloudEvent {
        var line = CloudEvent(
            id: EventIdentity.id(answering: event.id, by: integration, kind: "log", part: part), source: integration,
            type: LogEntry.errorType, time: time, dataContentType: "application/json",
            data: .json(Self.data(commonMembers, ["message": .string(message), "task": .string(task)])))
        line.keptnContext = contextID
        line[CloudEvent.KeptnExtension.triggeredID] = event.id
        line[CloudEvent.KeptnExtension.gitCommitID] = gitCommitID
        return line
    }

    fileprivate var commonMembers: [(key: String, value: JSON?)] {
        [
            ("project", .string(scope.project)), ("stage", .string(scope.stage)), ("service", .string(scope.service)),
            ("labels", labels),
        ]
    }

    fileprivate static func data(_ common: [(key: String, value: JSON?)], _ further: JSON) -> JSON {
        let taken = Set(common.map(\.key))
        return .object(common + further.members.filter { !taken.contains($0.key) }.map { ($0.key, $0.value) })
    }
}

extension TaskRequest {
    /// The `.triggered` event of the task that is asked for.
    func event(by integration: String, at time: Timestamp) -> CloudEvent {
        CloudEvent(
            keptn: .task(name: task, kind: .triggered),
            id: EventIdentity.id(
                answering: parent.event.id, by: integration, kind: "triggered", part: "\(task)\n\(part)"),
            source: integration, time: time, context: parent.contextID, gitCommitID: parent.gitCommitID,
            data: TaskContext.data(parent.commonMembers, data))
    }
}
