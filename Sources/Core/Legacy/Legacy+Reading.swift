package import CloudEvents
import KeptnModel

extension Legacy {
    /// Whether `read` is needed for this event: it has an old type, or the form that Keptn 0.7 gave to a type of today.
    package static func understands(_ event: CloudEvent) -> Bool {
        OldType(rawValue: event.type) != nil || TransitionType(event) != nil
    }

    /// Where an old event happens, as far as it says: by its data, else by the tags of its problem.
    package static func place(of event: CloudEvent) -> (project: String?, stage: String?, service: String?) {
        let data = event.keptnData
        let tags = OldEvent.tags(event.json?["Tags"]?.stringValue ?? "")
        func known(_ name: String?, _ tag: String) -> String? {
            name.flatMap { $0.isEmpty ? nil : $0 } ?? tags["keptn_\(tag)"]
        }
        return (known(data?.project, "project"), known(data?.stage, "stage"), known(data?.service, "service"))
    }

    /// What an old event comes to.
    ///
    /// - Parameters:
    ///   - event: With id, source, context and time.
    ///   - run: What is known of its project and its context. Events about whole projects need none.
    package static func read(_ event: CloudEvent, in run: Run?) throws(Refusal) -> Meaning {
        let old = OldEvent(event: event, run: run)
        guard let type = OldType(rawValue: event.type) else {
            return try TransitionType(event)?.read(old) ?? .events([event])
        }
        switch type {
        case .problem, .monitoringConfigure: return .events([event])
        case .done, .log: return .noEffect("\(event.type) told the terminal of a command how far its work had got")
        case .projectCreate, .projectDelete, .serviceCreate: return try old.configuration(type)
        case .configurationChange: return try old.change()
        case .deploymentFinished: return try old.deployed()
        case .testsFinished: return try old.tested()
        case .evaluationDone: return try old.evaluated()
        case .startEvaluation: return try old.evaluationWanted()
        case .getSLI: return try old.indicatorsWanted()
        case .getSLIDone: return try old.measured()
        case .problemOpen: return try old.problem()
        }
    }

    /// Types that Keptn 0.7 had with another form than spec 0.2.4.
    private enum TransitionType {
        case remediation
        /// `data.TASK` has the verdict.
        case answer(task: String)

        init?(_ event: CloudEvent) {
            switch event.eventType {
            case .task("remediation", .triggered)?: self = .remediation
            case .task(let name, .finished)? where ["approval", "action"].contains(name):
                guard event.json?["result"] == nil, event.json?["data"] == nil,
                    event.json?[name]?["result"]?.stringValue != nil
                else { return nil }
                self = .answer(task: name)
            default: return nil
            }
        }

        func read(_ old: OldEvent) throws(Refusal) -> Meaning {
            switch self {
            case .remediation: try old.remediationWanted(old.data["problem"] ?? .emptyObject)
            case .answer(let task):
                try old.answer(
                    [task], result: try old.result(old.data[task]?["result"]?.stringValue ?? "", "\(task).result"),
                    status: old.data[task]?["status"]?.stringValue ?? KeptnStatus.succeeded.rawValue)
            }
        }
    }
}

// MARK: - What is wanted

extension OldEvent {
    /// `configuration.change`: a new version, the end of a canary, or a change of files.
    func change() throws(Legacy.Refusal) -> Legacy.Meaning {
        let canary = data["canary"] ?? .emptyObject
        let action = canary["action"]?.stringValue ?? ""
        guard ["", "set", "promote", "discard"].contains(action) else {
            throw refusal("data.canary.action is '\(action)'; set, promote or discard is needed")
        }
        if event.source.hasSuffix("gatekeeper-service") {
            return .noEffect(
                "the sequences of the shipyard promote, roll back and go on to the next stage by themselves")
        }
        if action == "promote" || action == "discard" { return try endOfCanary(isPromoted: action == "promote") }
        let weight = canary["value"]
        guard weight == nil || weight?.intValue.map((0...100).contains) == true else {
            throw refusal("data.canary.value is \(weight?.text ?? ""); a whole number from 0 to 100 is needed")
        }
        let changes = OldEvent.fileChanges.compactMap { name in data[name].map { (key: name, value: Optional($0)) } }
        let values = data["valuesCanary"].flatMap { $0.kind == .object && !$0.members.isEmpty ? $0 : nil }
        guard values != nil || !changes.isEmpty else {
            throw refusal("data.valuesCanary is missing: it names the image to deploy")
        }
        let stage = try self.stage(orFirst: true)
        let deliveries = stage.sequences.filter { $0.tasks.contains { $0.name == "deployment" } }
        guard let sequence = deliveries.first(where: { $0.name == "delivery" }) ?? deliveries.first else {
            let names = stage.sequences.map(\.name).joined(separator: ", ")
            throw refusal("stage '\(stage.name)' has no sequence with a task 'deployment'; it has \(names)")
        }
        let change: [(key: String, value: JSON?)] =
            [("values", values ?? .emptyObject), ("canary", weight?.intValue == 100 ? nil : data["canary"])] + changes
        return try trigger(sequence.name, in: stage, [("configurationChange", .object(change))])
    }

    static let fileChanges = [
        "deploymentChanges", "fileChangesUserChart", "fileChangesGeneratedChart", "fileChangesUmbrellaChart",
    ]

    /// Somebody decides in the place of the gatekeeper: for an approval that waits, else for what is deployed.
    private func endOfCanary(isPromoted: Bool) throws(Legacy.Refusal) -> Legacy.Meaning {
        let stage = try self.stage(orFirst: false)
        if try openTask(["approval"]) != nil {
            return try answer(["approval"], result: isPromoted ? .pass : .fail)
        }
        if isPromoted { return .noEffect("a delivery promotes by itself when its evaluation has passed") }
        guard stage.sequences.contains(where: { $0.name == "rollback" }) else {
            return .noEffect("stage '\(stage.name)' has no sequence 'rollback': its deployments are direct")
        }
        return try trigger("rollback", in: stage, [])
    }

    /// `start-evaluation`.
    func evaluationWanted() throws(Legacy.Refusal) -> Legacy.Meaning {
        let window: [(key: String, value: JSON?)] = [("start", data["start"]), ("end", data["end"])]
        return try trigger(
            SequencePlan.evaluation, in: try stage(orFirst: false),
            [("evaluation", .object(window)), ("test", strategy("teststrategy")), ("deployment", deployment())])
    }

    /// `problem.open`, which also tells of the end of a problem.
    func problem() throws(Legacy.Refusal) -> Legacy.Meaning {
        let state = try text("State")
        switch state.lowercased() {
        case "open": return try remediationWanted(data)
        case "resolved", "closed": return noted()
        default: throw refusal("data.State is '\(state)'; OPEN, RESOLVED or CLOSED is needed")
        }
    }

    /// Starts the remediation of a stage that has one; elsewhere the problem is only noted.
    func remediationWanted(_ problem: JSON) throws(Legacy.Refusal) -> Legacy.Meaning {
        guard let title = (problem["ProblemTitle"] ?? problem["problemTitle"])?.stringValue, !title.isEmpty else {
            throw refusal("data.ProblemTitle is missing")
        }
        let stage = try self.stage(orFirst: false)
        guard stage.sequences.contains(where: { $0.name == "remediation" }) else {
            return noted()
        }
        let rootCause = problem["rootCause"] ?? .string(title)
        let told = OldEvent.problemNames.compactMap { name in problem[name].map { (key: name, value: Optional($0)) } }
        return try trigger(
            "remediation", in: stage,
            [("problem", .object([("problemTitle", .string(title)), ("rootCause", rootCause)] + told))])
    }

    /// The problem as an event that starts nothing.
    private func noted() -> Legacy.Meaning {
        let place = Legacy.place(of: event)
        let members = [("project", place.project), ("stage", place.stage), ("service", place.service)]
        let placed = members.reduce(data) { data, member in
            member.1.map { data.setting(member.0, to: .string($0)) } ?? data
        }
        return .events([retold(as: Legacy.OldType.problem.rawValue, placed)])
    }

    /// What an old problem says beside its title.
    static let problemNames = ["State", "ProblemID", "ProblemDetails", "PID", "ProblemURL", "ImpactedEntity", "Tags"]

    /// `get-sli`.
    func indicatorsWanted() throws(Legacy.Refusal) -> Legacy.Meaning {
        let names = [
            "sliProvider", "start", "end", "indicators", "customFilters", "teststrategy", "deploymentstrategy",
        ]
        let request = names.map { (key: $0, value: data[$0]) }
        let type = EventType.task(name: "get-sli", kind: .triggered)
        return .events([
            retold(
                as: type.text,
                .object(
                    try place(try stage(orFirst: false).name)
                        + [("get-sli", .object(request)), ("deployment", data["deployment"])]))
        ])
    }
}

// MARK: - Whole projects

extension OldEvent {
    func configuration(_ type: Legacy.OldType) throws(Legacy.Refusal) -> Legacy.Meaning {
        let project = try text("project")
        switch type {
        case .projectCreate:
            guard let shipyard = Base64.decode(try text("shipyard")) else {
                throw refusal("data.shipyard is no Base64")
            }
            return .createProject(
                Legacy.NewProject(
                    name: project, shipyard: shipyard, gitRemoteURL: data["gitRemoteURL"]?.stringValue ?? "",
                    gitUser: data["gitUser"]?.stringValue ?? "", gitToken: data["gitToken"]?.stringValue ?? ""))
        case .serviceCreate:
            let packed = data["helmChart"]?.stringValue ?? ""
            let chart = Base64.decode(packed)
            guard chart != nil else { throw refusal("data.helmChart is no Base64") }
            let strategies = (data["deploymentStrategies"]?.members ?? []).map { ($0.key, $0.value.stringValue ?? "") }
            return .createService(
                Legacy.NewService(
                    project: project, name: try text("service"), helmChart: packed.isEmpty ? nil : chart,
                    deploymentStrategies: Dictionary(strategies) { _, last in last }))
        default: return .deleteProject(project)
        }
    }
}
