import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
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

    func open(_ request: HTTPRequestHead, from channel: any Channel, _ logger: Logger) async -> SocketOpening {
        let parts = request.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts.first ?? ""
        guard let route = routes[Self.segments(path)] else {
            return .refused(.error(.notFound, "there is no WebSocket at \(path)"))
        }
        var fields = HTTPFields()
        for (name, value) in request.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let asked = APIRequest(
            query: QueryText.parse(parts.count > 1 ? parts[1] : ""), headers: fields,
            remoteAddress: channel.remoteAddress?.ipAddress ?? "")
        do {
            return .open(try await route.open(asked))
        } catch {
            return .refused(Failure.response(to: error, logger: logger))
        }
    }

    func talk(_ session: WebSocketSession) async {
        let hasRoom = talks.withLock { talks in
            talks += 1
            return talks <= Self.talksMax
        }
        defer { talks.withLock { $0 -= 1 } }
        if hasRoom { await session.run() } else { await session.turnAway() }
    }

    private static func segments(_ path: String) -> [Substring] { path.split(separator: "/") }
}
