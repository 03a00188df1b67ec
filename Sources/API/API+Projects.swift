import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    var projectRoutes: [HTTPRoute] {
        let project = "/api/controlPlane/v1/project"
        return [
            HTTPRoute(.get, project) { request in
                let page = try Page(request)
                let projects = try await parts.configuration.projects().filter {
                    request.caller.grant.reaches($0.name)
                }
                var shown: [JSON] = []
                for project in page.cut(projects) { shown.append(try await json(project)) }
                return .json(page.list("projects", shown, total: projects.count))
            },
            HTTPRoute(.get, project + "/{project}") { request in
                .json(try await json(try await parts.configuration.project(request.parameter("project"))))
            },
            HTTPRoute(.post, project) { try await createProject($0) },
            HTTPRoute(.put, project) { try await updateProject($0) },
            HTTPRoute(.delete, project + "/{project}") { try await deleteProject($0) },
        ]
    }

    /// With a shipyard or from an upstream that holds a project already.
    private func createProject(_ request: APIRequest) async throws -> APIResponse {
        let (name, body) = try await projectBody(request)
        let shipyard = try Self.shipyard(body)
        let upstream = try GitCredentials.reading(body: body)
        let created: JSON = .object([
            (key: "projectName", value: .string(name)),
            (key: "gitRemoteURL", value: .string(upstream?.remoteURL ?? "")),
            (key: "shipyard", value: shipyard.map { .string(Base64.encode($0)) } ?? ""),
        ])
        try await announcing("project.create", project: name, with: [(key: "createdProject", value: created)]) {
            try await parts.configuration.createProject(name, shipyard: shipyard, upstream: upstream)
        }
        return .json([:], .created)
    }

    private func updateProject(_ request: APIRequest) async throws -> APIResponse {
        let (name, body) = try await projectBody(request, also: ["migrate"])
        let known = try await parts.configuration.upstream(of: name)?.credentials
        let update = ProjectUpdate(
            shipyard: try Self.shipyard(body), upstream: try GitCredentials.reading(body: body, keeping: known),
            migrates: body["migrate"]?.boolValue ?? false)
        try await parts.configuration.updateProject(name, update)
        return .json([:], .created)
    }

    private func deleteProject(_ request: APIRequest) async throws -> APIResponse {
        let name = request.parameter("project")
        let upstream = try await parts.configuration.upstream(of: name)
        try await deleting(name) { try await parts.configuration.deleteProject(name) }
        var message = "Project \(name) was deleted; what its services run was not stopped."
        if let upstream, !upstream.isProvisioned, let credentials = upstream.credentials {
            message += " Its repository \(credentials) was kept."
        }
        return .json(["message": .string(message)])
    }

    /// The body of a request that creates or changes a project. Fields that nobody knows are refused (K §2.3.7).
    private func projectBody(
        _ request: APIRequest, also more: [String] = []
    ) async throws -> (name: String, body: JSON) {
        let body = try await object(request)
        let known = GitCredentials.fields.union(["name", "shipyard"]).union(more)
        if let unknown = body.members.first(where: { !known.contains($0.key) })?.key {
            let names = (["name", "shipyard", "gitCredentials"] + more).joined(separator: ", ")
            throw KeptnError(.invalidInput, "unknown field '\(unknown)'; known are \(names)")
        }
        let name = try Self.text(body, "name")
        try request.caller.require(project: name)
        return (name, body)
    }

    static func text(_ body: JSON, _ field: String) throws -> String {
        guard let text = body[field]?.stringValue, !text.isEmpty else {
            throw KeptnError(.invalidInput, "field '\(field)' is missing or no text")
        }
        return text
    }

    /// Nil when it is left out, as null or an empty text too.
    private static func shipyard(_ body: JSON) throws -> [UInt8]? {
        guard let value = body["shipyard"], !value.isNull, value.stringValue != "" else { return nil }
        guard let text = value.stringValue, let bytes = Base64.decode(text) else {
            throw KeptnError(.invalidInput, "field 'shipyard' is not Base64")
        }
        return bytes
    }
}
