import Core
import Ports

/// Who answers whose requests, and how many are under way where.
struct RouteTable {
    /// A request's place at an endpoint; given back when its answer is complete.
    struct Seat: Sendable, Hashable {
        let route: RouteKey
        let deployment: String
        let endpoint: Endpoint
    }

    private struct Route {
        var upstreams: Upstreams?
        var turn = 0
    }

    private var routes: [RouteKey: Route] = [:]
    private var underWay: [RouteKey: [Endpoint: Int]] = [:]

    mutating func set(_ upstreams: Upstreams?, of route: RouteKey) {
        routes[route, default: Route()].upstreams = upstreams
    }

    /// The deployment that serves the route now.
    func deployment(of route: RouteKey) -> String? { routes[route]?.upstreams?.deployment }

    /// The next endpoint in turn; one that was not tried before if there is any. Nil when none is up.
    mutating func takeSeat(on route: RouteKey, avoiding tried: Set<Endpoint> = []) -> Seat? {
        guard let current = routes[route], let upstreams = current.upstreams, !upstreams.endpoints.isEmpty else {
            return nil
        }
        let count = upstreams.endpoints.count
        let inTurn = (0..<count).map { upstreams.endpoints[(current.turn + $0) % count] }
        let endpoint = inTurn.first { !tried.contains($0) } ?? inTurn[0]
        routes[route]?.turn = (current.turn + 1) % count
        underWay[route, default: [:]][endpoint, default: 0] += 1
        return Seat(route: route, deployment: upstreams.deployment, endpoint: endpoint)
    }

    mutating func giveBack(_ seat: Seat) {
        let rest = (underWay[seat.route]?[seat.endpoint] ?? 0) - 1
        underWay[seat.route]?[seat.endpoint] = rest > 0 ? rest : nil
    }

    func requestsUnderWay(at endpoint: Endpoint, of route: RouteKey) -> Int { underWay[route]?[endpoint] ?? 0 }

    mutating func remove(_ route: RouteKey) { routes[route] = nil }
}
