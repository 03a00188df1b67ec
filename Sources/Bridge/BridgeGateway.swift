import HTTPTypes
import KeptnModel
package import Ports

/// The Bridge in front of the API of another process: its own files, and everything else handed on to there.
///
/// Logins are the API's business: its cookie reaches the browser as if it were ours. So nothing is kept here, and the
/// Bridge may nothing but what its user may.
package struct BridgeGateway: Sendable {
    private static let methods: [HTTPRequest.Method] = [.get, .post, .put, .delete, .patch]
    private static let paths = ["/api", "/api/{path...}", "/oauth/{path...}", "/metrics"]
    /// Until an answer begins; uploads of artifacts take their time.
    private static let timeMax = Duration.seconds(300)

    private let api: String
    private let forwarder: any HTTPForwarder

    /// - Parameter api: The server's URL, with `/api` or without it. Throws `KeptnError.invalidInput` for another text.
    package init(api: String, forwarder: any HTTPForwarder) throws {
        var base = Substring(api)
        while base.hasSuffix("/") { base = base.dropLast() }
        if base.hasSuffix("/api") { base = base.dropLast(4) }
        let host = ["http://", "https://"].first(where: base.hasPrefix).map { base.dropFirst($0.count) } ?? ""
        guard !host.isEmpty, !host.contains(where: { "?#@ ".contains($0) }) else {
            throw KeptnError(
                .invalidInput, "'\(api)' is no address of an API; one such as https://keptn.example.com/api is needed")
        }
        self.api = String(base)
        self.forwarder = forwarder
    }

    package var routes: [HTTPRoute] {
        Bridge().routes + [HTTPRoute(.get, "/healthz", access: .everybody) { _ in .text("ok\n") }]
            + Self.paths.flatMap { path in
                Self.methods.map { method in
                    HTTPRoute(method, path, access: .everybody) { try await pass($0, method) }
                }
            }
    }

    private func pass(_ request: APIRequest, _ method: HTTPRequest.Method) async throws -> APIResponse {
        // What came packed is unpacked by now.
        var headers = HTTPFields(
            request.headers.filter { !HTTPForwarding.isOfConnection($0.name) && $0.name != .contentEncoding })
        if request.headers[.contentEncoding] != nil { headers[.contentLength] = nil }
        func say(_ name: String, _ value: (_ before: String?) -> String) {
            if let name = HTTPField.Name(name) { headers[name] = value(headers[name]) }
        }
        say("x-forwarded-for") { before in [before, request.remoteAddress].compactMap { $0 }.joined(separator: ", ") }
        say("x-forwarded-host") { $0 ?? request.authority }
        say("x-forwarded-proto") { $0 ?? "http" }
        do {
            return try await forwarder.forward(
                ForwardedRequest(
                    method: method, url: api + request.target, headers: headers, body: request.body,
                    timeout: Self.timeMax))
        } catch let failure as RequestFailure {
            throw KeptnError(.unavailable, "the API at \(api) does not answer: \(failure)")
        }
    }
}
