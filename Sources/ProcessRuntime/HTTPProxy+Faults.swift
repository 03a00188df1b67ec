package import Core
import HTTPTypes
import HummingbirdCore
package import KeptnModel
import NIOCore
package import Ports
import Synchronization

/// What is done to single clients because of a problem.
extension HTTPProxy: ClientFaultSwitch {
    package func covers(_ scope: Scope) -> Bool {
        state.withLock { state in
            RouteKind.allCases.contains { state.listeners[RouteKey(scope: scope, kind: $0)] != nil }
        }
    }

    package func setFaults(_ faults: [ClientFault], of scope: Scope) {
        state.withLock { $0.faults[scope] = faults.isEmpty ? nil : faults }
    }

    /// A client is who stands first in `X-Forwarded-For`, else who is at the other end of the connection.
    func fault(of request: Request, client: String?, on route: RouteKey) -> ClientFault.Effect? {
        guard let faults = state.withLock({ $0.faults[route.scope] }) else { return nil }
        let header = HTTPField.Name("X-Forwarded-For").flatMap { request.headers[$0] }
        let forwarded = header?.prefix { $0 != "," }.filter { $0 != " " }
        guard let name = forwarded ?? client, let address = IPAddress(name) else { return nil }
        return ClientFault.effect(of: faults, on: address.description, at: time.now)
    }
}
