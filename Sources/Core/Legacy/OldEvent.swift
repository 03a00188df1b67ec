import CloudEvents
import KeptnModel

/// One old event while it is read: its data, its place in the run, and the words for what is wrong with it.
struct OldEvent {
    let event: CloudEvent
    let data: JSON
    let run: Legacy.Run?

    init(event: CloudEvent, run: Legacy.Run?) {
        self.event = event
        self.data = event.json ?? .emptyObject
        self.run = run
    }

    func refusal(_ what: String) -> Legacy.Refusal { Legacy.Refusal(description: "event \(event.type): \(what)") }

    /// A member that has to be there.
    func text(_ name: String) throws(Legacy.Refusal) -> String {
        guard let text = data[name]?.stringValue, !text.isEmpty else { throw refusal("data.\(name) is missing") }
        return text
    }

    func result(_ word: String, _ name: String) throws(Legacy.Refusal) -> KeptnResult {
        guard let result = KeptnResult(rawValue: word) else {
            throw refusal("data.\(name) is '\(word)'; pass, warning or fail is needed")
        }
        return result
    }

    /// `keptn_project:sockshop, keptn_stage:dev` as names and values.
    static func tags(_ text: String) -> [String: String] {
        let pairs = text.split(separator: ",").compactMap { tag -> (String, String)? in
            let parts = tag.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (String(parts[0].drop { $0 == " " }), String(parts[1]))
        }
        return Dictionary(pairs) { first, _ in first }
    }

    // MARK: - Place

    /// The stage that the event names; with `orFirst`, the first one when it names none.
    func stage(orFirst: Bool) throws(Legacy.Refusal) -> Shipyard.Stage {
        let stages = run?.shipyard.stages ?? []
        guard let name = Legacy.place(of: event).stage else {
            guard orFirst, let first = stages.first else { throw refusal("data.stage is missing") }
            return first
        }
        guard let stage = stages.first(where: { $0.name == name }) else {
            let known = stages.map(\.name).joined(separator: ", ")
            throw refusal("data.stage is '\(name)'; the stages of the project are \(known)")
        }
        return stage
    }

    /// The members that tell where, with the labels.
    func place(_ stage: String) throws(Legacy.Refusal) -> [(key: String, value: JSON?)] {
        let place = Legacy.place(of: event)
        guard let project = place.project else { throw refusal("data.project is missing") }
        guard let service = place.service else { throw refusal("data.service is missing") }
        return [
            ("project", .string(project)), ("stage", .string(stage)), ("service", .string(service)),
            ("labels", event.keptnData?.labels),
        ]
    }

    // MARK: - Retelling

    /// The same event under another type and with other data.
    func retold(as type: String, _ data: JSON) -> CloudEvent {
        var new = event
        new.type = type
        new.dataContentType = "application/json"
        new[CloudEvent.KeptnExtension.specVersion] = CloudEvent.keptnSpecVersion
        new.data = .json(data)
        return new
    }

    func trigger(
        _ sequence: String, in stage: Shipyard.Stage, _ members: [(key: String, value: JSON?)]
    ) throws(Legacy.Refusal) -> Legacy.Meaning {
        let type = EventType.sequence(stage: stage.name, name: sequence, kind: .triggered)
        return .events([retold(as: type.text, .object(try place(stage.name) + members))])
    }

    /// The open task of these names that the event answers; the first name goes before the others.
    func openTask(_ names: [String]) throws(Legacy.Refusal) -> (name: String, task: Legacy.OpenTask)? {
        let place = try place(try stage(orFirst: false).name)
        for name in names {
            let found = run?.openTasks.first { open in
                open.name == name && open.triggered.keptnContext == event.keptnContext
                    && (event.triggeredID == nil || event.triggeredID == open.triggered.id)
                    && place.prefix(3).allSatisfy { open.triggered.json?[$0.key]?.stringValue == $0.value?.stringValue }
            }
            if let found { return (name, found) }
        }
        return nil
    }

    /// The events that answer an open task: `started`, unless the sender has sent it already, and `finished`.
    func answer(
        _ names: [String], result: KeptnResult, status: String = KeptnStatus.succeeded.rawValue, message: String = "",
        _ members: [(key: String, value: JSON?)] = []
    ) throws(Legacy.Refusal) -> Legacy.Meaning {
        let place = try place(try stage(orFirst: false).name)
        guard let (name, task) = try openTask(names) else {
            let wanted = names.map { "'\($0)'" }.joined(separator: " or ")
            return .orphan("event \(event.type): no task \(wanted) of context \(event.keptnContext ?? "") is open")
        }
        guard KeptnStatus(rawValue: status) != nil else {
            throw refusal("data.\(name).status is '\(status)'; succeeded, errored, unknown or aborted is needed")
        }
        let verdict: [(key: String, value: JSON?)] = [
            ("status", .string(status)), ("result", .string(result.rawValue)), ("message", .string(message)),
        ]
        var started = retold(as: EventType.task(name: name, kind: .started).text, .object(place))
        started.id = "\(event.id)-started"
        var finished = retold(as: EventType.task(name: name, kind: .finished).text, .object(place + verdict + members))
        started[CloudEvent.KeptnExtension.triggeredID] = task.triggered.id
        finished[CloudEvent.KeptnExtension.triggeredID] = task.triggered.id
        // An approval has been started by whoever waits for people.
        let isStarted = name == "approval" ? !task.startedBy.isEmpty : task.startedBy.contains(event.source)
        return .events(isStarted ? [finished] : [started, finished])
    }
}
