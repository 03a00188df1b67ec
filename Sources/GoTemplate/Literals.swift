internal import KeptnModel

/// The literals of Go's language.
enum Literals {
    struct Mistake: Error {
        let message: String
    }

    /// A whole number (decimal, `0x`, `0o`, `0b`, or octal after a zero), a float (decimal or hexadecimal), each with
    /// `_` between digits.
    static func number(_ text: String) throws(Mistake) -> Value {
        let isNegative = text.hasPrefix("-")
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        guard text.utf8.count - unsigned.utf8.count <= 1, unsigned.utf8.contains(where: \.isDigit),
            let digits = withoutUnderscores(unsigned.lowercased())
        else { throw Mistake(message: "'\(text)' is no number") }
        if digits.contains(".") || digits.contains(digits.hasPrefix("0x") ? "p" : "e") {
            guard let value = Double(go: text) else {
                throw Mistake(message: "'\(text)' is no number, or one too large for 64 bits")
            }
            return .number(value)
        }
        let (radix, body) = radix(of: digits)
        guard !body.hasPrefix("+"), !body.hasPrefix("-"), let value = Int((isNegative ? "-" : "") + body, radix: radix)
        else { throw Mistake(message: "'\(text)' is no whole number of 64 bits") }
        return .integer(value)
    }

    private static func radix(of digits: String) -> (Int, Substring) {
        switch digits.prefix(2) {
        case "0x": (16, digits.dropFirst(2))
        case "0o": (8, digits.dropFirst(2))
        case "0b": (2, digits.dropFirst(2))
        default: digits.hasPrefix("0") && digits.count > 1 ? (8, digits.dropFirst()) : (10, digits[...])
        }
    }

    /// Nil where one does not stand between two digits (or the prefix and a digit).
    private static func withoutUnderscores(_ text: String) -> String? {
        guard text.contains("_") else { return text }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let hexadecimal = text.hasPrefix("0x")
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { $0.isDigit || hexadecimal && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) } ?? false
        }
        for (index, part) in parts.enumerated() {
            let isPrefix = index == 0 && ["0x", "0o", "0b"].contains(part)
            guard index == parts.count - 1 || isPrefix || isDigit(part.utf8.last),
                index == 0 || isDigit(part.utf8.first)
            else { return nil }
        }
        return parts.joined()
    }

    /// The code of a character literal, with its quotes.
    static func character(_ quoted: ArraySlice<UInt8>) throws(Mistake) -> Int {
        let inner = quoted.dropFirst().dropLast()
        let text = String(decoding: inner, as: UTF8.self)
        if inner.first != UInt8(ascii: "\\") {
            guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
                throw Mistake(message: "'\(text)' is not one character; text stands in \"\"")
            }
            return Int(scalar.value)
        }
        let result = try unescaped(inner, quote: UInt8(ascii: "'"))
        guard result.characters == 1 else { throw Mistake(message: "'\(text)' is not one character") }
        return Int(result.last)
    }

    /// The bytes of quoted text, how many characters that were, and the code of the last one that was escaped.
    static func unescaped(
        _ text: ArraySlice<UInt8>, quote: UInt8
    ) throws(Mistake) -> (bytes: [UInt8], characters: Int, last: UInt32) {
        var out: [UInt8] = []
        var (characters, last): (Int, UInt32) = (0, 0)
        var rest = text
        while let byte = rest.popFirst() {
            if byte & 0xC0 != 0x80 { characters += 1 }
            guard byte == UInt8(ascii: "\\") else {
                out.append(byte)
                continue
            }
            let letter = rest.popFirst() ?? 0
            if let simple = simpleEscapes[letter] ?? (letter == quote ? quote : nil) {
                last = UInt32(simple)
                out.append(simple)
            } else if let form = codeEscapes[letter] {
                // An octal code has no letter in front.
                let start = rest.startIndex - (form.radix == 8 ? 1 : 0)
                let digits = String(decoding: text[start...].prefix(form.digits), as: UTF8.self)
                guard digits.utf8.count == form.digits, !digits.hasPrefix("+"), !digits.hasPrefix("-"),
                    let code = UInt32(digits, radix: form.radix), form.isByte ? code < 256 : true,
                    let scalar = Unicode.Scalar(code)
                else { throw badEscape(letter) }
                rest = text[(start + form.digits)...]
                last = code
                out += form.isByte ? [UInt8(truncatingIfNeeded: code)] : Array(String(Character(scalar)).utf8)
            } else {
                throw badEscape(letter)
            }
        }
        return (out, characters, last)
    }

    private static func badEscape(_ letter: UInt8) -> Mistake {
        Mistake(
            message: "'\\\(String(decoding: [letter], as: UTF8.self))' is no escape: there are \\n \\t \\r \\a \\b \\f "
                + "\\v \\\\ \\\" \\xFF \\377 \\u00FF \\U000000FF")
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0B,
        UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    ]

    private static let codeEscapes: [UInt8: (digits: Int, radix: Int, isByte: Bool)] = {
        var forms: [UInt8: (digits: Int, radix: Int, isByte: Bool)] = [
            UInt8(ascii: "x"): (2, 16, true), UInt8(ascii: "u"): (4, 16, false), UInt8(ascii: "U"): (8, 16, false),
        ]
        for digit in UInt8(ascii: "0")...UInt8(ascii: "7") { forms[digit] = (3, 8, true) }
        return forms
    }()
}
