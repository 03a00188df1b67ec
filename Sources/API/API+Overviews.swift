import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// Lists for people (docs/bridge.md): counted, searched and cut here, as Keptn's own lists come whole.
    var overviewRoutes: [HTTPRoute] {
        [
            overview("projects", projectsOverview), overview("project/{project}", projectOverview),
            HTTPRoute(.get, "/api/v1/overview/names") { try await projectNames($0) },
            overview("project/{project}/services", servicesOverview),
            overview("project/{project}/sequences", sequencesOverview),
            overview("project/{project}/sequence/{keptnContext}", runOverview), overview("open", openOverview),
            overview("repaired", repairedOverview),
            HTTPRoute(.get, "/api/v1/search") { try await search($0) },
        ]
    }

    /// The state of sequences follows the log by a moment. Who has heard of an event and asks what it has changed is
    /// answered when it has been handled, or after this time; then the answer says that it is to be asked for again.
    private static let catchUpMax = Duration.seconds(1)
    private static let behind = HTTPField.Name("keptn-behind")

    private func overview(
        _ path: String, _ answer: @escaping @Sendable (APIRequest) async throws -> APIResponse
    ) -> HTTPRoute {
        HTTPRoute(.get, "/api/v1/overview/" + path) { request in
            let (head, barrier) = (try await parts.store.head(), parts.barrier)
            let isHandled: Void? = try? await parts.time.withDeadline(Self.catchUpMax, "the state of sequences") {
                try await barrier.handled(head)
            }
            var response = try await answer(request)
            if isHandled == nil, let behind = Self.behind { response.headers[behind] = "true" }
            return response
        }
    }

    static let evaluationFinished = EventType.task(name: "evaluation", kind: .finished).text

    // MARK: - Projects

    private static let latestRuns = 5

    /// The names alone, which no repository has to be opened for: to choose one of them.
    private func projectNames(_ request: APIRequest) async throws -> APIResponse {
        let names = try await parts.configuration.projectNames().filter(request.caller.grant.reaches)
        return .json(["names": .array(names.map { .string($0) })])
    }

    private func projectsOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request)
        let text = request.query("search")?.lowercased() ?? ""
        let all = try await parts.configuration.projectNames().filter(request.caller.grant.reaches)
        let open = try await parts.store.openCounts(in: all)
        let matching = all.filter { text.isEmpty || $0.contains(text) }
        let shown = Array(page.cut(matching))
        let gates = try await parts.store.latestResults(of: Self.evaluationFinished, in: shown)
        var projects: [JSON] = []
        for name in shown {
            // A repository that cannot be read must not hide the others.
            guard let project = try? await parts.configuration.project(name) else { continue }
            projects.append(
                try await overview(
                    project, open.filter { $0.project == name }, gates.filter { $0.project == name }, withRuns: true))
        }
        return .json(
            page.list("projects", projects, total: matching.count)
                .setting("totals", to: Self.counts(open).setting("projects", to: .integer(all.count))))
    }

    private func projectOverview(_ request: APIRequest) async throws -> APIResponse {
        let project = try await parts.configuration.project(request.parameter("project"))
        return .json(
            try await overview(
                project, parts.store.openCounts(in: [project.name]),
                parts.store.latestResults(of: Self.evaluationFinished, in: [project.name]), withRuns: false))
    }

    private func overview(
        _ project: ProjectEntry, _ open: [OpenCount], _ gates: [ResultCount], withRuns: Bool
    ) async throws -> JSON {
        let first = project.shipyard.stages.first?.name
        var services = 0
        if let first { services = try await parts.configuration.services(project: project.name, stage: first).count }
        let upstream = try await parts.configuration.upstream(of: project.name)
        var runs: [JSON] = []
        if withRuns {
            var query = RunQuery(project: project.name)
            query.limit = Self.latestRuns
            runs = try await parts.store.runs(query).runs.map(Self.summary)
        }
        return Self.counts(open).merging([
            "name": .string(project.name), "createdAt": .string(project.createdAt.rfc3339),
            "shipyardVersion": .string(project.shipyard.version), "serviceCount": .integer(services),
            "gates": Self.gateCounts(gates),
            "upstream": upstream.map {
                [
                    "state": .string($0.status.state.rawValue), "message": .string($0.status.message),
                    "url": $0.shownURL.isEmpty ? nil : .string($0.shownURL),
                ]
            },
            "stages": .array(
                project.shipyard.stages.map { stage in
                    Self.counts(open.filter { $0.stage == stage.name }).merging([
                        "name": .string(stage.name), "parents": .array(Self.parents(of: stage).map { .string($0) }),
                        "gates": Self.gateCounts(gates.filter { $0.stage == stage.name }),
                        "sequences": .array(stage.sequences.map(Self.sequence)),
                    ])
                }),
            "runs": withRuns ? .array(runs) : nil,
        ])
    }

    private static func sequence(_ sequence: Shipyard.Sequence) -> JSON {
        [
            "name": .string(sequence.name), "tasks": .array(sequence.tasks.map { .string($0.name) }),
            "triggeredOn": .array(
                sequence.triggeredOn.map { trigger in
                    [
                        "event": .string(trigger.event),
                        "match": .object(trigger.match.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }),
                    ]
                }),
        ]
    }

    private static func counts(_ open: [OpenCount]) -> JSON {
        func sum(_ isIncluded: (OpenCount) -> Bool) -> JSON {
            .integer(open.filter(isIncluded).reduce(0) { $0 + $1.count })
        }
        return [
            "running": sum { $0.state == .started || $0.state == .triggered },
            "waiting": sum { $0.state == .waiting }, "paused": sum { $0.state == .paused },
            "approvals": sum { $0.state == .waitingForApproval },
            "problems": sum { $0.sequence == "remediation" },
        ]
    }

    private static func gateCounts(_ gates: [ResultCount]) -> JSON {
        func count(_ result: String) -> JSON {
            .integer(gates.filter { $0.result == result }.reduce(0) { $0 + $1.count })
        }
        return ["pass": count("pass"), "warning": count("warning"), "fail": count("fail")]
    }

    // MARK: - Runs

    /// A run in a list.
    static func summary(_ run: SequenceRun) -> JSON {
        let first = run.executions[0]
        return [
            "context": .string(run.context), "name": .string(first.definition.name),
            "project": .string(first.scope.project), "service": .string(first.scope.service),
            "state": .string(run.state.rawValue), "result": run.result.map { .string($0.rawValue) },
            "triggeredAt": .string(first.triggeredAt.rfc3339),
            "finishedAt": run.executions.contains { $0.state.isOpen }
                ? nil : run.executions.compactMap(\.finishedAt).max().map { .string($0.rfc3339) },
            "image": image(of: run.executions.last ?? first).map { .string($0) },
            "stages": .array(
                run.executions.map { execution in
                    [
                        "stage": .string(execution.scope.stage), "name": .string(execution.definition.name),
                        "state": .string(execution.state.rawValue),
                        "result": execution.outcome.map { .string($0.result.rawValue) },
                        "task": execution.state.isOpen ? execution.task.map { .string($0.name) } : nil,
                    ]
                }),
        ]
    }

    static func image(of execution: SequenceExecution) -> String? {
        execution.payload["configurationChange", "values", "image"]?.stringValue
    }

    private func sequencesOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request)
        let found = try await runs(request, project: request.parameter("project"), page)
        return .json(page.list("runs", found.runs.map(Self.summary), total: found.total))
    }

    // MARK: - What is open

    /// Open sequences of all projects: those that wait for an approval (`task=approval`), that repair something
    /// (`sequence=remediation`), or all.
    private func openOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request)
        var query = OpenQuery()
        query.projects = request.query("project").map { [$0] } ?? request.caller.grant.projects.map(Array.init)
        if let project = request.query("project") { try request.caller.require(project: project) }
        query.task = request.query("task")
        query.sequence = request.query("sequence")
        query.offset = page.offset
        query.limit = page.size
        let found = try await parts.store.open(query)
        return .json(page.list("open", found.executions.map(Self.open), total: found.total))
    }

    /// An open execution in a list.
    static func open(_ execution: SequenceExecution) -> JSON {
        let evaluation = execution.payload["evaluation"]
        var phase: JSON?
        if case .sent(let id, let at, let deadline)? = execution.task?.phase {
            phase = [
                "triggeredID": .string(id), "since": .string(at.rfc3339), "until": deadline.map { .string($0.rfc3339) },
            ]
        }
        return [
            "project": .string(execution.scope.project), "stage": .string(execution.scope.stage),
            "service": .string(execution.scope.service), "context": .string(execution.context),
            "sequence": .string(execution.definition.name), "state": .string(execution.state.rawValue),
            "triggeredAt": .string(execution.triggeredAt.rfc3339),
            "task": execution.task.map { .string($0.name) }, "wait": phase,
            "image": image(of: execution).map { .string($0) }, "labels": execution.labels,
            "evaluation": evaluation.map { ["result": $0["result"], "score": $0["score"]] },
            "problem": execution.payload["problem", "problemTitle"] ?? execution.payload["problem", "ProblemTitle"],
            "action": execution.payload["action", "action"],
        ]
    }

    // MARK: - Search

    private static let foundMax = 8

    /// Projects and services by a part of their names, runs by the beginning of their contexts.
    private func search(_ request: APIRequest) async throws -> APIResponse {
        let text = (request.query("q") ?? "").lowercased()
        guard !text.isEmpty else { throw KeptnError(.invalidInput, "the query needs 'q'") }
        let all = try await parts.configuration.projects().filter { request.caller.grant.reaches($0.name) }
        let projects = all.filter { $0.name.contains(text) }.prefix(Self.foundMax)
        var results: [JSON] = projects.map { ["kind": "project", "project": .string($0.name)] }
        var services: [(isExact: Bool, JSON)] = []
        for project in all {
            guard let stage = project.shipyard.stages.first?.name, services.count < Self.foundMax * 8 else { continue }
            for service in try await parts.configuration.services(project: project.name, stage: stage)
            where service.name.contains(text) {
                services.append(
                    (
                        service.name == text,
                        ["kind": "service", "project": .string(project.name), "service": .string(service.name)]
                    ))
            }
        }
        results += (services.filter(\.isExact) + services.filter { !$0.isExact }).prefix(Self.foundMax).map(\.1)
        let runs = try await parts.store.runs(beginningWith: text, in: all.map(\.name), limit: Self.foundMax)
        results += runs.map { first in
            [
                "kind": "sequence", "project": .string(first.scope.project), "service": .string(first.scope.service),
                "sequence": .string(first.definition.name), "context": .string(first.context),
                "time": .string(first.triggeredAt.rfc3339),
            ]
        }
        return .json(["results": .array(results)])
    }
}

extension JSON {
    /// An object with further members.
    func merging(_ more: JSON) -> JSON {
        .object(members.map { ($0.key, $0.value) } + more.members.map { ($0.key, $0.value) })
    }
}
