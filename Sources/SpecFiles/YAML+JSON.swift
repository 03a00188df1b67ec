package import CloudEvents

extension Place {
    /// The value as JSON. What JSON cannot express (infinity, not a number) is a mistake.
    func json() -> JSON {
        switch node.content {
        case .sequence(let nodes):
            return .array(nodes.enumerated().map { element($0, $1).json() })
        case .mapping(let pairs):
            return .object(pairs.map { ($0.key, member($0).json()) })
        case .scalar(let text, let quoted):
            switch YAMLScalar(text, quoted: quoted) {
            case .null: return .null
            case .bool(let value): return .bool(value)
            case .int(let value): return .integer(value)
            case .string(let value): return .string(value)
            case .float(let value):
                if !value.isFinite { mismatch("a number that JSON can express") }
                return .number(value)
            }
        }
    }
}

extension SpecFiles {
    /// A value as YAML for people: block style, strings without quotes where they stay strings.
    package static func yaml(from json: JSON) -> String {
        var out = ""
        switch json.kind {
        case .object where !json.members.isEmpty, .array where !json.elements.isEmpty:
            appendBlock(json, level: 0, to: &out)
        default:
            out = "\(inline(json))\n"
        }
        return out
    }

    /// A longer key has to be marked as one (YAML 1.2 section 7.4.2: 1024 characters).
    private static let plainKeyMax = 1000

    /// The lines of an object or array that is not empty.
    private static func appendBlock(_ json: JSON, level: Int, to out: inout String) {
        let indent = String(repeating: "  ", count: level)
        for (index, member) in json.members.enumerated() {
            // The first line of an object inside a list stands behind the dash already.
            if index > 0 || !out.hasSuffix("- ") { out += indent }
            let key = scalar(member.key)
            out += key.unicodeScalars.count <= plainKeyMax ? "\(key):" : "? \(key)\n\(indent):"
            appendValue(member.value, level: level, to: &out)
        }
        for (index, element) in json.elements.enumerated() {
            if index > 0 || !out.hasSuffix("- ") { out += indent }
            out += "-"
            if element.kind == .object || element.kind == .array, inline(element).isEmpty {
                out += " "
                appendBlock(element, level: level + 1, to: &out)
            } else {
                out += " \(inline(element))\n"
            }
        }
    }

    private static func appendValue(_ value: JSON, level: Int, to out: inout String) {
        let line = inline(value)
        if line.isEmpty {
            out += "\n"
            appendBlock(value, level: level + 1, to: &out)
        } else {
            out += " \(line)\n"
        }
    }

    /// A value that fits on its key's line; empty for the others.
    private static func inline(_ json: JSON) -> String {
        switch json.kind {
        case .object: json.members.isEmpty ? "{}" : ""
        case .array: json.elements.isEmpty ? "[]" : ""
        case .string: scalar(json.stringValue ?? "")
        case .number, .boolean, .null: json.text
        }
    }

    /// A string without quotes if it can be read back so, else in double quotes.
    private static func scalar(_ text: String) -> String {
        YAMLScalar(text, quoted: false) == .string(text) && isPlain(text) ? text : quoted(text)
    }

    /// Stricter than YAML 1.1 and 1.2 demand, so that every parser agrees.
    private static func isPlain(_ text: String) -> Bool {
        let odd: Set<String> = ["y", "n", "yes", "no", "on", "off", "<<", "="]
        guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last,
            !odd.contains(text.lowercased())
        else { return false }
        let startsWell = first.properties.isAlphabetic || first == "/" || first == "$" || first == "_"
        return startsWell && last != ":" && last != " "
            && !text.contains(": ") && !text.contains(" #")
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F || $0.properties.isAlphabetic }
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case _ where scalar.value >= 0x20 && scalar.value < 0x7F || scalar.properties.isAlphabetic:
                out.unicodeScalars.append(scalar)
            default:
                let hex = String(scalar.value, radix: 16)
                out += "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
            }
        }
        return out + "\""
    }
}
