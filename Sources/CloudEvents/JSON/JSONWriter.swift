/// Appends JSON to a buffer.
enum JSONWriter {
    private static let hex = Array("0123456789abcdef".utf8)

    static func appendString(_ value: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        defer { out.append(UInt8(ascii: "\"")) }
        // Text in one piece goes over in one piece: several times faster than byte by byte.
        let isCopied = value.utf8.withContiguousStorageIfAvailable { bytes in
            guard !bytes.contains(where: isEscaped) else { return false }
            out.append(contentsOf: bytes)
            return true
        }
        if isCopied == true { return }
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0x0A: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0x0D: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x09: out.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case 0..<0x20:
                out.append(contentsOf: "\\u00".utf8)
                out.append(hex[Int(byte >> 4)])
                out.append(hex[Int(byte & 15)])
            default: out.append(byte)
            }
        }
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    static func appendPretty(_ value: JSON, indent: Int, level: Int, to out: inout [UInt8]) {
        func line(_ level: Int) {
            out.append(0x0A)
            out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
        }
        switch value.kind {
        case .object:
            let members = value.members
            guard !members.isEmpty else { return out.append(contentsOf: "{}".utf8) }
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                line(level + 1)
                appendString(member.key, to: &out)
                out.append(contentsOf: ": ".utf8)
                appendPretty(member.value, indent: indent, level: level + 1, to: &out)
            }
            line(level)
            out.append(UInt8(ascii: "}"))
        case .array:
            let elements = value.elements
            guard !elements.isEmpty else { return out.append(contentsOf: "[]".utf8) }
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                line(level + 1)
                appendPretty(element, indent: indent, level: level + 1, to: &out)
            }
            line(level)
            out.append(UInt8(ascii: "]"))
        default:
            out.append(contentsOf: value.bytes)
        }
    }
}
