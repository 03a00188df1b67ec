import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// The questions of shipyard-controller's debug API (K §2.3.8), which there has a port of its own and no token.
    var debugRoutes: [HTTPRoute] {
        let project = "/debug/sequence/project/{project}"
        let context = project + "/shkeptncontext/{shkeptncontext}"
        return [
            HTTPRoute(.get, project) { request in
                try await executions(request, project: request.parameter("project"))
            },
            HTTPRoute(.get, context) { request in .json(try await states(of: [try await run(request)])[0]) },
            HTTPRoute(.get, context + "/event") { request in
                let run = try await run(request)
                return .json(.array(try await events(of: run).map(Self.view)))
            },
            HTTPRoute(.get, context + "/event/{eventId}") { request in
                let (run, id) = (try await run(request), request.parameter("eventId"))
                guard let event = try await events(of: run, id: id).first else {
                    throw KeptnError(.notFound, "no event of context \(run.context) has the id \(id)")
                }
                return .json(Self.view(event))
            },
            HTTPRoute(.get, context + "/stage/{stage}/blocking") { request in
                let (run, stage) = (try await run(request), request.parameter("stage"))
                var blocking: [JSON] = []
                for execution in run.executions where execution.scope.stage == stage && execution.state.isOpen {
                    let open = try await parts.store.openExecutions(in: execution.scope).map(\.execution)
                    for blocker in SequenceMachine(scope: execution.scope, open: open).blockers(of: execution.id) {
                        blocking.append(try await json(blocker))
                    }
                }
                return .json(.array(blocking))
            },
        ]
    }

    /// The run that a request names; it has to exist.
    private func run(_ request: APIRequest) async throws -> SequenceRun {
        let (project, context) = (request.parameter("project"), request.parameter("shkeptncontext"))
        var query = RunQuery(project: project)
        query.contexts = [context]
        guard let run = try await parts.store.runs(query).runs.first else {
            throw KeptnError(.notFound, "no sequence in project \(project) has the context \(context)")
        }
        return run
    }

    /// Newest first, at most a thousand.
    private func events(of run: SequenceRun, id: String? = nil) async throws -> [CloudEvent] {
        var query = EventQuery()
        query.context = run.context
        query.id = id
        query.limit = 1000
        return try await parts.store.events(query).map(\.event)
    }
}
