import CloudEvents
import HTTPTypes
import KeptnModel
import Ports

extension API {
    var stageRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/controlPlane/v1/project/{project}/stage") { request in
                let page = try Page(request)
                let project = try await parts.configuration.project(request.parameter("project"))
                let activity = try await activity(in: project.name)
                var shown: [JSON] = []
                for stage in page.cut(project.shipyard.stages) {
                    shown.append(try await json(stage, of: project, activity))
                }
                return .json(page.list("stages", shown, total: project.shipyard.stages.count))
            },
            HTTPRoute(.get, "/api/controlPlane/v1/project/{project}/stage/{stage}") { request in
                let project = try await parts.configuration.project(request.parameter("project"))
                let stage = try Self.stage(request.parameter("stage"), of: project)
                return .json(try await json(stage, of: project, try await activity(in: project.name)))
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
                let wanted = page.cut(all)
                let activity = try await activity(in: project, stage: stage, services: wanted.map(\.name))
                var shown: [JSON] = []
                for service in wanted {
                    let scope = Scope(project: project, stage: stage, service: service.name)
                    shown.append(try await json(service, scope, activity))
                }
                return .json(page.list("services", shown, total: all.count))
            },
            HTTPRoute(.get, services + "/{service}") { request in
                let scope = try await knownScope(request)
                let all = try await parts.configuration.services(project: scope.project, stage: scope.stage)
                guard let service = all.first(where: { $0.name == scope.service }) else { throw Self.unknown(scope) }
                return .json(
                    try await json(
                        service, scope,
                        try await activity(in: scope.project, stage: scope.stage, services: [scope.service])))
            },
            HTTPRoute(.post, "/api/controlPlane/v1/project/{project}/service") { request in
                let name = try Self.text(try await object(request), "serviceName")
                let project = request.parameter("project")
                try await announcing("service.create", project: project, service: name) {
                    try await parts.configuration.createService(name, in: project)
                }
                return .json([:])
            },
            HTTPRoute(.delete, "/api/controlPlane/v1/project/{project}/service/{service}") { request in
                let (project, service) = (request.parameter("project"), request.parameter("service"))
                try await announcing("service.delete", project: project, service: service) {
                    try await parts.configuration.deleteService(service, in: project)
                }
                return .json(["message": .string("Service \(service) was deleted from project \(project).")])
            },
        ]
    }

    /// The place that a request names; it has to exist.
    func knownScope(_ request: APIRequest) async throws -> Scope {
        let scope = Scope(
            project: request.parameter("project"), stage: request.parameter("stage"),
            service: request.parameter("service"))
        guard try await parts.configuration.hasService(scope) else { throw Self.unknown(scope) }
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
}
