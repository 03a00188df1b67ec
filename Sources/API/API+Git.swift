import Core
import HTTPTypes
import Ports

extension API {
    /// The requests of one clone or fetch tell what the client has: 16 MiB are the names of 300,000 commits.
    private static let uploadRequestMax = 16 << 20

    /// Projects' repositories for Git: `git clone http://keptn:TOKEN@HOST/api/git/PROJECT.git`.
    var gitRoutes: [HTTPRoute] {
        guard let git = parts.git else { return [] }
        let base = "/api/git/{project}"
        return [
            HTTPRoute(.get, base + "/info/refs") { request in
                guard let service = request.query("service").flatMap(GitService.init) else {
                    throw KeptnError(
                        .forbidden,
                        "only Git's smart protocol is spoken here: 'service' has to be one of "
                            + GitService.allCases.map(\.rawValue).joined(separator: ", "))
                }
                if service == .receivePack { try Self.checkMayPush(request) }
                let offer = try await git.offer(service, of: Self.gitProject(request), Self.version(request))
                return Self.gitResponse("application/x-\(service.rawValue)-advertisement", offer)
            },
            HTTPRoute(.post, base + "/" + GitService.uploadPack.rawValue) { request in
                let (project, version) = (Self.gitProject(request), Self.version(request))
                // Throws for an unknown project while there still is a status to say it with.
                _ = try await parts.configuration.head(of: ConfigurationPlace(project: project))
                let wanted = try await request.body.collect(upTo: Self.uploadRequestMax)
                var response = Self.gitResponse("application/x-git-upload-pack-result", [])
                response.producer = { try await git.upload(wanted, of: project, version, $0) }
                return response
            },
            HTTPRoute(.post, base + "/" + GitService.receivePack.rawValue) { request in
                let answer = try await git.receive(request.body, to: Self.gitProject(request))
                return Self.gitResponse("application/x-git-receive-pack-result", answer)
            },
        ]
    }

    private static func gitProject(_ request: APIRequest) -> String {
        let name = request.parameter("project")
        return name.hasSuffix(".git") ? String(name.dropLast(".git".count)) : name
    }

    private static func version(_ request: APIRequest) -> GitProtocolVersion {
        let keys = HTTPField.Name("git-protocol").flatMap { request.headers[$0] } ?? ""
        return keys.split(separator: ":").contains("version=2") ? .two : .original
    }

    /// Before the client sends a pack for nothing.
    private static func checkMayPush(_ request: APIRequest) throws {
        guard request.caller.grant.scopes.contains(.resourcesWrite) else {
            let scope = AccessScope.resourcesWrite.rawValue
            throw KeptnError(.forbidden, "'\(request.caller.name)' lacks the scope \(scope) to push")
        }
    }

    private static func gitResponse(_ type: String, _ body: [UInt8]) -> APIResponse {
        var response = APIResponse(contentType: type, body: body)
        response.headers[.cacheControl] = "no-cache"
        return response
    }
}
