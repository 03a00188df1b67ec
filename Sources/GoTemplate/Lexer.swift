/// A word of a template.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        case text(String)
        case open, close
        case identifier(String)
        case keyword(Keyword)
        /// `$name`, or `$` alone.
        case variable(String)
        /// Without its point.
        case field(String)
        case dot
        case bool(Bool)
        case null
        case number, character
        case string(String)
        case assign, declare, pipe, leftParenthesis, rightParenthesis
        /// A printable character that means nothing but in its place: a comma.
        case other(String)
        case end
    }

    enum Keyword: String, Sendable {
        case block, `break`, `continue`, define, `else`, end, `if`, range, template, with
    }

    let kind: Kind
    let range: Range<Int>
    /// White space stands in front of it.
    var isApart = false
}

/// Cuts a template into words.
struct Lexer {
    let source: Source
    private let open: [UInt8]
    private let close: [UInt8]
    private var position = 0
    private var isInside = false
    private var parentheses: [Int] = []
    /// Where the action begins that is being read.
    private var actionStart = 0

    init(_ source: Source, delimiters: Template.Delimiters) {
        self.source = source
        open = Array(delimiters.open.utf8)
        close = Array(delimiters.close.utf8)
    }

    private var bytes: [UInt8] { source.bytes }

    mutating func next() throws(TemplateMistake) -> Token {
        if isInside { return try insideAction() }
        while position < bytes.count {
            let start = position
            let opening = firstRange(of: open, from: start)
            guard let opening else {
                position = bytes.count
                return Token(kind: .text(source[start..<position]), range: start..<position)
            }
            let isTrimming = isTrimMarker(opening + open.count)
            let text = start..<(isTrimming ? trimmedEnd(start..<opening) : opening)
            position = opening
            if !text.isEmpty { return Token(kind: .text(source[text]), range: text) }
            position = opening + open.count + (isTrimming ? 2 : 0)
            if starts(with: "/*") {
                try skipComment(opening)
            } else {
                isInside = true
                actionStart = opening
                return Token(kind: .open, range: opening..<position)
            }
        }
        return Token(kind: .end, range: position..<position)
    }

    /// `- ` behind the opening delimiter.
    private func isTrimMarker(_ index: Int) -> Bool {
        index + 1 < bytes.count && bytes[index] == UInt8(ascii: "-") && bytes[index + 1].isTemplateSpace
    }

    private func trimmedEnd(_ range: Range<Int>) -> Int {
        (bytes[range].lastIndex { !$0.isTemplateSpace }).map { $0 + 1 } ?? range.lowerBound
    }

    private mutating func skipComment(_ start: Int) throws(TemplateMistake) {
        guard let end = firstRange(of: Array("*/".utf8), from: position + 2) else {
            throw source.mistake(start, "the comment is never closed with '*/'")
        }
        position = end + 2
        if position < bytes.count, bytes[position].isTemplateSpace, starts(with: "-", at: position + 1) {
            position += 1
        }
        guard skipClose() else {
            throw source.mistake(
                start, "'*/' has to be followed by '\(source.text(close))' or ' -\(source.text(close))'")
        }
    }

    /// Goes over the closing delimiter, and over white space behind it if it begins with a minus.
    private mutating func skipClose() -> Bool {
        let isTrimming =
            position > 0 && bytes[position - 1].isTemplateSpace && starts(with: "-")
            && starts(with: close, at: position + 1)
        guard isTrimming || starts(with: close, at: position) else { return false }
        position += close.count + (isTrimming ? 1 : 0)
        while isTrimming, position < bytes.count, bytes[position].isTemplateSpace { position += 1 }
        return true
    }
}

// MARK: - Inside an action

extension Lexer {
    private mutating func insideAction() throws(TemplateMistake) -> Token {
        let before = position
        while position < bytes.count, bytes[position].isTemplateSpace { position += 1 }
        let start = position
        guard start < bytes.count else {
            throw source.mistake(
                actionStart, "'\(source.text(open))' is never closed with '\(source.text(close))'")
        }
        let kind: Token.Kind
        if skipClose() {
            if let parenthesis = parentheses.last {
                throw source.mistake(parenthesis, "'(' is never closed with ')'")
            }
            isInside = false
            kind = .close
        } else {
            kind = try word()
        }
        return Token(kind: kind, range: start..<position, isApart: start > before)
    }

    private mutating func word() throws(TemplateMistake) -> Token.Kind {
        let start = position
        let byte = bytes[start]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "`"): return .string(try string(quote: byte))
        case UInt8(ascii: "'"):
            try skipQuoted(byte, "character")
            return .character
        case UInt8(ascii: "$"): return .variable(try name(from: start))
        case UInt8(ascii: ".") where !(start + 1 < bytes.count && bytes[start + 1].isDigit):
            let field = try name(from: start).dropFirst()
            return field.isEmpty ? .dot : .field(String(field))
        case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            skipNumber()
            return .number
        default:
            if isNameByte(byte) { return keyword(try name(from: start)) }
            position += 1
            return try sign(byte)
        }
    }

    private mutating func sign(_ byte: UInt8) throws(TemplateMistake) -> Token.Kind {
        let start = position - 1
        switch byte {
        case UInt8(ascii: "="): return .assign
        case UInt8(ascii: "|"): return .pipe
        case UInt8(ascii: ":"):
            guard starts(with: "=") else { throw source.mistake(start, "':' has to be followed by '='") }
            position += 1
            return .declare
        case UInt8(ascii: "("):
            parentheses.append(start)
            return .leftParenthesis
        case UInt8(ascii: ")"):
            guard parentheses.popLast() != nil else { throw source.mistake(start, "')' closes no '('") }
            return .rightParenthesis
        case 0x21...0x7E: return .other(source[start..<position])
        default: throw source.mistake(start, "an action cannot have the character U+\(hex(UInt32(byte), digits: 4))")
        }
    }

    private func keyword(_ name: String) -> Token.Kind {
        if let keyword = Token.Keyword(rawValue: name) { return .keyword(keyword) }
        return switch name {
        case "true": .bool(true)
        case "false": .bool(false)
        case "nil": .null
        default: .identifier(name)
        }
    }

    /// A name with the `.` or `$` that it may begin with.
    private mutating func name(from start: Int) throws(TemplateMistake) -> String {
        position = isNameByte(bytes[start]) ? start : start + 1
        while position < bytes.count, isNameByte(bytes[position]) { position += 1 }
        let text = source[start..<position]
        for scalar in text.unicodeScalars.dropFirst(isNameByte(bytes[start]) ? 0 : 1) where !scalar.isNamePart {
            throw source.mistake(start, "'\(text)' is no name: names have letters, digits and '_', no '\(scalar)'")
        }
        guard position == bytes.count || isTerminator else {
            let next = source[position..<(position + 1)]
            throw source.mistake(
                position, "'\(text)' cannot be followed by '\(next)'; for such a key write: index . \"name\"")
        }
        return text
    }

    private var isTerminator: Bool {
        bytes[position].isTemplateSpace || ".,|:()".utf8.contains(bytes[position]) || starts(with: close, at: position)
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || byte.isDigit || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }

    /// Everything that may belong to a number; `Literals` says whether it is one.
    private mutating func skipNumber() {
        let digits = position + (bytes[position].isDigit ? 0 : 1)
        position += 1
        let isHexadecimal = starts(with: "0x", at: digits) || starts(with: "0X", at: digits)
        let exponent = UInt8(ascii: isHexadecimal ? "p" : "e")
        while position < bytes.count {
            let byte = bytes[position]
            let isSign = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
            let belongs =
                isSign ? bytes[position - 1] | 0x20 == exponent : isNameByte(byte) || byte == UInt8(ascii: ".")
            guard belongs else { break }
            position += 1
        }
    }
}

// MARK: - Quoted text

extension Lexer {
    private mutating func string(quote: UInt8) throws(TemplateMistake) -> String {
        let start = position
        try skipQuoted(quote, "string")
        let inner = (start + 1)..<(position - 1)
        if quote == UInt8(ascii: "`") { return source[inner].replacing("\r", with: "") }
        do throws(Literals.Mistake) {
            return String(decoding: try Literals.unescaped(bytes[inner], quote: quote).bytes, as: UTF8.self)
        } catch {
            throw source.mistake(start, error.message)
        }
    }

    private mutating func skipQuoted(_ quote: UInt8, _ what: String) throws(TemplateMistake) {
        let start = position
        let isRaw = quote == UInt8(ascii: "`")
        position += 1
        while position < bytes.count, bytes[position] != quote, isRaw || bytes[position] != UInt8(ascii: "\n") {
            position += !isRaw && bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count, bytes[position] == quote else {
            let sign = String(decoding: [quote], as: UTF8.self)
            throw source.mistake(start, "the \(what) that begins here is not closed with \(sign) on its line")
        }
        position += 1
    }
}

// MARK: - Looking ahead

extension Lexer {
    private func starts(with text: String, at index: Int? = nil) -> Bool {
        starts(with: Array(text.utf8), at: index ?? position)
    }

    private func starts(with text: [UInt8], at index: Int) -> Bool {
        index <= bytes.count && bytes[index...].starts(with: text)
    }

    private func firstRange(of text: [UInt8], from start: Int) -> Int? {
        guard let first = text.first else { return nil }
        var index = start
        while let found = bytes[index...].firstIndex(of: first) {
            if starts(with: text, at: found) { return found }
            index = found + 1
        }
        return nil
    }
}

extension Source {
    fileprivate func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
}

extension Unicode.Scalar {
    /// What Go allows in names.
    fileprivate var isNamePart: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: true
        default: self == "_"
        }
    }
}

/// In capital letters, with zeros in front.
func hex(_ value: some BinaryInteger, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
