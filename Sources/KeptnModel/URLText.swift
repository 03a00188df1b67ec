/// The text of URLs (RFC 3986).
package enum URLText {
    /// Leaves letters, digits and `-._~`, and writes all else as codes (section 2.1).
    package static func encode(_ text: some StringProtocol, besides others: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: out.append(byte)
            case _ where "-._~".utf8.contains(byte) || others.utf8.contains(byte): out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// With its question mark; empty for no items.
    package static func query(_ items: [String: String]) -> String {
        guard !items.isEmpty else { return "" }
        return "?"
            + items.sorted { $0.key < $1.key }.map { "\(encode($0.key))=\(encode($0.value))" }.joined(separator: "&")
    }
}
