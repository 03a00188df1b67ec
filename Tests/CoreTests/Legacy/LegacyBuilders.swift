import CloudEvents
import Core
import KeptnModel

/// The project of the legacy tests: `dev` deploys directly, `staging` blue-green with remediation, `prod` untested.
enum LegacyBuilders {
    static let shipyard = Shipyard(
        version: "0.2.3", name: "shop",
        stages: [
            .init(name: "dev", sequences: [delivery("deployment", "test", "evaluation", "approval", "release")]),
            .init(
                name: "staging",
                sequences: [
                    delivery("deployment", "test", "evaluation", "release"),
                    .init(name: "rollback", tasks: [.init(name: "rollback")]),
                    .init(name: "remediation", tasks: [.init(name: "get-action")]),
                ]),
            .init(name: "prod", sequences: [delivery("deployment", "release")]),
        ])

    private static func delivery(_ tasks: String...) -> Shipyard.Sequence {
        Shipyard.Sequence(name: "delivery", tasks: tasks.map { Shipyard.Task(name: $0) })
    }

    static let time = Timestamp(seconds: 1_577_836_800)

    static let place: JSON = ["project": "shop", "stage": "dev", "service": "carts"]

    /// An event as it came in CloudEvents 0.2.
    static func old(_ type: String, _ data: JSON, source: String = "old-service") -> CloudEvent {
        CloudEvent(
            id: "1", source: source, type: type, time: time, dataContentType: "application/json",
            extensions: ["shkeptncontext": "c"], data: .json(data))
    }

    /// A canonical event whose type is written without what all types begin with.
    static func canonical(_ type: String, _ data: JSON, in stage: String = "dev", answering: String? = nil)
        -> CloudEvent
    {
        var event = old("sh.keptn.event.\(type)", place.setting("stage", to: .string(stage)).merging(data))
        event[CloudEvent.KeptnExtension.specVersion] = CloudEvent.keptnSpecVersion
        event[CloudEvent.KeptnExtension.triggeredID] = answering
        return event
    }

    /// A task that waits; its id is its name.
    static func open(_ task: String, in stage: String = "dev", startedBy: Set<String> = []) -> Legacy.OpenTask {
        var event = canonical("\(task).triggered", .emptyObject, in: stage)
        event.id = task
        return Legacy.OpenTask(triggered: event, startedBy: startedBy)
    }

    /// `ID TYPE answers ID {data}` without what all types begin with, and without the place.
    static func line(_ event: CloudEvent) -> String {
        let told = event.json?.members.filter { !["project", "service"].contains($0.key) } ?? []
        let type = event.type.hasPrefix("sh.keptn.") ? String(event.type.dropFirst("sh.keptn.".count)) : event.type
        return "\(event.id) \(type)\(event.triggeredID.map { " answers \($0)" } ?? "") "
            + JSON.object(told.map { (key: $0.key, value: $0.value) }).text
    }
}
