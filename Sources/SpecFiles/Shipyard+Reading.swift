import CloudEvents
import KeptnModel

/// The shipyard of spec 0.2.x: `apiVersion`, `kind`, `metadata.name`, `spec.stages`.
extension Shipyard {
    static let apiVersionPrefix = "spec.keptn.sh/"

    init(reading root: Place) {
        guard !Self.isOld(root) else {
            self.init(readingOld: root)
            return
        }
        let file = root.fields(["apiVersion", "kind", "metadata", "spec"])
        let version = file.required("apiVersion").map(Self.version) ?? ""
        if let kind = file["kind"] {
            if kind.text() != "Shipyard" { kind.error("'kind' needs 'Shipyard', found \(kind.node.found)") }
        } else if file.isMapping {
            root.warning("the file has no 'kind'; Keptn's schema demands 'kind: Shipyard'")
        }
        let name = file["metadata"]?.fields(["name"])["name"]?.text()
        if name == nil, file.isMapping {
            root.warning("the file has no 'metadata.name'; Keptn's schema demands it")
        }
        var triggers: [TriggerPlace] = []
        let stages = file.required("spec")?.fields(["stages"]).required("stages")
        self.init(version: version, name: name ?? "", stages: stages.map { Self.stages($0, &triggers) } ?? [])
        let sequences = Dictionary(self.stages.map { ($0.name, $0.sequences) }) { first, _ in first }
        for trigger in triggers { trigger.check(against: sequences) }
    }

    /// The version behind `spec.keptn.sh/`, by semantic versioning at least 0.2.0.
    private static func version(_ place: Place) -> String {
        let text = place.text()
        let version = text.hasPrefix(apiVersionPrefix) ? String(text.dropFirst(apiVersionPrefix.count)) : ""
        let core = version.split(separator: "+", omittingEmptySubsequences: false)[0]
            .split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = core[0].split(separator: ".", omittingEmptySubsequences: false)
            .map { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        guard (1...3).contains(numbers.count), numbers.allSatisfy({ $0 != nil }) else {
            place.error("'apiVersion' needs \(apiVersionPrefix) and a version such as 0.2.3, found \(place.node.found)")
            return version
        }
        let parts = numbers.compactMap(\.self) + [0, 0]
        // A pre-release such as 0.2.0-alpha comes before its release.
        let isOlder = (parts[0], parts[1]) < (0, 2) || (parts[0], parts[1], parts[2]) == (0, 2, 0) && core.count > 1
        if isOlder {
            place.error("shipyard version \(version) is not supported: at least \(apiVersionPrefix)0.2.0 is needed")
        } else if (parts[0], parts[1]) > (0, 2) {
            place.warning("shipyard version \(version) is unknown; the file is read as 0.2.x")
        }
        return version
    }

    static func stageName(_ place: Place?, _ names: inout Set<String>) -> String {
        let text = place?.text() ?? ""
        if let place, let problem = Names.problem(stage: text) { place.error("'\(shortened(text))': \(problem)") }
        if !names.insert(text).inserted { place?.error("there are two stages '\(shortened(text))'") }
        return text
    }

    private static func stages(_ place: Place, _ triggers: inout [TriggerPlace]) -> [Stage] {
        var stages: [Stage] = []
        var names: Set<String> = []
        for element in place.elements() {
            let fields = element.fields(["name", "sequences"])
            let text = stageName(fields.required("name"), &names)
            let sequences = fields["sequences"].map { Self.sequences($0, stage: text, &triggers) } ?? []
            stages.append(Stage(name: text, sequences: sequences))
        }
        if case .sequence = place.node.content, stages.isEmpty { place.error("a shipyard needs at least one stage") }
        return stages
    }

    private static func sequences(_ place: Place, stage: String, _ triggers: inout [TriggerPlace]) -> [Sequence] {
        var sequences: [Sequence] = []
        var names: Set<String> = []
        for element in place.elements() {
            let fields = element.fields(["name", "triggeredOn", "tasks"])
            let name = fields.required("name").map(eventTypePart) ?? ""
            if !names.insert(name).inserted {
                fields["name"]?.error("stage '\(stage)' has two sequences '\(shortened(name))'")
            }
            let triggeredOn = fields["triggeredOn"]?.elements().map { trigger(reading: $0, &triggers) } ?? []
            let tasks = fields["tasks"]?.elements().map(Task.init(reading:)) ?? []
            if tasks.isEmpty { element.warning("sequence '\(shortened(name))' has no tasks, so it cannot be started") }
            sequences.append(Sequence(name: name, triggeredOn: triggeredOn, tasks: tasks))
        }
        return sequences
    }

    fileprivate static func eventTypePart(_ place: Place) -> String {
        let name = place.text()
        if let problem = Names.problem(sequenceOrTask: name) { place.error("'\(shortened(name))': \(problem)") }
        return name
    }
}

// MARK: - Tasks

extension Shipyard.Task {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["name", "triggeredAfter", "properties"])
        let name = fields.required("name").map(Shipyard.eventTypePart) ?? ""
        let delay = fields["triggeredAfter"].map { place in
            let delay = place.duration()
            if delay < .zero { place.warning("'triggeredAfter' is negative: the task starts at once") }
            return delay
        }
        var properties: JSON?
        if let place = fields["properties"] {
            if case .mapping(let pairs) = place.node.content {
                properties = place.json()
                for pair in pairs { place.member(pair).checkProperty(pair.key, ofTask: name) }
            } else {
                place.mismatch("a mapping")
            }
        }
        if name == WaitTerms.task { (fields["properties"] ?? place).checkWait(properties ?? .emptyObject) }
        self.init(name: name, triggeredAfter: delay, properties: properties)
    }
}

extension Place {
    /// The properties that Keptn's own components understand.
    fileprivate func checkProperty(_ key: String, ofTask task: String) {
        guard !node.isNull else { return }
        switch (task, key) {
        case ("approval", "pass"), ("approval", "warning"):
            expectWord(["automatic", "manual"])
        case ("deployment", "deploymentstrategy"):
            expectWord(["direct", "blue_green_service", "user_managed"])
        case (ApprovalTerms.task, _):
            do throws(UnusableProperty) {
                _ = try ApprovalTerms(properties: .object([(key, json())]))
            } catch {
                warning("\(error); the task would end errored")
            }
        case ("evaluation", "timeframe"):
            guard case .scalar(let text, _) = node.content, Duration(go: text) != nil else {
                return warning("'timeframe' needs a duration such as 5m or 1h30m, found \(node.found)")
            }
        default:
            break
        }
    }

    /// What the properties of a `wait` task say together.
    fileprivate func checkWait(_ properties: JSON) {
        do throws(UnusableProperty) {
            _ = try WaitTerms(properties: properties)
        } catch {
            guard case .mapping(let pairs) = node.content else { return }
            let named = pairs.first { $0.key == error.key }.map(member)
            (named ?? self).warning("\(error); the task would end errored")
        }
    }
}

// MARK: - Triggers

/// A trigger that can be checked once all stages are known.
private struct TriggerPlace {
    var event: Place
    var stage: String
    var sequence: String
    /// The keys `TASK.result` of its selector.
    var tasks: [(name: String, place: Place)]

    func check(against stages: [String: [Shipyard.Sequence]]) {
        guard let known = stages[stage] else {
            return event.warning("there is no stage '\(stage)'\(didYouMean(stage, among: stages.keys.sorted()))")
        }
        // Every stage has a sequence evaluation with this one task, whether the file says so or not.
        let implicit = Shipyard.Sequence(name: "evaluation", tasks: [.init(name: "evaluation")])
        guard let found = (known + [implicit]).first(where: { $0.name == sequence }) else {
            let advice = didYouMean(sequence, among: known.map(\.name))
            return event.warning("stage '\(stage)' has no sequence '\(sequence)'\(advice)")
        }
        for task in tasks where !found.tasks.contains(where: { $0.name == task.name }) {
            task.place.warning("sequence '\(stage).\(sequence)' has no task '\(shortened(task.name))'")
        }
    }
}

extension Shipyard {
    private static func trigger(reading place: Place, _ triggers: inout [TriggerPlace]) -> Trigger {
        let fields = place.fields(["event", "selector"])
        let event = fields.required("event")
        var trigger = Trigger(event: event?.text() ?? "")
        var tasks: [(name: String, place: Place)] = []
        if let match = fields["selector"]?.fields(["match"])["match"] {
            let members = match.fields(["result", "TASK.result"]) { $0.hasSuffix(".result") && $0 != ".result" }
            for (name, value) in members.known {
                trigger.match[name] = result(value)
                if name != "result" { tasks.append((String(name.dropLast(".result".count)), value)) }
            }
        }
        if let event, let parts = finishedSequence(event) {
            triggers.append(TriggerPlace(event: event, stage: parts.stage, sequence: parts.sequence, tasks: tasks))
        }
        return trigger
    }

    /// The parts of `STAGE.SEQUENCE.finished`.
    private static func finishedSequence(_ place: Place) -> (stage: String, sequence: String)? {
        let text = place.text()
        if text.hasPrefix(EventType.prefix) {
            let short = text.dropFirst(EventType.prefix.count)
            place.error("'event' needs the short form '\(shortened(String(short)))', without '\(EventType.prefix)'")
            return nil
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "finished", !parts[0].isEmpty, !parts[1].isEmpty else {
            place.mismatch("the form STAGE.SEQUENCE.finished")
            return nil
        }
        return (String(parts[0]), String(parts[1]))
    }

    private static func result(_ place: Place) -> String {
        let text = place.text()
        if KeptnResult(rawValue: text) != nil { return text }
        if text == "failed" {
            place.warning(
                "'failed' is read as 'fail'; Keptn 1.4.5 never matches 'failed', although its documents use it")
            return KeptnResult.fail.rawValue
        }
        place.mismatch("pass, warning or fail")
        return text
    }
}
