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
            let stage = request.query("stage")
            if filter == "differs" {
                let pair = try Self.pair(stage, request.query("against"), in: project)
                let wanted = try await servicesThatDiffer(in: project.name, pair)
                matching = matching.filter(wanted.contains)
            } else {
                let wanted = try await services(in: project.name, thatNeed: filter, stage: stage)
                matching = matching.filter(wanted.contains)
            }
        }
        let shown = Array(page.cut(matching))
        let rows = try await rows(of: shown, existing: names, in: project, try Extras(request))
        return .json(page.list("services", rows, total: matching.count))
    }

    /// What costs a look-up in each place, and is told only to those who ask for it.
    private struct Extras {
        /// Of one stage so many of the newest gates.
        var gates = 0
        var stage: String?
        /// Where what was deployed can be reached.
        var withAddresses = false

        private static let gatesMax = 10

        init(_ request: APIRequest) throws {
            withAddresses = request.query("addresses") == "true"
            guard let text = request.query("gates") else { return }
            stage = request.query("stage")
            guard let number = Int(text), (0...Self.gatesMax).contains(number), stage != nil else {
                throw KeptnError(
                    .invalidInput, "gates is '\(text)'; a number from 0 to \(Self.gatesMax) is needed, and a 'stage'")
            }
            gates = number
        }
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
                .invalidInput, "filter is '\(filter)'; problem, evaluation, approval, running or differs is needed")
        }
        let executions = try await parts.store.open(open).executions
        return Set(executions.map(\.scope).filter { isHere($0.stage) }.map(\.service))
    }

    /// The two stages that `filter=differs` compares.
    private static func pair(_ stage: String?, _ other: String?, in project: ProjectEntry) throws -> [String] {
        try [("stage", stage), ("against", other)].map { name, value in
            guard let value, project.shipyard.stages.contains(where: { $0.name == value }) else {
                throw KeptnError(
                    .invalidInput, "'\(name)' is '\(value ?? "")'; filter=differs needs a stage of the shipyard there")
            }
            return value
        }
    }

    /// The services of which another version stands in one stage than in the other, or in only one of them any. What
    /// one run has brought to both is the same; only of the others the images are read.
    private func servicesThatDiffer(in project: String, _ pair: [String]) async throws -> Set<String> {
        var query = LatestEventQuery(projects: [project])
        query.types = [EventType.task(name: "deployment", kind: .finished).text]
        var deployed: [String: [String: String]] = [:]
        for event in try await parts.store.latestEvents(query) {
            guard let stage = event.stage, pair.contains(stage), let service = event.service else { continue }
            deployed[service, default: [:]][stage] = event.unfailedContext
        }
        var differing: Set<String> = []
        for (service, contexts) in deployed where contexts[pair[0]] != contexts[pair[1]] {
            var images: [String?] = []
            for stage in pair {
                guard let context = contexts[stage] else { continue }
                let scope = Scope(project: project, stage: stage, service: service)
                images.append(try await deployedImage(context: context, scope))
            }
            if images.count < pair.count || Set(images).count > 1 { differing.insert(service) }
        }
        return differing
    }

    private func rows(
        of services: [String], existing: [String: [String]], in project: ProjectEntry, _ extras: Extras
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
                let cell = try await cell(scope, latest[scope] ?? [], open[scope] ?? [])
                cells.append(cell.merging(try await more(extras, about: scope, latest[scope] ?? [])))
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

    private func more(_ extras: Extras, about scope: Scope, _ latest: [LatestEvent]) async throws -> JSON {
        var addresses: JSON?
        if extras.withAddresses, let deployment = latest.first(where: { $0.type != Self.evaluationFinished }) {
            var query = EventQuery()
            query.id = deployment.id
            query.project = scope.project
            query.limit = 1
            addresses = try await parts.store.events(query).first?.event.json?["deployment", "deploymentURIsPublic"]
        }
        var gates: [JSON]?
        if extras.gates > 0, extras.stage == scope.stage {
            var query = EventQuery()
            (query.project, query.stage, query.service) = (scope.project, scope.stage, scope.service)
            query.type = Self.evaluationFinished
            query.limit = extras.gates
            gates = try await parts.store.events(query).map { Self.gate($0.event.id, $0.facts, $0.event.time) }
        }
        return ["addresses": addresses, "gates": gates.map { .array($0) }]
    }

    private static func gate(_ id: String, _ facts: EventFacts, _ time: Timestamp?) -> JSON {
        [
            "result": facts.result.map { .string($0) }, "context": facts.context.map { .string($0) },
            "eventID": .string(id), "time": time.map { .string($0.rfc3339) },
        ]
    }
}
