package import CloudEvents

/// Text with places such as `[[ .Context.service ]]` for values (K §3.6): of Go's templates the part that import
/// packages use.
package struct ImportTemplate: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case text(Substring)
        case value([String])
    }

    private let parts: [Part]
    /// What all values of one text may have together. Else tasks that repeat what earlier ones repeat would double it
    /// with each task.
    package static let valueBytesMax = 1 << 16

    /// Throws `ImportMistake` for a place that is not closed, or is no path of names.
    package init(_ text: String) throws(ImportMistake) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "[[") {
            parts.append(.text(rest[..<open.lowerBound]))
            let after = rest[open.upperBound...]
            guard let close = after.firstRange(of: "]]") else {
                throw ImportMistake("'[[\(after.prefix(40))' is never closed with ']]'")
            }
            parts.append(.value(try Self.path(after[..<close.lowerBound])))
            rest = after[close.upperBound...]
        }
        self.parts = parts + [.text(rest)]
    }

    private static func path(_ text: Substring) throws(ImportMistake) -> [String] {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let expression = String(Array(trimmed))
        let names = expression.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        let isPath =
            names.count > 1 && names[0].isEmpty
            && names.dropFirst().allSatisfy { name in
                !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
            }
        guard isPath else {
            throw ImportMistake("'[[\(text)]]' is no value; a path such as [[ .Context.name ]] is needed")
        }
        return Array(names.dropFirst())
    }

    /// The paths of all values.
    package var references: [[String]] {
        parts.compactMap { if case .value(let path) = $0 { path } else { nil } }
    }

    /// Throws `ImportMistake` for a value that is not there, and for values larger than `valueBytesMax`.
    package func rendered(with values: JSON) throws(ImportMistake) -> String {
        var out = ""
        var room = Self.valueBytesMax
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .value(let path):
                var value = values
                for name in path {
                    guard let member = value[name] else {
                        throw ImportMistake(
                            "[[ .\(path.joined(separator: ".")) ]]: there is no '\(name)', only: "
                                + value.members.map(\.key).joined(separator: ", "))
                    }
                    value = member
                }
                let text = value.stringValue ?? value.text
                room -= text.utf8.count
                guard room >= 0 else {
                    throw ImportMistake(
                        "[[ .\(path.joined(separator: ".")) ]]: the values of one text may have \(Self.valueBytesMax) "
                            + "bytes together")
                }
                out += text
            }
        }
        return out
    }
}

/// What is wrong with an import package, in one sentence.
package struct ImportMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
