internal import FoundationEssentials

/// One valid JSON value (RFC 8259), kept as the bytes it was written in.
///
/// Nothing is decoded until somebody asks: members and elements are slices of the same buffer, and building a new
/// value splices bytes. Two values are equal when their bytes are.
public struct JSON: Sendable, Hashable {
    /// The value's UTF-8 bytes, without white space around it.
    public let bytes: ArraySlice<UInt8>

    /// The six kinds of JSON value.
    public enum Kind: String, Sendable {
        case object, array, string, number, boolean, null
    }

    /// Takes bytes that are known to be one valid value.
    package init(valid bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    /// Checks that the bytes are exactly one JSON value in UTF-8, nested at most `JSONScan.depthMax` deep.
    public init(parsing bytes: ArraySlice<UInt8>) throws(JSONError) {
        let range = try JSONScan.document(bytes.span)
        self.bytes = bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
    }

    /// Checks that the bytes are exactly one JSON value in UTF-8.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        try self.init(parsing: bytes[...])
    }

    /// Checks that the text is exactly one JSON value.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The JSON form of any encodable value. For cold paths: `JSONEncoder` costs microseconds.
    public init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.init(valid: Array(try encoder.encode(value))[...])
    }

    /// Decodes a typed value. For cold paths: `JSONDecoder` costs microseconds.
    public func decode<T: Decodable>(as type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    public var kind: Kind {
        switch bytes.first {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    public var isNull: Bool { kind == .null }

    /// The value's own text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

// MARK: - Looking inside

extension JSON {
    /// An object's members in their order; empty for every other kind.
    public var members: [(key: String, value: JSON)] {
        guard kind == .object else { return [] }
        var result: [(key: String, value: JSON)] = []
        JSONScan.members(bytes.span) { key, value in
            result.append((JSONScan.decodeString(slice(key)), JSON(valid: slice(value))))
        }
        return result
    }

    /// An array's elements in their order; empty for every other kind.
    public var elements: [JSON] {
        guard kind == .array else { return [] }
        var result: [JSON] = []
        JSONScan.elements(bytes.span) { result.append(JSON(valid: slice($0))) }
        return result
    }

    /// The value of an object's member; where a key stands twice, the last one counts.
    public subscript(key: String) -> JSON? {
        guard kind == .object else { return nil }
        var found: Range<Int>?
        JSONScan.members(bytes.span) { name, value in
            if JSONScan.string(slice(name), is: key) { found = value }
        }
        return found.map { JSON(valid: slice($0)) }
    }

    /// Follows member names downwards: `json["data", "deployment", "deploymentNames"]`.
    public subscript(first: String, second: String, rest: String...) -> JSON? {
        var value = self[first]?[second]
        for key in rest { value = value?[key] }
        return value
    }

    /// A string's characters, escapes resolved; nil for every other kind.
    public var stringValue: String? {
        kind == .string ? JSONScan.decodeString(bytes) : nil
    }

    /// A number as a Double; nil for every other kind.
    public var doubleValue: Double? {
        kind == .number ? Double(text) : nil
    }

    /// A whole number; nil for every other kind and for fractions.
    public var intValue: Int? {
        guard kind == .number else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    public var boolValue: Bool? {
        kind == .boolean ? bytes.first == UInt8(ascii: "t") : nil
    }

    private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
    }
}

// MARK: - Building

extension JSON {
    public static let null = JSON(valid: Array("null".utf8)[...])
    public static let emptyObject = JSON(valid: Array("{}".utf8)[...])

    public static func string(_ value: String) -> JSON {
        var out: [UInt8] = []
        out.reserveCapacity(value.utf8.count + 2)
        JSONWriter.appendString(value, to: &out)
        return JSON(valid: out[...])
    }

    public static func bool(_ value: Bool) -> JSON {
        JSON(valid: Array((value ? "true" : "false").utf8)[...])
    }

    public static func integer(_ value: some BinaryInteger) -> JSON {
        JSON(valid: Array(String(value).utf8)[...])
    }

    /// A number; whole ones are written without a fraction, what JSON cannot say (NaN, infinity) becomes null.
    public static func number(_ value: Double) -> JSON {
        guard value.isFinite else { return .null }
        if value.magnitude < 0x1p53, let whole = Int64(exactly: value) { return .integer(whole) }
        return JSON(valid: Array(value.description.utf8)[...])
    }

    public static func array(_ values: [JSON]) -> JSON {
        var out: [UInt8] = [UInt8(ascii: "[")]
        for (index, value) in values.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append(contentsOf: value.bytes)
        }
        out.append(UInt8(ascii: "]"))
        return JSON(valid: out[...])
    }

    /// An object with these members in this order; members without a value are left out.
    public static func object(_ members: [(key: String, value: JSON?)]) -> JSON {
        var out: [UInt8] = []
        out.reserveCapacity(members.reduce(2) { $0 + $1.key.utf8.count + 4 + ($1.value?.bytes.count ?? 0) })
        out.append(UInt8(ascii: "{"))
        for (key, value) in members {
            guard let value else { continue }
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            JSONWriter.appendString(key, to: &out)
            out.append(UInt8(ascii: ":"))
            out.append(contentsOf: value.bytes)
        }
        out.append(UInt8(ascii: "}"))
        return JSON(valid: out[...])
    }

    /// An object with one entry a key, sorted by key.
    public static func object(_ members: [String: JSON]) -> JSON {
        .object(members.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
    }

    /// This object with one member set (nil removes it). The order of the others stays; a value that is no object
    /// is taken as the empty one.
    public func setting(_ key: String, to value: JSON?) -> JSON {
        var list = members.map { (key: $0.key, value: Optional($0.value)) }
        if let index = list.lastIndex(where: { $0.key == key }) {
            list[index].value = value
        } else {
            list.append((key, value))
        }
        return .object(list)
    }

    /// This object with a further member at its end, one that it does not have yet: no other member is looked at.
    public func appending(_ key: String, _ value: JSON) -> JSON {
        let rest = bytes.dropFirst().drop { $0 <= 0x20 }
        guard kind == .object, rest.first != UInt8(ascii: "}") else { return .object([(key, value)]) }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + key.utf8.count + value.bytes.count + 8)
        out.append(contentsOf: bytes.dropLast())
        out.append(UInt8(ascii: ","))
        JSONWriter.appendString(key, to: &out)
        out.append(UInt8(ascii: ":"))
        out.append(contentsOf: value.bytes)
        out.append(UInt8(ascii: "}"))
        return JSON(valid: out[...])
    }

    /// The same value on several lines, for people.
    public func pretty(indent: Int = 2) -> String {
        var out: [UInt8] = []
        JSONWriter.appendPretty(self, indent: indent, level: 0, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON?)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
}

extension JSON: CustomStringConvertible {
    public var description: String { text }
}

/// What is wrong with bytes that should have been JSON, and where.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted in bytes from 0.
    public let offset: Int
    public let reason: String

    public var description: String { "\(reason) at byte \(offset)" }
}
