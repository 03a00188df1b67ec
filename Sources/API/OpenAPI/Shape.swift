import CloudEvents

/// The shape of a JSON value in a notation as short as that of Keptn's documentation, and the JSON Schema (2020-12, as
/// OpenAPI 3.1 wants it) that it stands for.
///
/// `string`, `integer`, `number`, `boolean`, `object`, `any`; `time` (RFC 3339) and `base64`; `[string]` a list;
/// `map<string>` an object with any keys; `{name*: string, labels: map<string>}` an object with a required and an
/// optional member; `pass|fail` one of these words; `string?` also null; any word with a capital is a named shape.
enum Shape {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    /// The schema of a text in that notation. Throws `Problem` for anything else.
    static func schema(_ text: String) throws(Problem) -> JSON {
        var reader = Reader(rest: text[...])
        let schema = try reader.shape()
        guard reader.rest.isEmpty else { throw Problem(description: "'\(reader.rest)' follows a shape in '\(text)'") }
        return schema
    }

    /// The reference to a named shape.
    static func reference(_ name: some StringProtocol) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    private struct Reader {
        var rest: Substring

        mutating func shape() throws(Problem) -> JSON {
            let schema = try whole()
            return take("?") ? ["anyOf": [schema, ["type": "null"]]] : schema
        }

        private mutating func whole() throws(Problem) -> JSON {
            if take("[") {
                let items = try shape()
                try need("]")
                return ["type": "array", "items": items]
            }
            if take("{") { return try members() }
            let word = word()
            if word == "map", take("<") {
                let values = try shape()
                try need(">")
                return ["type": "object", "additionalProperties": values]
            }
            if rest.first == "|" { return words(from: word) }
            return try named(word)
        }

        private mutating func members() throws(Problem) -> JSON {
            var properties: [(key: String, value: JSON?)] = []
            var required: [JSON] = []
            while !take("}") {
                let name = String(word())
                guard !name.isEmpty else { throw Problem(description: "a member's name is needed at '\(rest)'") }
                if take("*") { required.append(.string(name)) }
                try need(":")
                properties.append((name, try shape()))
                if !take(",") {
                    try need("}")
                    break
                }
            }
            return [
                "type": "object", "properties": .object(properties),
                "required": required.isEmpty ? nil : .array(required),
            ]
        }

        private mutating func words(from first: Substring) -> JSON {
            var words: [JSON] = [.string(String(first))]
            while take("|") { words.append(.string(String(word()))) }
            return ["type": "string", "enum": .array(words)]
        }

        private func named(_ word: Substring) throws(Problem) -> JSON {
            switch word {
            case "string", "integer", "number", "boolean", "object": return ["type": .string(String(word))]
            case "any": return [:]
            case "time": return ["type": "string", "format": "date-time"]
            case "base64": return ["type": "string", "contentEncoding": "base64"]
            case _ where word.first?.isUppercase == true: return Shape.reference(word)
            default: throw Problem(description: "'\(word)' before '\(rest)' is no shape")
            }
        }

        private mutating func word() -> Substring {
            skipBlanks()
            let word = rest.prefix { $0.isLetter || $0.isNumber || "_-$.".contains($0) }
            rest.removeFirst(word.count)
            skipBlanks()
            return word
        }

        private mutating func take(_ sign: Character) -> Bool {
            skipBlanks()
            guard rest.first == sign else { return false }
            rest.removeFirst()
            skipBlanks()
            return true
        }

        private mutating func need(_ sign: Character) throws(Problem) {
            guard take(sign) else { throw Problem(description: "'\(sign)' is needed at '\(rest)'") }
        }

        private mutating func skipBlanks() { rest = rest.drop { $0.isWhitespace } }
    }
}
