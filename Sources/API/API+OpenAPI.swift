import HTTPTypes
import Ports

extension API {
    /// The API's own description, and a page to try it: for everybody, as they hold no data.
    var descriptionRoutes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/api", access: .everybody) { _ in
                var there = APIResponse.text("/api/swagger-ui\n", .found)
                there.headers[.location] = "/api/swagger-ui"
                return there
            },
            HTTPRoute(.get, "/api/openapi.json", access: .everybody) { _ in
                .json(try document().json)
            },
            HTTPRoute(.get, "/api/swagger-ui", access: .everybody) { _ in
                var page = APIResponse(contentType: "text/html; charset=utf-8", body: Array(ExplorerPage.html.utf8))
                page.headers[.contentSecurityPolicy] = ExplorerPage.policy
                return page
            },
        ]
    }

    func document() throws -> OpenAPIDocument {
        try OpenAPIDocument(
            routes: routes, operations: Self.operations, shapes: Self.shapes, version: parts.version)
    }
}
