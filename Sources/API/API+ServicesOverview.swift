import CloudEvents
import Core
import KeptnModel
import Ports

extension API {
    /// The services of a project, each with what stands in every stage. Pages are cut by name before anything is asked
    /// of the store, so a page costs the same in a project of ten services and of ten thousand.
    func servicesOverview(_ request: APIRequest) async throws -> APIResponse {
        let page = try Page(request, standard: 50)
        let project = try await parts.configuration.project(request.parameter("project"))
        var names: [String: [String]] = [:]
        for stage in project.shipyard.stages {
            for service in try await parts.configuration.services(project: project.name, stage: stage.name) {
                names[service.name, default: []].append(stage.name)
            }
        }
        let text = request.query("search")?.lowercased() ?? ""
        var matching = names.keys.filter { text.isEmpty || $0.contains(text) }.sorted()
        if let filter = request.query("filter") {
            let wanted = try await services(in: project.name, thatNeed: filter, stage: request.query("stage"))
            matching = matching.filter(wanted.contains)
        }
        let shown = Array(page.cut(matching))
        let rows = try await rows(of: shown, existing: names, in: project)
        return .json(page.list("services", rows, total: matching.count))
    }

    /// The services of which something needs attention (Keptn's `filterType`).
    private func services(in project: String, thatNeed filter: String, stage: String?) async throws -> Set<String> {
        func isHere(_ other: String?) -> Bool { (stage ?? other) == other }
        var open = OpenQuery()
        open.projects = [project]
        open.limit = .max
        switch filter {
        case "evaluation":
            var query = LatestEventQuery(projects: [project])
            query.types = [Self.evaluationFinished]
            let gates = try await parts.store.latestEvents(query)
            return Set(gates.filter { $0.result == "fail" && isHere($0.stage) }.compactMap(\.service))
        case "approval": open.task = "approval"
        case "problem": open.sequence = "remediation"
        case "running": break
        default:
            throw KeptnError(
                .invalidInput, "filter is '\(filter)'; problem, evaluation, approval or running is needed")
        }
        let executions = try await parts.store.open(open).executions
        return Set(executions.map(\.scope).filter { isHere($0.stage) }.map(\.service))
    }

    private func rows(
        of services: [String], existing: [String: [String]], in project: ProjectEntry
    ) async throws -> [JSON] {
        guard !services.isEmpty else { return [] }
        var query = LatestEventQuery(projects: [project.name])
        query.services = services
        query.types = [
            Self.evaluationFinished, EventType.task(name: "deployment", kind: .finished).text,
        ]
        let latest = Dictionary(grouping: try await parts.store.latestEvents(query)) {
            Scope(project: project.name, stage: $0.stage ?? "", service: $0.service ?? "")
        }
        var openQuery = OpenQuery()
        openQuery.projects = [project.name]
        openQuery.services = services
        openQuery.limit = .max
        let open = Dictionary(grouping: try await parts.store.open(openQuery).executions, by: \.scope)
        var rows: [JSON] = []
        for service in services {
            var cells: [JSON] = []
            for stage in project.shipyard.stages where existing[service]?.contains(stage.name) == true {
                let scope = Scope(project: project.name, stage: stage.name, service: service)
                cells.append(try await cell(scope, latest[scope] ?? [], open[scope] ?? []))
            }
            rows.append(["name": .string(service), "stages": .array(cells)])
        }
        return rows
    }

    private func cell(
        _ scope: Scope, _ latest: [LatestEvent], _ open: [SequenceExecution]
    ) async throws -> JSON {
        let gate = latest.first { $0.type == Self.evaluationFinished }
        let deployment = latest.first { $0.type != Self.evaluationFinished }
        var image: String?
        if let context = deployment?.unfailedContext { image = try await deployedImage(context: context, scope) }
        return [
            "stage": .string(scope.stage), "image": image.map { .string($0) },
            "deployedAt": deployment?.time.map { .string($0.rfc3339) },
            "deploymentContext": deployment?.unfailedContext.map { .string($0) },
            "gate": gate.map { gate in
                [
                    "result": gate.result.map { .string($0) }, "context": gate.context.map { .string($0) },
                    "eventID": .string(gate.id), "time": gate.time.map { .string($0.rfc3339) },
                ]
            },
            "open": open.isEmpty ? nil : .array(open.map(Self.open)),
        ]
    }
}
