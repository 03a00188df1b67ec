import CloudEvents
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// The queries of mongodb-datastore (K §2.5) and the open tasks of shipyard-controller.
    var queryRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/mongodb-datastore/event") { request in
                let page = try Page(request)
                var query = EventQuery()
                query.id = request.query("eventID")
                query.context = request.query("keptnContext")
                query.type = request.query("type")
                query.project = request.query("project")
                query.stage = request.query("stage")
                query.service = request.query("service")
                query.source = request.query("source")
                query.rootOnly = request.query("root") == "true"
                query.from = try Self.time(request, "fromTime")
                query.before = try Self.time(request, "beforeTime")
                query.offset = page.offset
                query.limit = page.size
                let found = try await parts.store.documents(query, counts: true)
                return .json(page.list("events", found.events.map(Self.view), total: found.total ?? 0))
            },
            HTTPRoute(.get, "/api/mongodb-datastore/event/type/{type}") { request in
                var query = try EventQuery(filter: request.query("filter") ?? "")
                try request.caller.require(project: query.project)
                query.type = request.parameter("type")
                query.excludeInvalidated = request.query("excludeInvalidated") == "true"
                query.from = try Self.time(request, "fromTime")
                let limit = request.query("limit") ?? "20"
                guard let number = Int(limit), (1...100).contains(number) else {
                    throw KeptnError(.invalidInput, "limit is '\(limit)'; a whole number from 1 to 100 is needed")
                }
                query.limit = number
                let found = try await parts.store.documents(query, counts: false)
                return .json(["events": .array(found.events.map(Self.view))])
            },
            HTTPRoute(.get, "/api/controlPlane/v1/event/triggered/{type}") { request in
                let type = request.parameter("type")
                guard case .task(let task, .triggered)? = EventType(type) else {
                    throw KeptnError(
                        .invalidInput, "'\(type)' is no type of a task: sh.keptn.event.TASK.triggered is needed")
                }
                let events = try await openTasks(task, request)
                return .json([
                    "events": .array(events.map(Self.view)), "pageSize": .integer(events.count),
                    "totalCount": .integer(events.count),
                ])
            },
        ]
    }

    /// Those of sequences, and those that other tasks ask for.
    private func openTasks(_ task: String, _ request: APIRequest) async throws -> [CloudEvent] {
        let (id, project) = (request.query("eventID"), request.query("project"))
        let (stage, service) = (request.query("stage"), request.query("service"))
        let ofSequences = try await parts.store.openTasks(
            named: task, project: project, stage: stage, service: service, eventID: id)
        let ofTasks = try await parts.uniform.reports.openRequests(
            OpenRequestQuery(
                task: task, since: parts.time.now - Self.requestAgeMax, id: id, project: project, stage: stage,
                service: service))
        return ofSequences + ofTasks
    }

    /// Who asks another task waits minutes; what is older waits for nobody any more.
    static let requestAgeMax = Duration.seconds(3600)

    /// An event as Keptn's clients read it: the structured form with `contenttype` beside `datacontenttype`.
    static func view(_ event: CloudEvent) -> JSON { view(event.structured) }

    private static func view(_ structured: JSON) -> JSON {
        structured.appending("contenttype", structured["datacontenttype"] ?? "application/json")
    }
}
