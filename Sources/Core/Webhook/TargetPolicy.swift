/// Which hosts a webhook may call. Without it anybody who may write a webhook file could reach what only the server's
/// machine reaches: its own ports, the cloud's metadata, the cluster (K §2.11).
///
/// A target is judged twice: by its name, and then by every address that the name has; and the connection has to go to
/// an address that was judged, so that a name cannot mean another one in between. The same holds for each redirect and
/// for a proxy. Private networks are not closed: the tools of a company are there.
package struct TargetPolicy: Sendable {
    /// A name, a name with what is below it (`*.example.com`, `.example.com`), an address or a range of addresses
    /// (`10.0.0.0/8`), each also with a port behind a colon.
    package struct Pattern: Sendable, Hashable {
        private enum Hosts: Sendable, Hashable {
            case name(String)
            case below(String)
            case addresses(IPAddress.Block)
        }

        private let hosts: Hosts
        private let port: Int?

        /// Nil for what is none of these.
        package init?(_ text: String) {
            if let block = IPAddress.Block(text) {
                (hosts, port) = (.addresses(block), nil)
                return
            }
            var host = text[...]
            var port: Int?
            if let colon = text.lastIndex(of: ":") {
                guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                    return nil
                }
                (host, port) = (text[..<colon], number)
            }
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            if let block = IPAddress.Block(String(host)) {
                hosts = .addresses(block)
            } else {
                let isBelow = host.hasPrefix("*.") || host.hasPrefix(".")
                let name = host.drop { $0 == "*" || $0 == "." }.lowercased()
                guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && !"/*[]:@".utf8.contains($0) }) else {
                    return nil
                }
                hosts = isBelow ? .below("." + name) : .name(name)
            }
            self.port = port
        }

        func matches(name: String, port: Int) -> Bool {
            guard self.port ?? port == port else { return false }
            return switch hosts {
            case .name(let known): name == known
            case .below(let suffix): name.hasSuffix(suffix)
            case .addresses: false
            }
        }

        func matches(_ address: IPAddress, port: Int) -> Bool {
            guard self.port ?? port == port, case .addresses(let block) = hosts else { return false }
            return block.contains(address)
        }
    }

    private let allowed: [Pattern]
    private let denied: [Pattern]

    /// - Parameters:
    ///   - allowed: What may be called although a rule is against it.
    ///   - denied: What may not be called beside what never may: the control plane's own names and addresses, and what
    ///     the configuration adds.
    package init(allowed: [Pattern] = [], denied: [Pattern] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    /// Why a host may not be called, whatever its addresses are; nil when these decide.
    package func objection(toName target: WebTarget) -> String? {
        let (name, port) = (target.host, target.port)
        guard IPAddress(name) == nil, !allowed.contains(where: { $0.matches(name: name, port: port) }) else {
            return nil
        }
        if denied.contains(where: { $0.matches(name: name, port: port) }) {
            return Self.sentence(target, "the configuration denies it")
        }
        if Self.insideNames.contains(where: { $0.matches(name: name, port: port) }) {
            return Self.sentence(target, "it is a name of the machine, the cluster or the cloud itself")
        }
        // Also the numbers that some resolvers take for addresses, such as 2130706433.
        if !name.contains(".") { return Self.sentence(target, "a name without a dot is one of inside") }
        return nil
    }

    /// Why a connection for the target may not go to this address; nil when it may.
    ///
    /// - Parameter own: The addresses of this machine: behind each of them is what is behind `127.0.0.1`.
    package func objection(
        to address: IPAddress, of target: WebTarget, own: Set<IPAddress> = []
    ) -> String? {
        if let objection = objection(toName: target) { return objection }
        let port = target.port
        func isAllowed(_ address: IPAddress) -> Bool { allowed.contains { $0.matches(address, port: port) } }
        if isAllowed(address) || allowed.contains(where: { $0.matches(name: target.host, port: port) }) { return nil }
        for address in [address, address.embedded].compactMap(\.self) where !isAllowed(address) {
            if denied.contains(where: { $0.matches(address, port: port) }) {
                return Self.sentence(target, "the configuration denies its address \(address)")
            }
            if own.contains(address) { return Self.sentence(target, "its address \(address) is the machine's own") }
            if let block = Self.closed.first(where: { $0.block.contains(address) }) {
                return Self.sentence(target, "its address \(address) is \(block.what)")
            }
        }
        return nil
    }

    private static func sentence(_ target: WebTarget, _ reason: String) -> String {
        "webhooks may not call \(target.host): \(reason)"
    }

    private static let insideNames = [
        "*.localhost", "*.localdomain", "*.local", "*.internal", "*.svc", "kubernetes.default",
    ].compactMap { Pattern($0) }

    /// What no webhook has to do with.
    private static let closed: [(block: IPAddress.Block, what: String)] = [
        ("0.0.0.0/8", "the machine's own"), ("127.0.0.0/8", "the machine's own"),
        ("::/128", "the machine's own"), ("::1/128", "the machine's own"),
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("fe80::/10", "link-local"), ("fec0::/10", "site-local"),
        ("100.100.100.200", "a cloud's metadata"), ("192.0.0.192", "a cloud's metadata"),
        ("168.63.129.16", "a cloud's metadata"), ("fd00:ec2::254", "a cloud's metadata"),
        ("fd20:ce::254", "a cloud's metadata"),
        ("224.0.0.0/4", "a multicast address"), ("ff00::/8", "a multicast address"),
        ("240.0.0.0/4", "reserved"),
    ].compactMap { text, what in IPAddress.Block(text).map { ($0, what) } }
}
