import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// A run counts with what it did within the time asked for, if it began at most so long before.
    private static let runMax = Duration.seconds(30 * 86_400)
    /// Without a time of their own, figures are about so long.
    static let figuresSpan = Duration.seconds(30 * 86_400)

    /// The four figures of software delivery (docs/statistics.md).
    var doraRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/statistics/v1/dora") { request in
                let now = parts.time.now
                guard let to = Self.seconds(request, "to", standard: now),
                    let from = Self.seconds(request, "from", standard: to - Self.figuresSpan), from <= to
                else {
                    throw KeptnError(
                        .invalidInput,
                        "from is '\(request.query("from") ?? "")' and to is '\(request.query("to") ?? "")'; both have "
                            + "to be seconds since 1970, such as 1767225600, 'to' not before 'from'")
                }
                let project = request.query("project")
                if let project { _ = try await parts.configuration.project(project) }
                let figures = try await figures(of: project, from: from, to: to).filter { figures in
                    (request.query("stage") ?? figures.scope.stage) == figures.scope.stage
                        && (request.query("service") ?? figures.scope.service) == figures.scope.service
                }
                return .json([
                    "from": .string(from.rfc3339), "to": .string(to.rfc3339),
                    "figures": .array(figures.map(\.json)),
                ])
            }
        ]
    }

    /// Of one project, or of all.
    private func figures(of project: String?, from: Timestamp, to: Timestamp) async throws -> [DORAFigures] {
        let projects: [String]
        if let project { projects = [project] } else { projects = try await parts.configuration.projects().map(\.name) }
        var all: [DORAFigures] = []
        for project in projects {
            var query = RunQuery(project: project)
            (query.from, query.before) = (from - Self.runMax, to)
            let executions = try await parts.store.runs(query).runs.flatMap(\.executions)
            all += DORAFigures.all(executions.map { DeliveryFact($0) }, from: from, to: to)
        }
        return all
    }

    /// For `/metrics`: the last 30 days, and whether they could be told.
    func recentFigures() async -> String {
        let now = parts.time.now
        guard figuresCache.begins(at: now) else { return figuresCache.text }
        var text: String?
        defer { figuresCache.end(with: text, at: parts.time.now, after: parts.time.now - now) }
        do {
            text = DORAFigures.metrics(try await figures(of: nil, from: now - Self.figuresSpan, to: now))
        } catch {
            // Whoever reads metrics hears of it by `keptn_dora_up`; the others of them are as good as before.
        }
        return FiguresCache.metrics(text)
    }
}
