/// The strict one-pass grammar of RFC 8259 over bytes. `document` checks; `members`, `elements` and `decodeString`
/// walk bytes that were checked before and trust them.
enum JSONScan {
    /// Deeper nesting is refused, so that no input can exhaust the stack.
    static let depthMax = 128

    /// The range of the one value in a document, white space around it left out.
    static func document(_ bytes: Span<UInt8>) throws(JSONError) -> Range<Int> {
        do {
            _ = try UTF8Span(validating: bytes)
        } catch {
            throw JSONError(offset: error.byteOffsets.lowerBound, reason: "not UTF-8")
        }
        var index = 0
        skipSpace(bytes, &index)
        let start = index
        try value(bytes, &index, depth: 0)
        let end = index
        skipSpace(bytes, &index)
        guard index == bytes.count else { throw JSONError(offset: index, reason: "more text after the value") }
        return start..<end
    }

    static func members(_ bytes: Span<UInt8>, _ body: (_ key: Range<Int>, _ value: Range<Int>) -> Void) {
        var index = 1
        skipSpace(bytes, &index)
        while index < bytes.count, bytes[index] != UInt8(ascii: "}") {
            let keyStart = index
            skipString(bytes, &index)
            let key = keyStart..<index
            skipSpace(bytes, &index)
            index += 1
            skipSpace(bytes, &index)
            let valueStart = index
            skipValue(bytes, &index)
            body(key, valueStart..<index)
            skipSpace(bytes, &index)
            if index < bytes.count, bytes[index] == UInt8(ascii: ",") { index += 1 }
            skipSpace(bytes, &index)
        }
    }

    static func elements(_ bytes: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        var index = 1
        skipSpace(bytes, &index)
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            let start = index
            skipValue(bytes, &index)
            body(start..<index)
            skipSpace(bytes, &index)
            if index < bytes.count, bytes[index] == UInt8(ascii: ",") { index += 1 }
            skipSpace(bytes, &index)
        }
    }

    /// Whether a string value (with its quotes) says exactly this text.
    static func string(_ quoted: ArraySlice<UInt8>, is text: String) -> Bool {
        let inner = quoted.dropFirst().dropLast()
        if inner.contains(UInt8(ascii: "\\")) { return decodeString(quoted).utf8.elementsEqual(text.utf8) }
        return inner.elementsEqual(text.utf8)
    }

    /// The characters of a string value (with its quotes). A lone surrogate becomes U+FFFD.
    static func decodeString(_ quoted: ArraySlice<UInt8>) -> String {
        let inner = quoted.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        var units: [UInt16] = []
        var out = ""
        var run: [UInt8] = []
        func flush() {
            if !units.isEmpty { out += String(decoding: units, as: UTF16.self); units = [] }
            if !run.isEmpty { out += String(decoding: run, as: UTF8.self); run = [] }
        }
        var index = inner.startIndex
        while index < inner.endIndex {
            let byte = inner[index]
            guard byte == UInt8(ascii: "\\") else {
                if !units.isEmpty { flush() }
                run.append(byte)
                index += 1
                continue
            }
            let escape = inner[index + 1]
            if escape == UInt8(ascii: "u") {
                if !run.isEmpty { flush() }
                units.append(inner[(index + 2)..<(index + 6)].reduce(0) { $0 << 4 | UInt16(hexValue($1) ?? 0) })
                index += 6
            } else {
                if !units.isEmpty { flush() }
                run.append(simpleEscape(escape))
                index += 2
            }
        }
        flush()
        return out
    }

    private static func simpleEscape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        default: byte
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    private static func skipSpace(_ bytes: Span<UInt8>, _ index: inout Int) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }
}

// MARK: - Walking checked bytes

extension JSONScan {
    private static func skipString(_ bytes: Span<UInt8>, _ index: inout Int) {
        index += 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index += 1
    }

    private static func skipValue(_ bytes: Span<UInt8>, _ index: inout Int) {
        switch bytes[index] {
        case UInt8(ascii: "\""):
            skipString(bytes, &index)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var depth = 0
            repeat {
                switch bytes[index] {
                case UInt8(ascii: "\""):
                    skipString(bytes, &index)
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
                index += 1
            } while depth > 0
        default:
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x09, 0x0A, 0x0D: return
                default: index += 1
                }
            }
        }
    }
}

// MARK: - Checking

extension JSONScan {
    private static func value(_ bytes: Span<UInt8>, _ index: inout Int, depth: Int) throws(JSONError) {
        guard index < bytes.count else { throw JSONError(offset: index, reason: "a value is missing") }
        switch bytes[index] {
        case UInt8(ascii: "{"): try object(bytes, &index, depth: depth + 1)
        case UInt8(ascii: "["): try array(bytes, &index, depth: depth + 1)
        case UInt8(ascii: "\""): try string(bytes, &index)
        case UInt8(ascii: "t"): try literal("true", bytes, &index)
        case UInt8(ascii: "f"): try literal("false", bytes, &index)
        case UInt8(ascii: "n"): try literal("null", bytes, &index)
        default: try number(bytes, &index)
        }
    }

    private static func object(_ bytes: Span<UInt8>, _ index: inout Int, depth: Int) throws(JSONError) {
        guard depth <= depthMax else { throw JSONError(offset: index, reason: "nested deeper than \(depthMax)") }
        index += 1
        skipSpace(bytes, &index)
        if index < bytes.count, bytes[index] == UInt8(ascii: "}") { index += 1; return }
        while true {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw JSONError(offset: index, reason: "a member name in quotes is missing")
            }
            try string(bytes, &index)
            skipSpace(bytes, &index)
            guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else {
                throw JSONError(offset: index, reason: "':' is missing after a member name")
            }
            index += 1
            skipSpace(bytes, &index)
            try value(bytes, &index, depth: depth)
            if try separator(UInt8(ascii: "}"), bytes, &index) { return }
        }
    }

    private static func array(_ bytes: Span<UInt8>, _ index: inout Int, depth: Int) throws(JSONError) {
        guard depth <= depthMax else { throw JSONError(offset: index, reason: "nested deeper than \(depthMax)") }
        index += 1
        skipSpace(bytes, &index)
        if index < bytes.count, bytes[index] == UInt8(ascii: "]") { index += 1; return }
        while true {
            try value(bytes, &index, depth: depth)
            if try separator(UInt8(ascii: "]"), bytes, &index) { return }
        }
    }

    /// Steps over `,` (false) or the closing bracket (true).
    private static func separator(
        _ closing: UInt8, _ bytes: Span<UInt8>, _ index: inout Int
    ) throws(JSONError) -> Bool {
        skipSpace(bytes, &index)
        guard index < bytes.count else { throw JSONError(offset: index, reason: "the text ends inside a value") }
        let byte = bytes[index]
        guard byte == closing || byte == UInt8(ascii: ",") else {
            throw JSONError(offset: index, reason: "',' or '\(Character(UnicodeScalar(closing)))' is missing")
        }
        index += 1
        // What stands behind the closing bracket is no part of the value any more.
        if byte == closing { return true }
        skipSpace(bytes, &index)
        return false
    }

    private static func string(_ bytes: Span<UInt8>, _ index: inout Int) throws(JSONError) {
        let start = index
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { index += 1; return }
            if byte < 0x20 { throw JSONError(offset: index, reason: "a control character inside a string") }
            if byte == UInt8(ascii: "\\") { try escape(bytes, &index) } else { index += 1 }
        }
        throw JSONError(offset: start, reason: "a string without its closing quote")
    }

    private static func escape(_ bytes: Span<UInt8>, _ index: inout Int) throws(JSONError) {
        guard index + 1 < bytes.count else { throw JSONError(offset: index, reason: "the text ends inside a string") }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            for offset in 2..<6 {
                guard index + offset < bytes.count, hexValue(bytes[index + offset]) != nil else {
                    throw JSONError(offset: index, reason: "\\u without four hexadecimal digits")
                }
            }
            index += 6
        default:
            throw JSONError(offset: index, reason: "an unknown escape")
        }
    }

    private static func literal(
        _ word: StaticString, _ bytes: Span<UInt8>, _ index: inout Int
    ) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard index + length <= bytes.count else { throw JSONError(offset: index, reason: "an unknown word") }
        for offset in 0..<length where bytes[index + offset] != word.utf8Start[offset] {
            throw JSONError(offset: index, reason: "an unknown word")
        }
        index += length
    }

    private static func number(_ bytes: Span<UInt8>, _ index: inout Int) throws(JSONError) {
        let start = index
        func digits(_ index: inout Int) -> Int {
            let first = index
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
            return index - first
        }
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let leadingZero = index < bytes.count && bytes[index] == UInt8(ascii: "0")
        let whole = digits(&index)
        guard whole > 0 else { throw JSONError(offset: start, reason: "not a JSON value") }
        guard whole == 1 || !leadingZero else { throw JSONError(offset: start, reason: "a number with a leading zero") }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits(&index) > 0 else { throw JSONError(offset: start, reason: "a number without its fraction") }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count {
                let sign = bytes[index]
                if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            }
            guard digits(&index) > 0 else { throw JSONError(offset: start, reason: "a number without its exponent") }
        }
    }
}
