import KeptnModel
import Ports

/// The server of an SLI provider, and how it is spoken to.
struct WebServer: Sendable {
    /// Without a slash at the end.
    let url: String
    private let spec: SLIProviderSpec
    private let authorization: [SLIProviderSpec.Header]
    private let requester: any HTTPRequester

    init(
        url: String, spec: SLIProviderSpec, authorization: [SLIProviderSpec.Header], requester: any HTTPRequester
    ) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.spec = spec
        self.authorization = authorization
        self.requester = requester
    }

    /// The answer, whatever its status. A path that is a URL of its own gets no credentials: they are the server's.
    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = [], timeout: Duration
    ) async throws(IndicatorError) -> IncomingResponse {
        let isOwn = !Self.isURL(path)
        var all = ["Accept": "application/json"]
        if isOwn {
            for header in spec.headers + authorization { all[header.name] = header.value }
        }
        all.merge(headers) { $1 }
        var request = OutgoingRequest(
            method: method, url: isOwn ? url + (path.hasPrefix("/") || path.isEmpty ? path : "/\(path)") : path,
            headers: all, body: body, timeout: timeout)
        if spec.certificate != nil || spec.skipsVerification {
            request.trust = ServerTrust(certificate: spec.certificate, skipsVerification: spec.skipsVerification)
        }
        do {
            return try await requester.send(request)
        } catch {
            throw IndicatorError("\(isOwn ? url : Self.host(of: path)) cannot be asked: \(error)")
        }
    }

    /// Whether a path says itself whom to ask. A path may have a URL in its query.
    static func isURL(_ path: String) -> Bool {
        let start = path.prefix(8).lowercased()
        return start.hasPrefix("http://") || start.hasPrefix("https://")
    }

    /// Without the query, which may hold a key.
    private static func host(of url: String) -> String { String(url.prefix { $0 != "?" }) }
}
