import Glibc
import Ports
import Synchronization

/// Finds ports for programs that are about to be started.
///
/// Between our choice and the program's `bind` nobody else may get the port. Others that choose like this, in whatever
/// process of this machine, are kept from it by a Unix socket with an abstract name for the port: the kernel gives such
/// a name to one socket at a time, in the network namespace that the ports are of, and takes it back when its owner
/// ends, however that ends (unix(7)).
package final class FreePorts: Sendable {
    /// Below the ports that Linux gives to outgoing connections (`ip_local_port_range`, from 32768 on unless somebody
    /// set it): one of those could be taken before the program is there.
    package static let usualRange = 20_000..<32_000
    private static let attemptsMax = 1000
    /// The newest are kept: the programs of older ones have long started or failed.
    private static let reservationsMax = 64

    private let range: Range<Int>
    private let reservations = Mutex<[Reservation]>([])

    package init(in range: Range<Int> = usualRange) { self.range = range }

    /// A port of this host on which nobody listens, and which no other chooser gets while this one has chosen few after
    /// it and lives. Throws `KeptnError.unavailable`.
    package func choose() throws -> Int {
        for _ in 0..<Self.attemptsMax {
            let port = Int.random(in: range)
            guard let reservation = Reservation.of(port), Self.isFree(port) else { continue }
            reservations.withLock { $0 = ($0 + [reservation]).suffix(Self.reservationsMax) }
            return port
        }
        throw KeptnError(.unavailable, "no port of \(range) is free")
    }

    /// Whether a program could listen on the port, on every interface.
    package static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Nobody else on this machine has one of the same port.
    private final class Reservation: Sendable {
        private let descriptor: Int32

        private init(descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        /// Nil when somebody else has it.
        static func of(_ port: Int) -> Reservation? {
            let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            let reservation = Reservation(descriptor: descriptor)
            // An abstract name begins with a zero byte and is as long as the length says.
            let name = [0] + Array("keptn-port-\(port)".utf8)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let length = MemoryLayout<sa_family_t>.size + name.count
            let isOurs = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(length)) == 0
                }
            }
            return isOurs ? reservation : nil
        }
    }
}
