import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Ports
import Synchronization

/// Finds whom a WebSocket is about to talk to, and bounds how many talk at once.
final class SocketTable: Sendable {
    static let talksMax = 256

    private let routes: [[Substring]: SocketRoute]
    private let talks = Mutex(0)

    init(_ routes: [SocketRoute]) {
        self.routes = Dictionary(routes.map { (Self.segments($0.path), $0) }) { first, _ in first }
    }

    /// Nil where no WebSocket can be opened. Throws what the client has to hear.
    func open(_ request: HTTPRequestHead, from channel: any Channel) async throws -> Conversation? {
        let headers = HTTPFields(request.headers, splitCookie: false)
        return try await route(of: request.uri)?.open(Self.asked(request.uri, headers, channel))
    }

    /// What a request that wanted to open a WebSocket, and could not, is answered with; nil for all others.
    func refusal(_ uri: String, _ headers: HTTPFields, _ channel: any Channel) async throws -> APIResponse? {
        guard headers[.upgrade]?.lowercased() == "websocket", let route = route(of: uri) else { return nil }
        _ = try await route.open(Self.asked(uri, headers, channel))
        var response = APIResponse.error(
            .upgradeRequired, "a WebSocket is opened by GET with a Sec-WebSocket-Key and Sec-WebSocket-Version 13")
        if let version = HTTPField.Name("sec-websocket-version") { response.headers[version] = "13" }
        return response
    }

    func talk(_ session: WebSocketSession) async {
        let hasRoom = talks.withLock { talks in
            talks += 1
            return talks <= Self.talksMax
        }
        defer { talks.withLock { $0 -= 1 } }
        if hasRoom { await session.run() } else { await session.turnAway() }
    }

    private func route(of uri: String) -> SocketRoute? { routes[Self.segments(Self.parts(uri).path)] }

    private static func asked(_ uri: String, _ headers: HTTPFields, _ channel: any Channel) -> APIRequest {
        APIRequest(
            query: QueryText.parse(parts(uri).query), headers: headers,
            remoteAddress: channel.remoteAddress?.ipAddress ?? "")
    }

    private static func parts(_ uri: String) -> (path: String, query: String) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
    }

    private static func segments(_ path: String) -> [Substring] { path.split(separator: "/") }
}
