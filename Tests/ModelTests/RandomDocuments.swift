import TestSupport

// MARK: - JSON documents

extension SplitMix64 {
    /// The text of a valid JSON document with everything the grammar has: white space, escapes, all number forms.
    mutating func jsonText(depth: Int = 0) -> String {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &self) {
        case 0: return pick(["true", "false", "null"])
        case 1, 2: return numberText()
        case 3...5: return stringText()
        case 6:
            let elements = (0..<Int.random(in: 0...4, using: &self)).map { _ in jsonText(depth: depth + 1) }
            return "[\(space())\(elements.joined(separator: "\(space()),\(space())"))\(space())]"
        default:
            let members = (0..<Int.random(in: 0...4, using: &self)).map { index in
                let key = "\"k\(index)\(pick(["", "é", "\\n", " ", "\\u0041"]))\""
                return "\(key)\(space()):\(space())\(jsonText(depth: depth + 1))"
            }
            return "{\(space())\(members.joined(separator: "\(space()),\(space())"))\(space())}"
        }
    }

    private mutating func space() -> String { chance(60) ? "" : pick([" ", "\n", "\t", "\r\n", "  "]) }

    private mutating func numberText() -> String {
        let whole = pick(["0", "1", "9", "10", "123", "90210", "1234567890"])
        return pick(["", "-"]) + whole + pick(["", "", ".0", ".5", ".25", ".001"]) + pick(["", "", "e3", "E+2", "e-4"])
    }

    private mutating func stringText() -> String {
        let parts = [
            "a", "Z", " ", "0", "é", "漢", "😀", "\\n", "\\t", "\\r", "\\b", "\\f", "\\\"", "\\\\", "\\/", "\\u00e9",
            "\\u0000", "\\uD83D\\uDE00", "/", "'", "{", "]", ",", ":", "\u{7F}", "\u{2028}",
        ]
        return "\"" + (0..<Int.random(in: 0...8, using: &self)).map { _ in pick(parts) }.joined() + "\""
    }

    /// The same bytes with a few of them replaced, inserted, removed or repeated.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        let interesting =
            Array("{}[]\",:\\/0123456789eE+-.tfnu \n\t\u{0}\u{1F}".utf8) + [0x80, 0xBF, 0xC0, 0xC3, 0xED, 0xFF]
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[index] = pick(interesting)
            case 1: bytes.insert(pick(interesting), at: index)
            case 2: bytes.remove(at: index)
            default:
                let end = min(bytes.count, index + Int.random(in: 1...6, using: &self))
                bytes.insert(contentsOf: bytes[index..<end], at: index)
            }
        }
        return bytes
    }
}
