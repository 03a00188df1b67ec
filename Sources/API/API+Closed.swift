import HTTPTypes
import Ports

extension API {
    /// What Keptn's gateway keeps from the outside (K §2.1): refused here as there, to whoever asks.
    var closedRoutes: [HTTPRoute] {
        let project = "/api/resource-service/v1/project"
        let service = project + "/{project}/service/{service}/resource"
        let closed: [(paths: [String], methods: [HTTPRequest.Method])] = [
            (
                [
                    project, project + "/{project}", project + "/{project}/stage", project + "/{project}/stage/{stage}",
                    project + "/{project}/stage/{stage}/service",
                    project + "/{project}/stage/{stage}/service/{service}",
                    service, service + "/{uri...}", "/api/mongodb-datastore/health", "/api/statistics/v1/event",
                ], [.get, .post, .put, .delete]
            ),
            (["/api/mongodb-datastore/event"], [.post, .put, .delete]),
            (["/api/controlPlane/v1/log"], [.delete]),
        ]
        return closed.flatMap { paths, methods in
            paths.flatMap { path in
                methods.map { method in
                    HTTPRoute(method, path, access: .everybody) { _ in
                        throw KeptnError(.forbidden, "\(method.rawValue) \(path) is closed to the outside")
                    }
                }
            }
        }
    }
}
