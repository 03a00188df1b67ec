import HTTPTypes
package import Ports

/// The Bridge: Keptn in the browser. This serves its files; everything they show they ask of the API (docs/bridge.md).
package struct Bridge: Sendable {
    private let files = BridgeFiles()

    package init() {}

    /// Pages are for everybody: they hold no data.
    package var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, "/", access: .everybody) { _ in
                var there = APIResponse.text("/bridge/\n", .found)
                there.headers[.location] = "/bridge/"
                return there
            },
            HTTPRoute(.get, "/bridge", access: .everybody) { answer($0, path: "") },
            HTTPRoute(.get, "/bridge/{path...}", access: .everybody) { answer($0, path: $0.parameter("path")) },
        ]
    }

    private func answer(_ request: APIRequest, path: String) -> APIResponse {
        guard let file = files.file(at: path) else {
            return .error(.notFound, "the Bridge has no file '\(path)'")
        }
        let isKnown = request.headers[.ifNoneMatch]?.contains(file.tag) == true
        var response = APIResponse(
            isKnown ? .notModified : .ok, contentType: file.contentType, body: isKnown ? [] : file.bytes)
        response.headers[.eTag] = file.tag
        // Kept, but asked for again each time: a new version counts at once.
        response.headers[.cacheControl] = "no-cache"
        response.headers[.contentSecurityPolicy] = Self.policy
        for (name, value) in Self.protections {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }

    /// Nothing from other hosts, nothing inline, in nobody's frame (https://www.w3.org/TR/CSP3/).
    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:",
        "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static let protections = [
        ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ]
}
