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
                let found = try await parts.store.events(query)
                return .json(page.list("events", found.events.map { Self.view($0.event) }, total: found.total))
            },
            HTTPRoute(.get, "/api/mongodb-datastore/event/type/{type}") { request in
                var query = try FilterText.query(request.query("filter") ?? "")
                try request.caller.require(project: query.project)
                query.type = request.parameter("type")
                query.excludeInvalidated = request.query("excludeInvalidated") == "true"
                query.from = try Self.time(request, "fromTime")
                let limit = request.query("limit") ?? "20"
                guard let number = Int(limit), (1...100).contains(number) else {
                    throw KeptnError(.invalidInput, "limit is '\(limit)'; a whole number from 1 to 100 is needed")
                }
                query.limit = number
                let found = try await parts.store.events(query)
                return .json(["events": .array(found.events.map { Self.view($0.event) })])
            },
            HTTPRoute(.get, "/api/controlPlane/v1/event/triggered/{type}") { request in
                let type = request.parameter("type")
                guard case .task(let task, .triggered)? = EventType(type) else {
                    throw KeptnError(
                        .invalidInput, "'\(type)' is no type of a task: sh.keptn.event.TASK.triggered is needed")
                }
                let events = try await parts.store.openTasks(
                    named: task, project: request.query("project"), stage: request.query("stage"),
                    service: request.query("service"), eventID: request.query("eventID"))
                return .json([
                    "events": .array(events.map(Self.view)), "pageSize": .integer(events.count),
                    "totalCount": .integer(events.count),
                ])
            },
        ]
    }

    /// An event as Keptn's clients read it: the structured form with `contenttype` beside `datacontenttype`.
    static func view(_ event: CloudEvent) -> JSON {
        event.structured.setting("contenttype", to: .string(event.dataContentType ?? "application/json"))
    }
}

/// The filter of `GET /event/type/…`: `data.project:P AND data.stage:S AND data.result:pass,warning` (K §2.5).
enum FilterText {
    static func query(_ text: String) throws -> EventQuery {
        var query = EventQuery()
        for pair in text.split(separator: " AND ", omittingEmptySubsequences: true) {
            let parts = pair.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                throw KeptnError(.invalidInput, "filter '\(pair)': NAME:VALUE is needed, several joined by ' AND '")
            }
            let value = String(parts[1])
            switch parts[0] {
            case "data.project": query.project = value
            case "data.stage": query.stage = value
            case "data.service": query.service = value
            case "data.result": query.results = value.split(separator: ",").map(String.init)
            case "shkeptncontext": query.context = value
            case "source": query.source = value
            case "id": query.id = value
            case "triggeredid": query.triggeredID = value
            default:
                throw KeptnError(
                    .invalidInput,
                    "filter '\(parts[0])' is unknown; known are data.project, data.stage, data.service, data.result, "
                        + "shkeptncontext, triggeredid, source and id")
            }
        }
        guard query.project != nil || query.context != nil else {
            throw KeptnError(.invalidInput, "the filter needs data.project or shkeptncontext")
        }
        return query
    }
}
