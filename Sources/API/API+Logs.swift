import CloudEvents
import Core
import HTTPTypes
import Ports

extension API {
    /// What integrations write about their failures (K §2.3.8). `DELETE` is not for the outside (K §2.1): the original
    /// client sends it without a filter, and would remove everything.
    var logRoutes: [HTTPRoute] {
        let path = "/api/controlPlane/v1/log"
        return [
            HTTPRoute(.post, path) { request in
                let (now, body) = (parts.time.now, try await object(request))
                guard let list = body["logs"], list.kind == .array else {
                    throw KeptnError(.invalidInput, "field 'logs' has to be a list of log entries")
                }
                let entries = try list.elements.enumerated().map { try Self.entry($1, number: $0, at: now) }
                try await parts.uniform.log.append(entries, oldest: now - LogEntry.ageMax, readUpTo: nil)
                return .json([:])
            },
            HTTPRoute(.get, path) { request in
                let page = try Page(request)
                let oldest = parts.time.now - LogEntry.ageMax
                var query = LogQuery()
                query.integrationID = request.query("integrationId")
                query.from = max(try Self.time(request, "fromTime") ?? oldest, oldest)
                query.before = try Self.time(request, "beforeTime")
                (query.offset, query.limit) = (page.offset, page.size)
                let found = try await parts.uniform.log.entries(query)
                let end = page.offset + found.entries.count
                // A number here, and a text everywhere else: clients of Keptn decode it so.
                return .json([
                    "logs": .array(found.entries.map(\.json)),
                    "nextPageKey": .integer(end < found.total && !found.entries.isEmpty ? end : 0),
                    "pageSize": .integer(page.size), "totalCount": .integer(found.total),
                ])
            },
        ]
    }

    private static func entry(_ json: JSON, number: Int, at now: Timestamp) throws -> LogEntry {
        let place = "logs[\(number)]"
        var time = now
        if let text = json["time"]?.stringValue, !text.isEmpty, !text.hasPrefix("0001-01-01") {
            guard let given = Timestamp(rfc3339: text) else {
                throw KeptnError(
                    .invalidInput, "\(place).time is '\(text)'; a time such as 2026-01-31T12:00:00Z is needed")
            }
            time = given
        }
        let entry = LogEntry(reading: json, time: time)
        guard !entry.integrationID.isEmpty else {
            throw KeptnError(.invalidInput, "\(place).integrationid is missing: the id that the registration gave")
        }
        return entry
    }
}
