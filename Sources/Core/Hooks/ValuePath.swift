/// The keys of a text that is nothing but `{{ .a.b }}` or `{{ index .a.b "c" "d" }}`.
struct ValuePath: Sendable, Hashable {
    /// Those behind points, at least one: they have to be there.
    let required: [String]
    /// Those in quotes: they may be missing.
    let optional: [String]

    /// Nil for every other text.
    init?(_ text: String) {
        guard text.hasPrefix("{{"), text.hasSuffix("}}"), text.utf8.count > 4 else { return nil }
        var words = text.dropFirst(2).dropLast(2).split(separator: " ")[...]
        let isLookUp = words.first == "index"
        if isLookUp { words = words.dropFirst() }
        guard let path = words.popFirst(), path.hasPrefix("."), path.count > 1, isLookUp != words.isEmpty else {
            return nil
        }
        required = path.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        var keys: [String] = []
        for word in words {
            guard word.utf8.count > 2, word.hasPrefix("\""), word.hasSuffix("\"") else { return nil }
            keys.append(String(word.dropFirst().dropLast()))
        }
        optional = keys
        guard required.allSatisfy({ $0.utf8.allSatisfy(Self.isNamePart) }),
            keys.allSatisfy({ $0.utf8.allSatisfy { Self.isNamePart($0) || $0 == UInt8(ascii: "-") } })
        else { return nil }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
