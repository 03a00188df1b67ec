package import CloudEvents
package import KeptnModel

extension Legacy {
    /// A canonical event as a subscriber to an old type has to see it; nil when it is not told as that type. Write it
    /// as CloudEvents 0.2 (`Legacy.version`).
    ///
    /// - Parameters:
    ///   - triggered: For a `finished` event the one that it answers: there stands what the task was about.
    ///   - shipyard: The project's; it tells which task comes next.
    package static func write(
        _ event: CloudEvent, as type: OldType, answering triggered: CloudEvent? = nil, shipyard: Shipyard
    ) -> CloudEvent? {
        let known = triggered?.json ?? .emptyObject
        let teller = OldTeller(event: event, data: known.merging(event.json ?? .emptyObject), shipyard: shipyard)
        guard let data = teller.data(of: type) else { return nil }
        var old = event
        old.type = type.rawValue
        old.dataContentType = "application/json"
        typealias Name = CloudEvent.KeptnExtension
        for name in [Name.specVersion, Name.triggeredID, Name.gitCommitID] { old.extensions[name] = nil }
        old.data = .json(data)
        return old
    }
}

/// Tells one canonical event in old words.
private struct OldTeller {
    typealias Members = [(key: String, value: JSON?)]

    let event: CloudEvent
    /// What is known of the task: the data of its trigger and of this event.
    let data: JSON
    let shipyard: Shipyard

    func data(of type: Legacy.OldType) -> JSON? {
        let members: Members? =
            switch type {
            case .projectCreate, .projectDelete, .serviceCreate, .done: configuration(type)
            case .configurationChange: change
            case .deploymentFinished: deployed
            case .testsFinished: tested
            case .startEvaluation: evaluationWanted
            case .evaluationDone: evaluated
            case .getSLI, .getSLIDone: indicators(type)
            case .problemOpen: problem
            case .monitoringConfigure: monitoring
            case .problem: event.type == type.rawValue ? data.members.map { ($0.key, $0.value) } : nil
            case .log: nil
            }
        return members.map { .object($0) }
    }

    /// Whether the event is this one of a task.
    private func isTask(_ name: String, _ kind: EventType.Kind) -> Bool {
        event.eventType == .task(name: name, kind: kind)
    }

    private var stage: Shipyard.Stage? { data["stage"]?.stringValue.flatMap(shipyard.stage) }

    /// The tasks that come after this one in its stage.
    private func tasks(after name: String) -> ArraySlice<Shipyard.Task> {
        let sequence = stage?.sequences.first { $0.tasks.contains { $0.name == name } }
        return sequence?.tasks.drop { $0.name != name }.dropFirst() ?? []
    }

    private var hasFailed: Bool {
        data["result"]?.stringValue == KeptnResult.fail.rawValue
            || [KeptnStatus.errored, .aborted].contains { $0.rawValue == data["status"]?.stringValue }
    }
}

// MARK: - Common members

extension OldTeller {
    private var place: Members {
        [("project", data["project"]), ("service", data["service"]), ("stage", data["stage"])]
    }

    private var labels: Members { [("labels", data["labels"])] }

    /// Both strategies, from the shipyard: an event knows only its own task's properties, and what an executor has
    /// reported may come from the stage before. Who wants an evaluation alone has said them.
    private var strategies: Members {
        func strategy(_ task: String, _ name: String) -> JSON? {
            let tasks = stage?.sequences.lazy.flatMap(\.tasks).filter { $0.name == task }
            let isKnown = isWantedAlone || stage == nil || tasks?.isEmpty == false
            return (isWantedAlone ? nil : tasks?.first?.properties?[name]) ?? (isKnown ? data[task]?[name] : nil)
        }
        let deployment = strategy("deployment", "deploymentstrategy") ?? ""
        return [
            ("teststrategy", strategy("test", "teststrategy") ?? ""),
            ("deploymentstrategy", deployment == "duplicate" ? "blue_green_service" : deployment),
        ]
    }

    /// `image:tag` in two parts; an address with a port is no tag, and a digest is one.
    private var image: Members {
        guard let image = data["configurationChange", "values", "image"]?.stringValue else { return [] }
        let slash = image.lastIndex(of: "/") ?? image.startIndex
        guard let mark = image.lastIndex(of: "@") ?? image[slash...].lastIndex(of: ":") else {
            return [("image", .string(image)), ("tag", "")]
        }
        return [
            ("image", .string(String(image[..<mark]))), ("tag", .string(String(image[image.index(after: mark)...]))),
        ]
    }
}

// MARK: - Types

extension OldTeller {
    /// What helm-service has to do.
    private var change: Members? {
        switch event.eventType {
        case .task("deployment", .triggered)?:
            let change = data["configurationChange"] ?? .emptyObject
            let values = change["values"].flatMap { $0.members.isEmpty ? nil : $0 }
            let files = OldEvent.fileChanges.map { (key: $0, value: change[$0]) }
            let canary = change["canary"] ?? ["action": "set", "value": 100]
            return place + [("valuesCanary", values)] + files + [("canary", canary)] + labels
        case .task("release", .triggered)?: return place + [("canary", ["action": "promote"])] + labels
        case .task("rollback", .triggered)?: return place + [("canary", ["action": "discard"])] + labels
        default: return nil
        }
    }

    /// Asks for a test, or says only that a deployment is done where no test follows.
    private var deployed: Members? {
        let isUntested =
            isTask("deployment", .finished) && !hasFailed
            && !tasks(after: "deployment").contains { $0.name == "test" }
        guard isTask("test", .triggered) || isUntested else { return nil }
        let deployment = data["deployment"] ?? .emptyObject
        return place + strategies + image + [
            ("deploymentURILocal", deployment["deploymentURIsLocal"]?.elements.first),
            ("deploymentURIPublic", deployment["deploymentURIsPublic"]?.elements.first),
        ] + labels
    }

    /// Asks for an evaluation, or says only how a test ended where no evaluation follows.
    private var tested: Members? {
        let isLast =
            isTask("test", .finished) && (hasFailed || !tasks(after: "test").contains { $0.name == "evaluation" })
        guard isLast || (isTask("evaluation", .triggered) && !isWantedAlone) else { return nil }
        let strategies = self.strategies
        let isTested = strategies.first?.value != ""
        let now = event.time.map { JSON.string($0.rfc3339) }
        let start = isTested ? data["test", "start"] : now
        let end = isTested ? data["test", "end"] : now
        return place + strategies + [("start", start), ("startedat", start), ("end", end)]
            + [("result", hasFailed ? "fail" : "pass")] + labels
    }

    /// Whether somebody wants an evaluation of a certain time, with no test before it.
    private var isWantedAlone: Bool {
        let asked = data["evaluation"]
        let traces = ["test", "deployment", "configurationChange"]
        return asked?["start"] != nil || traces.allSatisfy { data[$0] == nil }
    }

    private var evaluationWanted: Members? {
        guard isTask("evaluation", .triggered), isWantedAlone, let now = event.time,
            let window = try? EvaluationWindow(ofTriggered: data, now: now)
        else { return nil }
        return place + strategies
            + [("start", .string(window.start.rfc3339)), ("end", .string(window.end.rfc3339))] + labels
    }

    private var evaluated: Members? {
        guard isTask("evaluation", .finished) else { return nil }
        return place + strategies + [
            ("result", data["result"]), ("evaluationpassed", .bool(!hasFailed)),
            ("evaluationdetails", OldEvaluation.old(data["evaluation"] ?? .emptyObject)),
        ] + image + labels
    }

    private func indicators(_ type: Legacy.OldType) -> Members? {
        guard isTask("get-sli", type == .getSLI ? .triggered : .finished) else { return nil }
        let names =
            ["sliProvider", "start", "end", "teststrategy", "deploymentstrategy", "customFilters"]
            + [type == .getSLI ? "indicators" : "indicatorValues"]
        // Merging would put the lists of the answer before those of the question.
        let said = event.json?["get-sli"]
        return place + names.map { ($0, said?[$0] ?? data["get-sli", $0]) } + [("deployment", data["deployment"])]
            + labels
    }

    private var problem: Members? {
        guard case .sequence(_, "remediation", .triggered)? = event.eventType else { return nil }
        let problem = data["problem"] ?? .emptyObject
        let defaults: [String: JSON] = [
            "State": "OPEN", "ProblemID": .string(event.id), "PID": .string(event.id), "ProblemDetails": .emptyObject,
        ]
        let title = problem["problemTitle"] ?? problem["rootCause"] ?? ""
        return [("ProblemTitle", title)] + OldEvent.problemNames.map { ($0, problem[$0] ?? defaults[$0]) } + place
            + labels
    }

    private var monitoring: Members? {
        if event.type == Legacy.OldType.monitoringConfigure.rawValue { return data.members.map { ($0.key, $0.value) } }
        guard isTask("configure-monitoring", .triggered) else { return nil }
        return [
            ("type", data["configureMonitoring", "type"]), ("project", data["project"]), ("service", data["service"]),
        ]
    }

    /// Projects and services that have been created or deleted.
    private func configuration(_ type: Legacy.OldType) -> Members? {
        guard case .sequence(let what, let verb, .finished)? = event.eventType,
            ["project", "service"].contains(what), ["create", "delete"].contains(verb)
        else { return nil }
        if type == .done {
            return what == "project"
                ? [("result", hasFailed ? "error" : "success"), ("message", data["message"] ?? "")] : nil
        }
        guard type.rawValue == "sh.keptn.internal.event.\(what).\(verb)", !hasFailed else { return nil }
        let created = data["createdProject"]
        return [
            ("project", data["project"]), ("service", data["service"]), ("shipyard", created?["shipyard"]),
            ("gitRemoteURL", created?["gitRemoteURL"]),
        ]
    }
}
