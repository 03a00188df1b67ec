package import CloudEvents
package import Core
package import KeptnModel
package import Ports
import Testing

/// What every implementation of `Store` promises. A test target applies each of these functions to each
/// implementation, on an empty store.
package enum StoreContract {
    package static let time = Timestamp(seconds: 1_700_000_000)
    package static let place = Scope(project: "sockshop", stage: "dev", service: "carts")

    package static func event(
        _ id: String, source: String = "test", type: String = "sh.keptn.event.test.finished",
        context: String? = "context",
        triggeredID: String? = nil, project: String? = "sockshop", stage: String? = "dev", service: String? = "carts",
        result: String? = nil, time: Timestamp? = time
    ) -> CloudEvent {
        var event = CloudEvent(id: id, source: source, type: type, time: time, dataContentType: "application/json")
        event.keptnContext = context
        event["triggeredid"] = triggeredID
        event.data = .json(
            .object([
                ("project", project.map { .string($0) }), ("stage", stage.map { .string($0) }),
                ("service", service.map { .string($0) }), ("result", result.map { .string($0) }),
            ]))
        return event
    }

    package static let definition = SequenceDefinition(
        name: "delivery",
        tasks: [
            Shipyard.Task(name: "deployment", triggeredAfter: .seconds(90), properties: ["strategy": "direct"]),
            Shipyard.Task(name: "test", triggeredAfter: nil, properties: nil),
        ],
        followers: [.init(stage: "staging", sequence: "delivery", match: ["result": "pass"])])

    /// An execution in any state; with a task, that task is out under the event id `task-ID` until the deadline.
    package static func execution(
        _ id: String, in scope: Scope = place, context: String = "context", name: String = "delivery",
        at seconds: Int64 = 0, state: SequenceExecution.State = .started, task: String? = nil,
        deadline: Timestamp? = nil, result: KeptnResult? = nil
    ) throws -> SequenceExecution {
        var definition = definition
        definition.name = name
        var json = SequenceExecution(
            id: id,
            trigger: SequenceTrigger(
                eventID: "trigger-\(id)", scope: scope, sequence: name, context: context, at: time + .seconds(seconds),
                data: ["image": "carts:1"]),
            definition: definition, gitCommitID: "c0ffee", state: state
        ).encoded
        if let task {
            json = json.setting(
                "task",
                to: .object([
                    ("index", 0), ("name", .string(task)), ("eventID", .string("task-\(id)")),
                    ("sentAt", .integer(time.nanoseconds)), ("deadline", deadline.map { .integer($0.nanoseconds) }),
                    ("started", []), ("answers", []),
                ]))
        }
        if let result {
            json = json.setting(
                "outcome", to: ["result": .string(result.rawValue), "status": "succeeded", "message": ""])
        }
        return try SequenceExecution(decoding: json, definition: definition)
    }

    @discardableResult
    package static func save(
        _ executions: SequenceExecution..., expecting version: Int = 0, in store: any Store
    ) async throws -> [AppendReceipt] {
        try await store.commit(
            Transaction(executions: executions.map { ExecutionChange(execution: $0, expectedVersion: version) }))
    }

    static func ids(_ events: [RecordedEvent]) -> [String] { events.map(\.event.id) }
}
