import CloudEvents
import KeptnModel
import Ports
import SpecFiles

extension API {
    /// What `keptn validate` says about a file, for editors in the browser.
    var validationRoutes: [HTTPRoute] {
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
            }
        ]
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
