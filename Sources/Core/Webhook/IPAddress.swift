import Glibc

/// An address of the Internet Protocol, version 4 or 6. A version 4 address that is written as one of version 6
/// (`::ffff:127.0.0.1`) is the same as the plain one.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four or sixteen, most significant first.
    package let bytes: [UInt8]

    /// Nil for what is no address; numbers and short forms such as `127.1` are none.
    package init?(_ text: String) {
        var buffer = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &buffer) == 1 {
            self.init(bytes: Array(buffer.prefix(4)))
        } else if inet_pton(AF_INET6, text, &buffer) == 1 {
            self.init(bytes: buffer)
        } else {
            return nil
        }
    }

    /// Four or sixteen bytes.
    package init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16: self.bytes = bytes.starts(with: Self.mapped) ? Array(bytes.suffix(4)) : bytes
        default: return nil
        }
    }

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    package var isVersion6: Bool { bytes.count == 16 }

    package var description: String {
        guard isVersion6 else { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }

    /// The version 4 address that is reached through it: by translation (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo
    /// (RFC 4380), ISATAP (RFC 5214) or the old compatible form.
    var embedded: IPAddress? {
        guard isVersion6 else { return nil }
        if bytes[8..<12].elementsEqual([0, 0, 0x5E, 0xFE]) || Self.endings.contains(where: { $0.contains(self) }) {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes.starts(with: [0x20, 0x02]) { return IPAddress(bytes: Array(bytes[2..<6])) }
        if bytes.starts(with: [0x20, 0x01, 0, 0]) { return IPAddress(bytes: bytes[12...].map { ~$0 }) }
        return nil
    }

    /// Where the other address stands at the end.
    private static let endings = ["64:ff9b::/96", "64:ff9b:1::/48", "::/96"].compactMap { Block($0) }

    /// Addresses that begin alike: `10.0.0.0/8`, or one alone.
    package struct Block: Sendable, Hashable {
        private let start: IPAddress
        private let bits: Int

        package init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let start = IPAddress(String(parts[0])) else { return nil }
            let most = start.bytes.count * 8
            guard let bits = parts.count == 2 ? Int(parts[1]) : most, (0...most).contains(bits) else { return nil }
            (self.start, self.bits) = (start, bits)
        }

        package func contains(_ address: IPAddress) -> Bool {
            guard address.bytes.count == start.bytes.count else { return false }
            let whole = bits / 8
            guard address.bytes.prefix(whole).elementsEqual(start.bytes.prefix(whole)) else { return false }
            return bits % 8 == 0 || (address.bytes[whole] ^ start.bytes[whole]) >> (8 - bits % 8) == 0
        }
    }
}
