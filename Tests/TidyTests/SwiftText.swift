/// A Swift file with its comments and the insides of its string literals blanked out, so that words and braces found in
/// it are code. Lines and columns stay what they were.
struct SwiftText {
    let lines: [Substring]

    init(_ source: String) {
        var blanker = Blanker(Array(source.utf8))
        let code = String(decoding: blanker.blanked(), as: UTF8.self)
        lines = code.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The functions, initialisers and subscripts with the numbers of their first and last line, from 1.
    var functions: [(name: String, first: Int, last: Int)] {
        lines.indices.compactMap { index in
            guard let name = Self.declaredFunction(in: lines[index]), let last = lastLine(ofFunctionAt: index) else {
                return nil
            }
            return (name, index + 1, last + 1)
        }
    }

    /// What a line declares: the text up to the parameters.
    private static func declaredFunction(in line: Substring) -> String? {
        let words = line.split(separator: " ").drop { $0.hasPrefix("@") || modifiers.contains($0) }
        guard let first = words.first else { return nil }
        let keyword = first.prefix { $0.isLetter }
        guard ["func", "init", "deinit", "subscript"].contains(keyword) else { return nil }
        return String(words.prefix(2).joined(separator: " ").prefix { $0 != "(" })
    }

    private static let modifiers: Set<Substring> = [
        "public", "package", "internal", "private", "fileprivate", "static", "final", "override", "mutating",
        "nonmutating", "nonisolated", "convenience", "required", "class", "isolated",
    ]

    /// Nil for a declaration without a body, as protocols have them.
    private func lastLine(ofFunctionAt start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<lines.count {
            if index > start, braces == 0, parentheses == 0, !Self.continuesDeclaration(lines[index]) { return nil }
            for byte in lines[index].utf8 {
                switch byte {
                case UInt8(ascii: "("): parentheses += 1
                case UInt8(ascii: ")"): parentheses -= 1
                case UInt8(ascii: "{") where braces > 0 || parentheses == 0: braces += 1
                case UInt8(ascii: "}") where braces == 0 && parentheses == 0: return nil
                case UInt8(ascii: "}") where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }

    private static func continuesDeclaration(_ line: Substring) -> Bool {
        let rest = line.drop { $0 == " " }
        return ["{", "where ", "->", "throws", "async"].contains { rest.hasPrefix($0) }
    }
}

/// Walks through Swift source and blanks what is no code.
private struct Blanker {
    private var bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func blanked() -> [UInt8] {
        code(untilClosingParenthesis: false)
        return bytes
    }

    private func at(_ text: StaticString, _ offset: Int = 0) -> Bool {
        let start = index + offset
        guard start + text.utf8CodeUnitCount <= bytes.count else { return false }
        return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[start + $0] == text.utf8Start[$0] }
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] != UInt8(ascii: "\n") { bytes[index] = UInt8(ascii: " ") }
            index += 1
        }
    }

    private mutating func code(untilClosingParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/") where at("//"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
            case UInt8(ascii: "/") where at("/*"): blockComment()
            case UInt8(ascii: "\""): string()
            case UInt8(ascii: "#") where at("#\"") || at("##\""): string()
            case UInt8(ascii: "("):
                depth += 1
                index += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth < 0, untilClosingParenthesis { return }
                index += 1
            default: index += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        while index < bytes.count {
            if at("/*") {
                depth += 1
                blank(2)
            } else if at("*/") {
                depth -= 1
                blank(2)
                if depth == 0 { return }
            } else {
                blank()
            }
        }
    }

    /// Leaves the quotation marks; what is interpolated stays code.
    private mutating func string() {
        var hashes = 0
        while at("#") {
            hashes += 1
            index += 1
        }
        let isMultiline = at("\"\"\"")
        let quotes = isMultiline ? 3 : 1
        index += quotes
        while index < bytes.count {
            if at("\\"), (0..<hashes).allSatisfy({ bytes[safe: index + 1 + $0] == UInt8(ascii: "#") }) {
                blank(1 + hashes)
                if at("(") {
                    blank()
                    code(untilClosingParenthesis: true)
                }
                blank()
            } else if isMultiline ? at("\"\"\"") : at("\""),
                (0..<hashes).allSatisfy({ bytes[safe: index + quotes + $0] == UInt8(ascii: "#") })
            {
                index += quotes + hashes
                return
            } else if !isMultiline, at("\n") {
                return
            } else {
                blank()
            }
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
