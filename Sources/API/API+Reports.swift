import CloudEvents
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// The reports of tests; `test.finished` names them.
    var reportRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api/v1/test-reports/{id}") { request in
                let id = request.parameter("id")
                guard let bytes = try await parts.reports.report(id: id), let report = try? JSON(parsing: bytes) else {
                    throw KeptnError(.notFound, "there is no report of a test '\(id)'")
                }
                try request.caller.require(project: report["project"]?.stringValue)
                return .json(report)
            }
        ]
    }
}
