import CloudEvents
import HTTPTypes
import KeptnModel
import Ports
import SpecFiles

extension API {
    /// What editors of files in the browser ask: what `keptn validate` says, and how a file came to be.
    var editorRoutes: [HTTPRoute] {
        [
            HTTPRoute(.post, "/api/v1/validate") { request in
                let body = try await object(request)
                let file = try Self.text(body, "file")
                guard let text = body["content"]?.stringValue else {
                    throw KeptnError(.invalidInput, "field 'content' is missing or no text")
                }
                do {
                    let checked = try SpecFiles.validate(Array(text.utf8), file: file)
                    return .json(Self.verdict(checked.kind.rawValue, checked.warnings))
                } catch let error as InvalidFile {
                    return .json(Self.verdict(nil, error.diagnostics))
                }
            },
            HTTPRoute(.get, "/api/v1/overview/project/{project}/history") { try await fileHistory($0) },
        ]
    }

    private func fileHistory(_ request: APIRequest) async throws -> APIResponse {
        guard let file = request.query("file") else {
            throw KeptnError(.invalidInput, "the query needs 'file', the file's path at its place")
        }
        let place = ConfigurationPlace(
            project: request.parameter("project"), stage: request.query("stage"), service: request.query("service"))
        let limit = try Page(request, standard: 50).size
        let revisions = try await parts.configuration.history(of: file, at: place, limit: limit)
        return .json([
            "revisions": .array(
                revisions.map {
                    [
                        "commit": .string($0.commit), "time": .string($0.time.rfc3339), "author": .string($0.author),
                        "message": .string($0.message), "isDeletion": .bool($0.isDeletion),
                    ]
                })
        ])
    }

    /// - Parameter kind: nil for a file that cannot be used.
    private static func verdict(_ kind: String?, _ diagnostics: [Diagnostic]) -> JSON {
        [
            "valid": .bool(kind != nil), "kind": kind.map { .string($0) },
            "diagnostics": .array(
                diagnostics.map {
                    [
                        "line": .integer($0.line), "column": .integer($0.column),
                        "severity": .string($0.severity.rawValue), "path": .string($0.path),
                        "message": .string($0.message),
                    ]
                }),
        ]
    }
}
