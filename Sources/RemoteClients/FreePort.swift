import Glibc
import Ports

/// For programs that are started beside others on one machine.
package enum FreePort {
    /// Below the ports that Linux gives to outgoing connections (`ip_local_port_range`, from 32768 on): one of those
    /// could be taken before the program is there.
    private static let range = 20_000..<32_000
    private static let attemptsMax = 100

    /// A port of the loopback interface on which nobody listens at this moment.
    package static func find() throws -> Int {
        for _ in 0..<attemptsMax {
            let port = Int.random(in: range)
            if isFree(port) { return port }
        }
        throw KeptnError(.unavailable, "no free port from \(range.lowerBound) to \(range.upperBound - 1)")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
