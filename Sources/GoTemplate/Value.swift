internal import CloudEvents
internal import KeptnModel

/// What a template computes with: the values that Go's `encoding/json` makes of JSON, and literals.
enum Value: Sendable {
    /// Nothing: a field that is not there, and a null that went through a pipeline.
    case missing
    /// A null inside of a list or an object.
    case null
    case bool(Bool)
    /// A literal, a length or an index; never from JSON, whose numbers are all floats.
    case integer(Int)
    case number(Double)
    case string(String)
    case list(ArraySlice<Value>)
    case object(Members)

    /// An object's members, sorted by the bytes of their keys.
    struct Members: Sendable {
        let entries: [(key: String, value: Value)]

        subscript(key: String) -> Value? {
            var range = entries[...]
            while let middle = range.isEmpty ? nil : (range.startIndex + range.endIndex) / 2 {
                if range[middle].key.utf8.elementsEqual(key.utf8) { return range[middle].value }
                range = range[middle].key.precedes(key) ? range[(middle + 1)...] : range[..<middle]
            }
            return nil
        }
    }

    init(_ json: JSON) {
        switch json.kind {
        case .null: self = .null
        case .boolean: self = .bool(json.boolValue ?? false)
        case .number: self = .number(json.doubleValue ?? 0)
        case .string: self = .string(json.stringValue ?? "")
        case .array: self = .list(json.elements.map { Value($0) }[...])
        case .object:
            // Of a key that stands twice the last one counts; sorting keeps the order of equals.
            var entries: [(key: String, value: Value)] = []
            for (key, value) in json.members.sorted(by: { $0.key.precedes($1.key) }) {
                if let last = entries.last, last.key.utf8.elementsEqual(key.utf8) { entries.removeLast() }
                entries.append((key, Value(value)))
            }
            self = .object(Members(entries: entries))
        }
    }

    /// What a pipeline makes of it.
    var unwrapped: Value {
        if case .null = self { .missing } else { self }
    }

    /// Empty and zero values are not true.
    var isTrue: Bool {
        switch self {
        case .missing, .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let elements): !elements.isEmpty
        case .object(let members): !members.entries.isEmpty
        }
    }

    /// The name of its type in Go.
    var typeName: String {
        switch self {
        case .missing, .null: "<nil>"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float64"
        case .string: "string"
        case .list: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }

    /// As messages call it.
    var found: String {
        switch self {
        case .missing, .null: "nothing"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value.go
        case .string(let text): "\"\(text.count <= 40 ? text : text.prefix(37) + "...")\""
        case .list(let elements): "a list of \(elements.count)"
        case .object(let members): "an object with \(members.entries.count) keys"
        }
    }
}

extension String {
    /// By bytes, as Go orders text.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
