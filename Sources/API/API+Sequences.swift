import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// The type of the event that a control command becomes (docs/decisions/0005).
    static let controlType = "sh.keptn.internal.event.sequence.control"
    /// A control command is answered when it has been handled, or after this time.
    static let controlMax = Duration.seconds(5)

    var sequenceRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/controlPlane/v1/sequence/{project}") { request in
                let page = try Page(request, standard: .max, max: .max)
                let found = try await runs(request, project: request.parameter("project"), page)
                return .json(
                    page.list("states", try await states(of: found.runs), total: found.total, key: { .integer($0) }))
            },
            HTTPRoute(.get, "/api/controlPlane/v1/sequence-execution") { request in
                guard let project = request.query("project") else {
                    throw KeptnError(.invalidInput, "the query needs 'project'")
                }
                return try await executions(request, project: project)
            },
            HTTPRoute(.post, "/api/controlPlane/v1/sequence/{project}/{keptnContext}/control") {
                try await control($0)
            },
        ]
    }

    // MARK: - Lists

    /// Pages of runs, shown by what was executed in them.
    func executions(_ request: APIRequest, project: String) async throws -> APIResponse {
        let page = try Page(request)
        let found = try await runs(request, project: project, page)
        var shown: [JSON] = []
        for execution in found.runs.flatMap(\.executions)
        where [nil, execution.scope.stage].contains(request.query("stage"))
            && [nil, execution.scope.service].contains(request.query("service"))
        {
            shown.append(try await json(execution))
        }
        return .json(
            page.list(
                "sequenceExecutions", shown, total: found.total, count: found.runs.count, key: { .integer($0) }))
    }

    func runs(_ request: APIRequest, project: String, _ page: Page) async throws -> RunPage {
        _ = try await parts.configuration.project(project)
        var query = RunQuery(project: project)
        query.name = request.query("name")
        query.stage = request.query("stage")
        query.service = request.query("service")
        query.contexts = (request.query("keptnContext") ?? "").split(separator: ",").map(String.init)
        for word in (request.query("state") ?? request.query("status") ?? "").split(separator: ",") {
            guard let state = SequenceExecution.State(rawValue: String(word)) else {
                let known = SequenceExecution.State.allCases.map(\.rawValue).joined(separator: ", ")
                throw KeptnError(.invalidInput, "state '\(word)' is unknown; known are \(known)")
            }
            query.states.append(state)
        }
        for word in (request.query("result") ?? "").split(separator: ",") {
            guard let result = KeptnResult(rawValue: String(word)) else {
                throw KeptnError(.invalidInput, "result '\(word)' is unknown; known are pass, warning, fail")
            }
            query.results.append(result)
        }
        query.from = try Self.time(request, "fromTime")
        query.before = try Self.time(request, "beforeTime")
        query.offset = page.offset
        query.limit = page.size == .max ? 0 : page.size
        return try await parts.store.runs(query)
    }

    static func time(_ request: APIRequest, _ name: String) throws -> Timestamp? {
        guard let text = request.query(name) else { return nil }
        if text.hasPrefix("0001-01-01") { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw KeptnError(.invalidInput, "\(name) is '\(text)'; a time such as 2026-01-31T12:00:00Z is needed")
        }
        return time
    }

    /// Keptn's SequenceStates: each run of a project with what last happened in each of its stages.
    func states(of runs: [SequenceRun]) async throws -> [JSON] {
        guard let project = runs.first?.executions.first?.scope.project else { return [] }
        let reports = try await parts.uniform.reports.stageReports(of: runs.map(\.context), in: project)
        let byPlace = Dictionary(reports.map { ([$0.context, $0.stage], $0) }) { first, _ in first }
        return runs.map { run in
            let first = run.executions[0]
            let stages = run.executions.map(\.scope.stage).unique.map { name in
                Self.stage(name, run.executions.filter { $0.scope.stage == name }, byPlace[[run.context, name]])
            }
            return [
                "name": .string(first.definition.name), "service": .string(first.scope.service),
                "project": .string(first.scope.project), "time": .string(first.triggeredAt.rfc3339),
                "shkeptncontext": .string(run.context), "state": .string(run.state.rawValue), "stages": .array(stages),
                "problemTitle": first.payload["problem", "problemTitle"],
            ]
        }
    }

    private static func stage(_ name: String, _ executions: [SequenceExecution], _ report: StageReport?) -> JSON {
        let open = executions.first { $0.state.isOpen }
        let state =
            open.map { $0.state == .paused ? "paused" : "triggered" } ?? executions.last?.outcome?.status.rawValue
        return [
            "name": .string(name), "state": .string(state ?? "unknown"),
            "image": executions.last?.payload["configurationChange", "values", "image"],
            "latestEvent": (report?.latest).map(Self.reference),
            "latestFailedEvent": (report?.latestFailed).map(Self.reference),
            "latestEvaluation": (report?.evaluation).map {
                ["result": $0["evaluation", "result"] ?? $0["result"], "score": $0["evaluation", "score"] ?? 0]
            },
        ]
    }

    private static func reference(_ event: StageReport.Event) -> JSON {
        ["id": .string(event.id), "type": .string(event.type), "time": .string(event.time?.rfc3339 ?? "")]
    }

    func json(_ execution: SequenceExecution) async throws -> JSON {
        var trigger = EventQuery()
        trigger.id = execution.triggeredID
        trigger.context = execution.context
        trigger.limit = 1
        var reason: WaitReason?
        if execution.state.isOpen {
            let open = try await parts.store.openExecutions(in: execution.scope).map(\.execution)
            reason = SequenceMachine(scope: execution.scope, open: open).waitReason(of: execution.id)
        }
        return [
            "_id": .string(execution.id), "schemaVersion": "1", "sequence": execution.definition.encoded,
            "status": [
                "state": .string(execution.state.rawValue),
                "previousTasks": .array(
                    execution.finishedTasks.map {
                        [
                            "name": .string($0.name), "triggeredID": .string($0.eventID),
                            "result": .string($0.outcome.result.rawValue),
                            "status": .string($0.outcome.status.rawValue),
                        ]
                    }),
                "currentTask": execution.task.map {
                    ["name": .string($0.name), "triggeredID": execution.openTask.map { .string($0.eventID) }]
                },
            ],
            "scope": [
                "project": .string(execution.scope.project), "stage": .string(execution.scope.stage),
                "service": .string(execution.scope.service), "keptnContext": .string(execution.context),
                "triggeredId": .string(execution.triggeredID),
                "gitcommitid": execution.gitCommitID.map { .string($0) }, "labels": execution.labels,
            ],
            "inputProperties": try await parts.store.events(trigger).first?.event.json,
            "triggeredAt": .string(execution.triggeredAt.rfc3339),
            "waitingFor": reason.map {
                [
                    "kind": .string($0.kind.rawValue), "detail": .string($0.detail),
                    "since": $0.since.map { .string($0.rfc3339) }, "until": $0.until.map { .string($0.rfc3339) },
                ]
            },
        ]
    }

    // MARK: - Control

    private func control(_ request: APIRequest) async throws -> APIResponse {
        let (project, context) = (request.parameter("project"), request.parameter("keptnContext"))
        let body = try await object(request)
        let state = body["state"]?.stringValue ?? ""
        guard ["pause", "resume", "abort"].contains(state) else {
            throw KeptnError(.invalidInput, "state is '\(state)'; pause, resume or abort is needed")
        }
        var query = RunQuery(project: project)
        query.contexts = [context]
        guard try await !parts.store.runs(query).runs.isEmpty else {
            throw KeptnError(.notFound, "no sequence in project \(project) has the context \(context)")
        }
        let stage = body["stage"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        let event = CloudEvent(
            id: parts.ids.newID(), source: "api", type: Self.controlType, time: parts.time.now,
            dataContentType: "application/json", extensions: ["shkeptncontext": .string(context)],
            data: .json([
                "project": .string(project), "stage": stage.map { .string($0) }, "state": .string(state),
            ]))
        let receipts = try await parts.store.append([event])
        if let position = receipts.last?.position {
            let barrier = parts.barrier
            try await parts.time.withDeadline(Self.controlMax, "the \(state) of \(context)") {
                try await barrier.handled(position)
            }
        }
        return .json([:])
    }
}

extension Array where Element: Hashable {
    /// Each element once, where it stands first.
    fileprivate var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
