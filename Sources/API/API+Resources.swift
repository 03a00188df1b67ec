import CloudEvents
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// The files of projects, stages and services (K §2.4); the other paths of resource-service are closed to the
    /// outside, as in Keptn's gateway.
    var resourceRoutes: [HTTPRoute] {
        let base = "/api/resource-service/v1/project/{project}"
        return ["", "/stage/{stage}", "/stage/{stage}/service/{service}"].flatMap {
            folderRoutes(base + $0 + "/resource") + fileRoutes(base + $0 + "/resource/{uri...}")
        }
    }

    private func folderRoutes(_ path: String) -> [HTTPRoute] {
        [
            HTTPRoute(.get, path) { request in
                let page = try Page(request)
                let list = try await parts.configuration.list(
                    Self.place(request), commit: request.query("gitCommitID"))
                let metadata = try await metadata(list.commit, request)
                let shown: [JSON] = page.cut(list.paths).map {
                    ["resourceURI": .string("/" + $0), "metadata": metadata]
                }
                return .json(page.list("resources", shown, total: list.paths.count))
            },
            HTTPRoute(.post, path) { request in .json(try await write(request), .created) },
            HTTPRoute(.put, path) { request in .json(try await write(request)) },
        ]
    }

    private func fileRoutes(_ path: String) -> [HTTPRoute] {
        [
            HTTPRoute(.get, path) { request in
                let path = Self.path(request)
                let file = try await parts.configuration.file(
                    path, at: Self.place(request), commit: request.query("gitCommitID"))
                guard let file else { throw KeptnError(.notFound, "Resource not found: \(path)") }
                return .json([
                    "resourceURI": .string(path), "resourceContent": .string(Base64.encode(file.bytes)),
                    "metadata": try await metadata(file.commit, request),
                ])
            },
            HTTPRoute(.put, path) { request in
                let bytes = try Self.content(try await object(request, upTo: Self.resourceBodyMax))
                let file = (path: Self.path(request), bytes: bytes)
                let commit = try await parts.configuration.write([file], at: Self.place(request))
                return .json(try await written(commit, request))
            },
            HTTPRoute(.delete, path) { request in
                let commit = try await parts.configuration.delete(Self.path(request), at: Self.place(request))
                return .json(try await written(commit, request))
            },
        ]
    }

    private func write(_ request: APIRequest) async throws -> JSON {
        let body = try await object(request, upTo: Self.resourceBodyMax)
        let resources = body["resources"]?.elements ?? []
        guard !resources.isEmpty else {
            throw KeptnError(.invalidInput, "field 'resources' has to list {resourceURI, resourceContent}")
        }
        let files = try resources.map { (path: try Self.text($0, "resourceURI"), bytes: try Self.content($0)) }
        return try await written(try await parts.configuration.write(files, at: Self.place(request)), request)
    }

    private static func place(_ request: APIRequest) -> ConfigurationPlace {
        ConfigurationPlace(
            project: request.parameter("project"), stage: request.parameters["stage"],
            service: request.parameters["service"])
    }

    /// Clients write a leading slash or none.
    private static func path(_ request: APIRequest) -> String {
        let uri = request.parameter("uri")
        return uri.hasPrefix("/") ? String(uri.dropFirst()) : uri
    }

    private static func content(_ resource: JSON) throws -> [UInt8] {
        guard let text = resource["resourceContent"]?.stringValue, let bytes = Base64.decode(text) else {
            throw KeptnError(.invalidInput, "field 'resourceContent' is missing or not Base64")
        }
        return bytes
    }

    private func metadata(_ commit: String, _ request: APIRequest) async throws -> JSON {
        let upstream = try await parts.configuration.upstream(of: request.parameter("project"))
        return .object([
            (key: "branch", value: request.parameters["stage"].map { .string($0) }),
            (key: "upstreamURL", value: .string(upstream?.shownURL ?? "")),
            (key: "version", value: .string(commit)),
        ])
    }

    private func written(_ commit: String, _ request: APIRequest) async throws -> JSON {
        [
            "commitID": .string(commit), "version": .string(commit),
            "metadata": try await metadata(commit, request),
        ]
    }
}
