import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// What statistics-service counted (K §2.13), counted from the event log whenever somebody asks.
    var statisticsRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/statistics/v1/statistics") { request in
                guard let from = Self.seconds(request, "from", standard: Timestamp(seconds: 0)),
                    let to = Self.seconds(request, "to", standard: parts.time.now)
                else {
                    return Self.statisticsError(
                        .badRequest,
                        "from is '\(request.query("from") ?? "")' and to is '\(request.query("to") ?? "")'; both have "
                            + "to be seconds since 1970, such as 1767225600")
                }
                guard from <= to else {
                    return Self.statisticsError(
                        .badRequest, "'to' (\(to.rfc3339)) must not lie before 'from' (\(from.rfc3339))")
                }
                let counts = try await parts.uniform.reports.counts(
                    from: from, to: to, project: request.query("project"))
                guard !counts.isEmpty else {
                    return Self.statisticsError(.notFound, "no statistics found for selected time frame")
                }
                return .json([
                    "from": .string(from.rfc3339), "to": .string(to.rfc3339),
                    "projects": Self.named(counts, by: \.project) { ["services": Self.services($0)] },
                ])
            }
        ]
    }

    static func seconds(_ request: APIRequest, _ name: String, standard: Timestamp) -> Timestamp? {
        guard let text = request.query(name) else { return standard }
        return Int64(text).map { Timestamp(seconds: $0) }
    }

    /// This service called the status `errorCode`; the rest of the API calls it `code`.
    private static func statisticsError(_ status: HTTPResponse.Status, _ message: String) -> APIResponse {
        .json(
            ["code": .integer(status.code), "errorCode": .integer(status.code), "message": .string(message)], status)
    }

    private static func services(_ counts: [EventCount]) -> JSON {
        named(counts, by: \.service) { counts in
            let sequences = counts.filter { $0.source == SequenceMachine.source }.compactMap { $0.trimmed(".finished") }
            let executions = counts.compactMap { $0.trimmed(".started") }
            return [
                "events": types(counts), "executedSequencesPerType": types(sequences),
                "keptnServiceExecutions": named(executions, by: \.source) { ["executions": types($0)] },
            ]
        }
    }

    private static func types(_ counts: [EventCount]) -> JSON {
        let sums = Dictionary(counts.map { ($0.type, $0.count) }, uniquingKeysWith: +)
        return .array(sums.sorted { $0.key < $1.key }.map { ["type": .string($0.key), "count": .integer($0.value)] })
    }

    /// One object a name, sorted by it.
    private static func named(
        _ counts: [EventCount], by name: (EventCount) -> String, _ rest: ([EventCount]) -> JSON
    ) -> JSON {
        .array(
            Dictionary(grouping: counts, by: name).sorted { $0.key < $1.key }.map { name, counts in
                .object([("name", .string(name))] + rest(counts).members.map { ($0.key, $0.value) })
            })
    }
}

extension EventCount {
    /// The same with this ending of the type cut off; nil for types without it.
    fileprivate func trimmed(_ suffix: String) -> EventCount? {
        guard type.hasSuffix(suffix) else { return nil }
        var trimmed = self
        trimmed.type.removeLast(suffix.count)
        return trimmed
    }
}
