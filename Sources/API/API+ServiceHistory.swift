import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import SpecFiles

extension API {
    /// What became of a service: its deployments and its evaluations, each in one list for people.
    var serviceHistoryRoutes: [HTTPRoute] {
        let service = "/api/v1/overview/project/{project}/service/{service}"
        return [
            HTTPRoute(.get, service + "/deployments") { try await deploymentsOverview($0) },
            HTTPRoute(.get, service + "/evaluations") { try await evaluationsOverview($0) },
        ]
    }

    // MARK: - Deployments

    /// Of so many of the newest deployment tasks the runs are looked for; a run has one a stage.
    private static let deploymentTasksMax = 500

    /// The runs that deployed the service, newest first, with what became of them stage by stage.
    private func deploymentsOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request)
        let project = try await parts.configuration.project(request.parameter("project"))
        let tasks = try await parts.store.events(
            Self.events(EventType.task(name: "deployment", kind: .triggered), of: request, Self.deploymentTasksMax))
        var contexts: [String] = []
        var known: Set<String> = []
        for context in tasks.compactMap(\.event.keptnContext) where known.insert(context).inserted {
            contexts.append(context)
        }
        var query = RunQuery(project: project.name)
        query.contexts = Array(page.cut(contexts))
        query.service = request.parameter("service")
        let runs = query.contexts.isEmpty ? [] : try await parts.store.runs(query).runs
        let count = query.contexts.count
        return .json(page.list("deployments", runs.map(Self.summary), total: contexts.count, count: count))
    }

    // MARK: - Evaluations

    /// Of so many of the newest invalidations the reasons are told; an older one concerns nothing on the first pages.
    private static let invalidationsMax = 500

    /// The evaluations of the service, newest first: everything that a table, a heat map or a chart of them needs.
    private func evaluationsOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request, standard: 50)
        _ = try await parts.configuration.project(request.parameter("project"))
        var query = Self.events(EventType.task(name: "evaluation", kind: .finished), of: request, page.size)
        query.stage = request.query("stage")
        query.context = request.query("keptnContext")
        query.offset = page.offset
        let found = try await parts.store.page(query)
        var invalidated = Self.events(
            EventType.task(name: "evaluation", kind: .invalidated), of: request, Self.invalidationsMax)
        invalidated.stage = query.stage
        let invalidations = Dictionary(
            try await parts.store.events(invalidated).map { ($0.event.triggeredID ?? "", $0.event) },
            uniquingKeysWith: { newest, _ in newest })
        var weights = SLOWeights()
        let shown = found.events.map {
            Self.evaluation($0.event, invalidations[$0.event.triggeredID ?? ""], &weights)
        }
        return .json(page.list("evaluations", shown, total: found.total))
    }

    private static func events(_ type: EventType, of request: APIRequest, _ limit: Int) -> EventQuery {
        var query = EventQuery()
        query.type = type.text
        query.project = request.parameter("project")
        query.service = request.parameter("service")
        query.limit = limit
        return query
    }

    private static func evaluation(
        _ event: CloudEvent, _ invalidation: CloudEvent?, _ weights: inout SLOWeights
    ) -> JSON {
        let data = event.json ?? .null
        let evaluation = data["evaluation"] ?? .null
        let ownWeights = weights.bySLI(in: evaluation["sloFileContent"]?.stringValue ?? "")
        let wasInvalidated: JSON? = invalidation.map {
            [
                "time": $0.time.map { .string($0.rfc3339) },
                "reason": $0.json?["evaluation", "reason"] ?? $0.json?["message"],
            ]
        }
        return [
            "id": .string(event.id), "context": .string(event.keptnContext ?? ""),
            "triggeredID": event.triggeredID.map { .string($0) },
            "time": event.time.map { .string($0.rfc3339) }, "stage": data["stage"], "source": .string(event.source),
            "result": data["result"], "status": data["status"], "message": data["message"], "labels": data["labels"],
            "score": evaluation["score"], "timeStart": evaluation["timeStart"], "timeEnd": evaluation["timeEnd"],
            "commit": evaluation["gitCommit"] ?? event.gitCommitID.map { .string($0) },
            "comparedEvents": evaluation["comparedEvents"], "invalidated": wasInvalidated,
            "indicators": .array(
                (evaluation["indicatorResults"]?.elements ?? []).map { indicator($0, ownWeights) }),
        ]
    }

    private static func indicator(_ result: JSON, _ weights: [String: Int]) -> JSON {
        let value = result["value"] ?? .null
        let weight = value["metric"]?.stringValue.flatMap { weights[$0] }
        return [
            "metric": value["metric"], "name": result["displayName"], "value": value["value"],
            "comparedValue": value["comparedValue"], "success": value["success"], "message": value["message"],
            "score": result["score"], "weight": weight.map { .integer($0) }, "status": result["status"],
            "isKey": result["keySli"],
            "passTargets": result["passTargets"], "warningTargets": result["warningTargets"],
        ]
    }
}

/// The weights of objectives. Results do not repeat them: they stand in the SLO file that came with an evaluation,
/// mostly the same for many.
private struct SLOWeights {
    private var known: [String: [String: Int]] = [:]

    /// Empty for what is no SLO file in Base64.
    mutating func bySLI(in content: String) -> [String: Int] {
        if let weights = known[content] { return weights }
        let slo = Base64.decode(content).flatMap { try? SpecFiles.slo($0, file: "slo.yaml").value }
        let weights = Dictionary((slo?.objectives ?? []).map { ($0.sli, $0.weight) }) { first, _ in first }
        known[content] = weights
        return weights
    }
}
