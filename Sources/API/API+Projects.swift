import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    var projectRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/controlPlane/v1/project") { request in
                let page = try Page(request)
                let projects = try await parts.configuration.projects().filter {
                    request.caller.grant.reaches($0.name)
                }
                var shown: [JSON] = []
                for project in page.cut(projects) { shown.append(try await json(project)) }
                return .json(page.list("projects", shown, total: projects.count))
            },
            HTTPRoute(.get, "/api/controlPlane/v1/project/{project}") { request in
                .json(try await json(try await parts.configuration.project(request.parameter("project"))))
            },
            HTTPRoute(.post, "/api/controlPlane/v1/project") { try await createProject($0) },
            HTTPRoute(.put, "/api/controlPlane/v1/project") { request in
                let body = try await object(request)
                let name = try Self.text(body, "name")
                try request.caller.require(project: name)
                try await parts.configuration.updateShipyard(of: name, to: try Self.shipyard(body))
                return .json([:], .created)
            },
            HTTPRoute(.delete, "/api/controlPlane/v1/project/{project}") { request in
                let name = request.parameter("project")
                try await parts.configuration.deleteProject(name)
                try await announce("sh.keptn.event.project.delete.finished", project: name)
                return .json(["message": .string("Project \(name) was deleted; what its services run was not stopped.")]
                )
            },
        ]
    }

    private func createProject(_ request: APIRequest) async throws -> APIResponse {
        let body = try await object(request)
        let name = try Self.text(body, "name")
        try request.caller.require(project: name)
        let known: Set<String> = ["name", "shipyard", "gitCredentials"]
        if let unknown = body.members.first(where: { !known.contains($0.key) })?.key {
            throw KeptnError(
                .invalidInput, "unknown field '\(unknown)'; known are \(known.sorted().joined(separator: ", "))")
        }
        if let remote = body["gitCredentials", "remoteURL"]?.stringValue, !remote.isEmpty {
            throw KeptnError(.invalidInput, "Git upstreams are not supported yet: leave out gitCredentials (\(remote))")
        }
        try await parts.configuration.createProject(name, shipyard: try Self.shipyard(body))
        try await announce("sh.keptn.event.project.create.finished", project: name)
        return .json([:], .created)
    }

    /// Tells everybody that a project or a service came or went.
    private func announce(_ type: String, project: String, service: String? = nil) async throws {
        let event = CloudEvent(
            id: parts.ids.newID(), source: "shipyard-controller", type: type, time: parts.time.now,
            dataContentType: "application/json",
            extensions: ["shkeptncontext": .string(parts.ids.newID()), "shkeptnspecversion": "0.2.4"],
            data: .json([
                "project": .string(project), "service": service.map { .string($0) }, "status": "succeeded",
                "result": "pass",
            ]))
        try await parts.store.append([event])
    }

    static func text(_ body: JSON, _ field: String) throws -> String {
        guard let text = body[field]?.stringValue, !text.isEmpty else {
            throw KeptnError(.invalidInput, "field '\(field)' is missing or no text")
        }
        return text
    }

    private static func shipyard(_ body: JSON) throws -> [UInt8] {
        guard let bytes = Base64.decode(try text(body, "shipyard")) else {
            throw KeptnError(.invalidInput, "field 'shipyard' is not Base64")
        }
        return bytes
    }

    // MARK: - Stages and services

    var stageRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/controlPlane/v1/project/{project}/stage") { request in
                let page = try Page(request)
                let project = try await parts.configuration.project(request.parameter("project"))
                var shown: [JSON] = []
                for stage in page.cut(project.shipyard.stages) { shown.append(try await json(stage, of: project)) }
                return .json(page.list("stages", shown, total: project.shipyard.stages.count))
            },
            HTTPRoute(.get, "/api/controlPlane/v1/project/{project}/stage/{stage}") { request in
                let project = try await parts.configuration.project(request.parameter("project"))
                return .json(try await json(try Self.stage(request.parameter("stage"), of: project), of: project))
            },
        ]
    }

    var serviceRoutes: [HTTPRoute] {
        let services = "/api/controlPlane/v1/project/{project}/stage/{stage}/service"
        return [
            HTTPRoute(.get, services) { request in
                let page = try Page(request)
                let (project, stage) = (request.parameter("project"), request.parameter("stage"))
                let all = try await parts.configuration.services(project: project, stage: stage)
                var shown: [JSON] = []
                for service in page.cut(all) {
                    shown.append(
                        try await json(service, Scope(project: project, stage: stage, service: service.name)))
                }
                return .json(page.list("services", shown, total: all.count))
            },
            HTTPRoute(.get, services + "/{service}") { request in
                let scope = try await knownScope(request)
                let all = try await parts.configuration.services(project: scope.project, stage: scope.stage)
                guard let service = all.first(where: { $0.name == scope.service }) else { throw Self.unknown(scope) }
                return .json(try await json(service, scope))
            },
            HTTPRoute(.post, "/api/controlPlane/v1/project/{project}/service") { request in
                let name = try Self.text(try await object(request), "serviceName")
                try await parts.configuration.createService(name, in: request.parameter("project"))
                return .json([:])
            },
            HTTPRoute(.delete, "/api/controlPlane/v1/project/{project}/service/{service}") { request in
                let (project, service) = (request.parameter("project"), request.parameter("service"))
                try await parts.configuration.deleteService(service, in: project)
                try await announce("sh.keptn.event.service.delete.finished", project: project, service: service)
                return .json(["message": .string("Service \(service) was deleted from project \(project).")])
            },
        ]
    }

    /// The place that a request names; it has to exist.
    func knownScope(_ request: APIRequest) async throws -> Scope {
        let scope = Scope(
            project: request.parameter("project"), stage: request.parameter("stage"),
            service: request.parameter("service"))
        let services = try await parts.configuration.services(project: scope.project, stage: scope.stage)
        guard services.contains(where: { $0.name == scope.service }) else { throw Self.unknown(scope) }
        return scope
    }

    private static func unknown(_ scope: Scope) -> KeptnError {
        KeptnError(.notFound, "service \(scope.service) not found in stage \(scope.stage) of project \(scope.project)")
    }

    private static func stage(_ name: String, of project: ProjectEntry) throws -> Shipyard.Stage {
        guard let stage = project.shipyard.stage(name) else {
            throw KeptnError(.notFound, "stage \(name) not found in project \(project.name)")
        }
        return stage
    }

    // MARK: - As JSON

    private func json(_ project: ProjectEntry) async throws -> JSON {
        var stages: [JSON] = []
        for stage in project.shipyard.stages { stages.append(try await json(stage, of: project)) }
        return [
            "projectName": .string(project.name),
            "creationDate": .string(String(project.createdAt.nanoseconds)),
            "shipyard": .string(String(decoding: project.shipyardFile, as: UTF8.self)),
            "shipyardVersion": .string("spec.keptn.sh/\(project.shipyard.version)"),
            "isUpstreamAutoProvisioned": false,
            "stages": .array(stages),
        ]
    }

    private func json(_ stage: Shipyard.Stage, of project: ProjectEntry) async throws -> JSON {
        var services: [JSON] = []
        for service in try await parts.configuration.services(project: project.name, stage: stage.name) {
            services.append(
                try await json(service, Scope(project: project.name, stage: stage.name, service: service.name)))
        }
        return [
            "stageName": .string(stage.name),
            "parentStages": .array(Self.parents(of: stage).map { .string($0) }),
            "services": .array(services),
        ]
    }

    /// The stages whose sequences start one of this stage.
    private static func parents(of stage: Shipyard.Stage) -> [String] {
        let events = stage.sequences.flatMap(\.triggeredOn).map(\.event)
        let names = events.compactMap { $0.split(separator: ".").first.map(String.init) }
        return Set(names).subtracting([stage.name]).sorted()
    }

    private func json(_ service: ServiceEntry, _ scope: Scope) async throws -> JSON {
        var query = EventQuery()
        query.project = scope.project
        query.stage = scope.stage
        query.service = scope.service
        query.limit = 100
        var latest: [String: JSON] = [:]
        var image: String?
        for recorded in try await parts.store.events(query).events {
            let event = recorded.event
            if latest[event.type] == nil {
                latest[event.type] = [
                    "eventId": .string(event.id), "keptnContext": .string(event.keptnContext ?? ""),
                    "time": .string(String(event.time?.nanoseconds ?? 0)),
                ]
            }
            if image == nil, event.type == "sh.keptn.event.deployment.finished", recorded.facts.result != "fail" {
                image = try await deployedImage(context: event.keptnContext ?? "", scope)
            }
        }
        return [
            "serviceName": .string(service.name),
            "creationDate": .string(String(service.createdAt.nanoseconds)),
            "deployedImage": image.map { .string($0) },
            "lastEventTypes": .object(latest),
            "openApprovals": [], "openRemediations": [],
        ]
    }

    private func deployedImage(context: String, _ scope: Scope) async throws -> String? {
        var query = EventQuery()
        query.context = context
        query.type = "sh.keptn.event.deployment.triggered"
        query.project = scope.project
        query.stage = scope.stage
        query.service = scope.service
        query.limit = 1
        let triggered = try await parts.store.events(query).events.first?.event.json
        return triggered?["data", "configurationChange", "values", "image"]?.stringValue
            ?? triggered?["configurationChange", "values", "image"]?.stringValue
    }
}

/// Keptn's paging: `pageSize`, and `nextPageKey` as an offset in a string.
struct Page {
    let offset: Int
    let size: Int

    init(_ request: APIRequest, standard: Int = 20, max: Int = 100) throws {
        size = try Self.number(request, "pageSize", standard: standard, 1...max)
        offset = try Self.number(request, "nextPageKey", standard: 0, 0...Int.max)
    }

    private static func number(
        _ request: APIRequest, _ name: String, standard: Int, _ range: ClosedRange<Int>
    ) throws -> Int {
        guard let text = request.query(name) else { return standard }
        guard let number = Int(text), range.contains(number) else {
            let top = range.upperBound == Int.max ? "" : " to \(range.upperBound)"
            throw KeptnError(
                .invalidInput, "\(name) is '\(text)'; a whole number from \(range.lowerBound)\(top) is needed")
        }
        return number
    }

    func cut<Item>(_ items: [Item]) -> ArraySlice<Item> { items.dropFirst(offset).prefix(size) }

    func list(_ name: String, _ items: [JSON], total: Int) -> JSON {
        let end = offset + items.count
        return .object([
            (name, .array(items)), ("totalCount", .integer(total)), ("pageSize", .integer(size)),
            ("nextPageKey", end < total && !items.isEmpty ? .string(String(end)) : nil),
        ])
    }
}
