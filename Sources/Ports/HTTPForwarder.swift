package import HTTPTypes

/// Hands requests on to another server, and its answers back, both piece by piece as they come.
package protocol HTTPForwarder: Sendable {
    /// The answer, whatever its status; redirects are not followed. Throws `RequestFailure` when it does not begin
    /// within the request's time.
    func forward(_ request: ForwardedRequest) async throws -> APIResponse
}

package enum HTTPForwarding {
    private static let names: Set<String> = [
        "connection", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    ]

    /// Whether a header is about one connection and goes no further (RFC 9110 section 7.6.1).
    package static func isOfConnection(_ name: HTTPField.Name) -> Bool { names.contains(name.canonicalName) }
}

package struct ForwardedRequest: Sendable {
    package var method: HTTPRequest.Method
    /// Absolute, `http` or `https`.
    package var url: String
    /// Without those that are about one connection only.
    package var headers: HTTPFields
    package var body: IncomingBody
    /// Until the answer begins.
    package var timeout: Duration

    package init(
        method: HTTPRequest.Method, url: String, headers: HTTPFields, body: IncomingBody, timeout: Duration
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}
