import CloudEvents
import KeptnModel

// MARK: - Which statements an event makes

extension Translation {
    var statements: [Statement] {
        if CDEvents.Kind.problems.contains(event.type) { return incident }
        switch event.eventType {
        case .sequence("project", let change, .finished)? where common.stage == nil: return project(change)
        case .sequence("service", "delete", .finished)? where common.stage == nil: return serviceRemoved
        case .sequence(let stage, let name, let kind)? where common.stage == stage:
            return sequence("\(stage).\(name)", kind) + (name == "remediation" ? incident : [])
        case .task(let name, let kind)?: return task(name, kind) + reserved(name, kind)
        default: return []
        }
    }

    private func sequence(_ name: String, _ kind: EventType.Kind) -> [Statement] {
        let about: Members = [("pipelineName", .string(name)), ("uri", runURI)]
        return switch kind {
        case .triggered: [statement(.pipelineRunQueued, about)]
        // A start without the address of its run is none to CDEvents.
        case .started where runURI == nil: []
        case .started: [statement(.pipelineRunStarted, about, after: after(.pipelineRunQueued))]
        case .finished: [statement(.pipelineRunFinished, about + ending, after: after(.pipelineRunQueued))]
        case .invalidated, .statusChanged: []
        }
    }

    private func task(_ name: String, _ kind: EventType.Kind) -> [Statement] {
        let sequence = surroundings.sequence(ofTask: event)
        let pipelineRun: JSON? = sequence.map { ["id": .string($0.id), "source": .string(stageURI)] }
        let about: Members = [("taskName", .string(name)), ("uri", runURI), ("pipelineRun", pipelineRun)]
        return switch kind {
        case .triggered: sequence.map(begun) ?? []
        case .started: [statement(.taskRunStarted, about)]
        case .finished: [statement(.taskRunFinished, about + ending)]
        case .invalidated, .statusChanged: []
        }
    }

    /// Keptn has no event for the start of a sequence; its first task shows it.
    private func begun(_ sequence: CloudEvent) -> [Statement] {
        guard let runURI, surroundings.isUnstarted(sequence),
            case .sequence(let stage, let name, _)? = sequence.eventType
        else { return [] }
        return [
            Statement(
                kind: .pipelineRunStarted, subject: sequence.id, source: stageURI,
                content: [("pipelineName", .string("\(stage).\(name)")), ("uri", runURI)],
                predecessor: (.pipelineRunQueued, sequence.id))
        ]
    }

    /// What the tasks with a meaning of their own say besides.
    private func reserved(_ task: String, _ kind: EventType.Kind) -> [Statement] {
        switch (task, kind) {
        case ("deployment", .finished): serviceDeployed
        case ("rollback", .finished): serviceRolledBack
        case ("release", .finished): servicePublished
        case ("test", _): testSuiteRun(kind)
        case ("evaluation", _): evaluation(kind)
        case ("approval", _): approval(kind)
        default: []
        }
    }
}

// MARK: - Services and environments

extension Translation {
    private var serviceDeployed: [Statement] {
        let artifact = image.flatMap(PackageURL.of) ?? nameless(commit: deploymentCommit)
        return service(surroundings.previousImage == nil ? .serviceDeployed : .serviceUpgraded, artifact)
    }

    private var serviceRolledBack: [Statement] {
        service(.serviceRolledBack, surroundings.previousImage.flatMap(PackageURL.of) ?? nameless(commit: nil))
    }

    private var servicePublished: [Statement] { service(.servicePublished, nil) }

    /// Nothing has changed in the stage when the task did not succeed.
    private func service(_ kind: CDEvents.Kind, _ artifact: String?) -> [Statement] {
        guard outcome == .success, let name = common.service, !name.isEmpty, let environment else { return [] }
        let content: Members = [("environment", environment), ("artifactId", text(artifact))]
        return [Statement(kind: kind, subject: name, source: stageURI, content: content)]
    }

    private var image: String? {
        [event, surroundings.trigger(of: event)].lazy
            .compactMap { $0?.json?["configurationChange", "values", "image"]?.stringValue }.first
    }

    private var deploymentCommit: String? {
        data["deployment", "gitCommit"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? event.gitCommitID
    }

    private func nameless(commit: String?) -> String {
        PackageURL.of(service: common.service ?? "", project: common.project ?? "", commit: commit)
    }

    private var serviceRemoved: [Statement] {
        guard outcome == .success, let name = common.service, !name.isEmpty else { return [] }
        return [Statement(kind: .serviceRemoved, subject: name, source: stageURI, content: [])]
    }

    /// A project is the environment that its stages lie in.
    private func project(_ change: String) -> [Statement] {
        let kinds: [String: CDEvents.Kind] = ["create": .environmentCreated, "delete": .environmentDeleted]
        guard outcome == .success, let kind = kinds[change], let name = common.project, !name.isEmpty else { return [] }
        return [
            Statement(kind: kind, subject: name, source: surroundings.uri(), content: [("name", .string(name))])
        ]
    }
}

// MARK: - Tests, gates, approvals

extension Translation {
    private func testSuiteRun(_ kind: EventType.Kind) -> [Statement] {
        guard let environment else { return [] }
        let strategy = [event, surroundings.trigger(of: event)].lazy
            .compactMap { text($0?.json?["test", "teststrategy"]?.stringValue) }.first
        let about: Members = [("environment", environment), ("testSuite", strategy.map { ["id": $0, "name": $0] })]
        let reason = outcome == .success ? nil : text(common.message)
        let ending: Members = [("outcome", .string(outcome.rawValue)), ("reason", reason)]
        let cause: Members = [("trigger", .object([("type", "pipeline"), ("uri", runURI)]))]
        return switch kind {
        case .triggered: [statement(.testSuiteRunQueued, about + cause)]
        case .started: [statement(.testSuiteRunStarted, about + cause, after: after(.testSuiteRunQueued))]
        case .finished: [statement(.testSuiteRunFinished, about + ending, after: after(.testSuiteRunQueued))]
        case .invalidated, .statusChanged: []
        }
    }

    private func evaluation(_ kind: EventType.Kind) -> [Statement] {
        let about: Members = [("environment", environment), ("service", service), ("uri", runURI)]
        let verdict = data["evaluation"]
        let score: Members = ["result", "score", "timeStart", "timeEnd"].map { ($0, verdict?[$0]) }
        return switch kind {
        case .triggered: [statement(.evaluationQueued, about)]
        case .started: [statement(.evaluationStarted, about, after: after(.evaluationQueued))]
        case .finished: [statement(.evaluationFinished, about + ending + score, after: after(.evaluationQueued))]
        case .invalidated: [statement(.evaluationInvalidated, about, after: after(.evaluationQueued))]
        case .statusChanged: []
        }
    }

    /// The members are those of the draft of CDEvents 0.6.
    private func approval(_ kind: EventType.Kind) -> [Statement] {
        let about: Members = [("approvalDetailsUrl", runURI), ("resourceTargetUrl", .string(stageURI))]
        switch kind {
        case .triggered: return [statement(.approvalCreated, about)]
        case .finished:
            let decisions: [CDEvents.Outcome: JSON] = [.success: "approved", .failure: "rejected"]
            return [
                statement(.approvalClosed, about + [("decision", decisions[outcome])], after: after(.approvalCreated))
            ]
        case .started, .invalidated, .statusChanged: return []
        }
    }
}

// MARK: - Incidents

extension Translation {
    /// An incident is a run: problems, and the remediations that answer them, share a context. Each turn is told once,
    /// however many events tell of it.
    private var incident: [Statement] {
        guard let isOpen = Self.opensIncident(event), let environment,
            isOpen != surroundings.run.lazy.reversed().compactMap(Self.opensIncident).first
        else { return [] }
        let problem = data["problem"] ?? data
        let title = ["ProblemTitle", "problemTitle", "rootCause"].lazy
            .compactMap { text(problem[$0]?.stringValue) }.first
        let about: Members = [("description", title), ("environment", environment), ("service", service)]
        func incident(_ kind: CDEvents.Kind, _ content: Members) -> Statement {
            Statement(
                kind: kind, subject: event.keptnContext ?? event.id, source: surroundings.uri(project: common.project),
                content: content)
        }
        guard isOpen else { return [incident(.incidentResolved, about)] }
        let ticket = problem["ProblemURL"]?.stringValue.flatMap(Self.webAddress)
        return [incident(.incidentDetected, about)]
            + (ticket.map { [incident(.incidentReported, about + [("ticketURI", .string($0))])] } ?? [])
    }

    /// True for an event with which an incident begins, false for one with which it ends, nil for all others.
    private static func opensIncident(_ event: CloudEvent) -> Bool? {
        if CDEvents.Kind.problems.contains(event.type) {
            return switch event.json?["State"]?.stringValue?.uppercased() {
            case "OPEN": true
            case "RESOLVED", "CLOSED": false
            default: nil
            }
        }
        return switch event.eventType {
        case .sequence(_, "remediation", .triggered)?: true
        case .sequence(_, "remediation", .finished)?:
            event.keptnData.flatMap { CDEvents.Outcome(of: $0) == .success ? false : nil }
        default: nil
        }
    }

    /// The same text, its fragment too; nil for what is no address of the web.
    private static func webAddress(_ text: String) -> String? {
        let isWritten = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
        return isWritten && text.contains("://") && (try? WebTarget(text)) != nil ? text : nil
    }
}
