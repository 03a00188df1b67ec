internal import KeptnModel

/// Text as Go's package `fmt` prints it.
struct GoFormat {
    /// The sign, the width and so on between `%` and a verb.
    struct Flags {
        var (plus, minus, sharp, space, zero) = (false, false, false, false, false)
        /// `%#v`: as the value would stand in Go's source.
        var isSource = false
        var width: Int?
        var precision: Int?
    }

    private(set) var text = ""
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Throws when the text gets too long.
    mutating func write(_ addition: String) throws(Function.Mistake) {
        guard addition.utf8.count <= bytesMax - text.utf8.count else { throw tooLong }
        text += addition
    }

    private var tooLong: Function.Mistake { Function.Mistake(Evaluator.tooMuchText) }

    /// With a space between two values of which neither is text.
    mutating func write(values: [Value]) throws(Function.Mistake) {
        var wasText = true
        for value in values {
            let isText = if case .string = value { true } else { false }
            if !isText, !wasText { try write(" ") }
            wasText = isText
            try write(value, "v", Flags())
        }
    }

    /// With a space between all values and a line feed behind the last.
    mutating func write(line values: [Value]) throws(Function.Mistake) {
        for (index, value) in values.enumerated() {
            if index > 0 { try write(" ") }
            try write(value, "v", Flags())
        }
        try write("\n")
    }

    mutating func write(pattern: String, _ arguments: ArraySlice<Value>) throws(Function.Mistake) {
        var reader = Directives(pattern, arguments)
        while let part = reader.next() {
            switch part {
            case .text(let text): try write(text)
            case .value(let value, let verb, let flags): try write(value, verb, flags)
            }
        }
        guard !reader.unused.isEmpty else { return }
        try write("%!(EXTRA ")
        for (index, value) in reader.unused.enumerated() {
            if index > 0 { try write(", ") }
            if case .missing = value {} else { try write(value.typeName + "=") }
            try write(value, "v", Flags())
        }
        try write(")")
    }
}

// MARK: - Values

extension GoFormat {
    private mutating func write(_ value: Value, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        if verb == "T" { return try pad(truncated(value.typeName, flags), flags) }
        if verb == "p" { throw Function.Mistake("printf's %p prints addresses, which JSON does not have") }
        if case .missing = value, verb == "v" { return try pad("<nil>", flags) }
        try writeInner(value, verb, flags)
    }

    private mutating func writeInner(_ value: Value, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        switch value {
        case .missing: try write("%!\(verb)(<nil>)")
        case .null: try write(flags.isSource ? "interface {}(nil)" : "<nil>")
        case .bool(let value):
            guard "tv".contains(verb) else { return try writeWrong(.bool(value), verb, flags) }
            try pad(value ? "true" : "false", flags)
        case .integer(let number): try write(integer: number, verb, flags)
        case .number(let number): try write(float: number, verb, flags)
        case .string(let text): try write(string: text, verb, flags)
        case .list(let elements):
            try write(flags.isSource ? "[]interface {}{" : "[")
            for (index, element) in elements.enumerated() {
                if index > 0 { try write(flags.isSource ? ", " : " ") }
                try writeInner(element, verb, flags)
            }
            try write(flags.isSource ? "}" : "]")
        case .object(let members):
            try write(flags.isSource ? "map[string]interface {}{" : "map[")
            for (index, (key, value)) in members.entries.enumerated() {
                if index > 0 { try write(flags.isSource ? ", " : " ") }
                try write(string: key, verb, flags)
                try write(":")
                try writeInner(value, verb, flags)
            }
            try write(flags.isSource ? "}" : "]")
        }
    }

    /// A verb that does not fit the value.
    private mutating func writeWrong(_ value: Value, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        try write("%!\(verb)(\(value.typeName)=")
        try writeInner(value, "v", flags)
        try write(")")
    }

    private mutating func pad(_ text: String, _ flags: Flags) throws(Function.Mistake) {
        let missing = (flags.width ?? 0) - text.unicodeScalars.count
        guard missing > 0 else { return try write(text) }
        guard missing <= bytesMax else { throw tooLong }
        let padding = String(repeating: flags.zero && !flags.minus ? "0" : " ", count: missing)
        try write(flags.minus ? text + padding : padding + text)
    }

    private func truncated(_ text: String, _ flags: Flags) -> String {
        guard let precision = flags.precision else { return text }
        return String(text.unicodeScalars.prefix(precision))
    }
}

// MARK: - Text

extension GoFormat {
    private mutating func write(string text: String, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        switch verb {
        case "v" where flags.isSource, "q": try pad(quoted(truncated(text, flags), flags), flags)
        case "v", "s": try pad(truncated(text, flags), flags)
        case "x", "X":
            let bytes = text.utf8.prefix(flags.precision ?? text.utf8.count)
            let prefix = flags.sharp && !bytes.isEmpty ? "0\(verb)" : ""
            let separator = flags.space ? " " + prefix : ""
            let digits = bytes.map { hex($0, digits: 2) }.joined(separator: separator)
            try pad(prefix + (verb == "x" ? digits.lowercased() : digits), flags)
        default: try writeWrong(.string(text), verb, flags)
        }
    }

    private func quoted(_ text: String, _ flags: Flags) -> String {
        let fitsBackquotes = !text.unicodeScalars.contains { scalar in
            scalar == "`" || scalar == "\u{FEFF}" || scalar == "\u{7F}" || scalar < " " && scalar != "\t"
        }
        if flags.sharp, fitsBackquotes { return "`\(text)`" }
        return "\"" + text.unicodeScalars.map { escaped($0, quote: "\"", flags) }.joined() + "\""
    }

    private func escaped(_ scalar: Unicode.Scalar, quote: Unicode.Scalar, _ flags: Flags) -> String {
        switch scalar {
        case quote, "\\": "\\\(scalar)"
        case "\u{07}": "\\a"
        case "\u{08}": "\\b"
        case "\u{0C}": "\\f"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\u{0B}": "\\v"
        case _ where scalar.isPrintable && (scalar.isASCII || !flags.plus): String(scalar)
        case _ where scalar.isASCII: "\\x" + hex(scalar.value, digits: 2).lowercased()
        case _ where scalar.value < 0x1_0000: "\\u" + hex(scalar.value, digits: 4).lowercased()
        default: "\\U" + hex(scalar.value, digits: 8).lowercased()
        }
    }
}

// MARK: - Numbers

extension GoFormat {
    private mutating func write(integer: Int, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        switch verb {
        case "v", "d": try write(integer: integer, radix: 10, prefix: "", flags)
        case "b": try write(integer: integer, radix: 2, prefix: flags.sharp ? "0b" : "", flags)
        case "o": try write(integer: integer, radix: 8, prefix: flags.sharp ? "0" : "", flags)
        case "O": try write(integer: integer, radix: 8, prefix: "0o", flags)
        case "x": try write(integer: integer, radix: 16, prefix: flags.sharp ? "0x" : "", flags)
        case "X": try write(integer: integer, radix: 16, prefix: flags.sharp ? "0X" : "", flags, isUppercase: true)
        case "c": try pad(String(scalar(integer)), flags)
        case "q": try pad("'" + escaped(scalar(integer), quote: "'", flags) + "'", flags)
        case "U":
            let scalar = scalar(integer)
            let code = hex(UInt(bitPattern: integer), digits: max(4, flags.precision ?? 4))
            var flags = flags
            flags.zero = false
            try pad("U+" + code + (flags.sharp && scalar.isPrintable ? " '\(scalar)'" : ""), flags)
        default: try writeWrong(.integer(integer), verb, flags)
        }
    }

    private func scalar(_ code: Int) -> Unicode.Scalar {
        UInt32(exactly: code).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}"
    }

    private mutating func write(
        integer: Int, radix: Int, prefix: String, _ flags: Flags, isUppercase: Bool = false
    ) throws(Function.Mistake) {
        var flags = flags
        let sign = integer < 0 ? "-" : flags.plus ? "+" : flags.space ? " " : ""
        var digits = String(integer.magnitude, radix: radix, uppercase: isUppercase)
        var count = flags.precision ?? 0
        if flags.precision == nil, flags.zero, !flags.minus, let width = flags.width { count = width - sign.count }
        guard count <= bytesMax else { throw tooLong }
        if integer == 0, flags.precision == 0 {
            flags.zero = false
            return try pad("", flags)
        }
        digits = String(repeating: "0", count: max(0, count - digits.count)) + digits
        let isMarked = prefix == "0" && digits.hasPrefix("0")
        flags.zero = false
        try pad(sign + (isMarked ? "" : prefix) + digits, flags)
    }

    private mutating func write(float: Double, _ verb: Character, _ flags: Flags) throws(Function.Mistake) {
        var text: String
        switch verb {
        case "b", "x", "X": throw Function.Mistake("printf's %\(verb) is only for whole numbers and text here")
        case _ where "eEfFgGv".contains(verb) && flags.sharp:
            throw Function.Mistake("printf's flag '#' is not for floats here")
        case "v", "g", "G":
            let precision = flags.precision
            guard precision ?? 0 <= bytesMax else { throw tooLong }
            text = precision.map { float.go(verb: "g", precision: $0) } ?? float.go
        case "e", "E", "f", "F":
            guard flags.precision ?? 0 <= bytesMax else { throw tooLong }
            text = float.go(verb: "eE".contains(verb) ? "e" : "f", precision: flags.precision ?? 6)
        default: return try writeWrong(.number(float), verb, flags)
        }
        if verb == "E" || verb == "G" { text = text.uppercased() }
        if !text.hasPrefix("-") { text = (flags.plus ? "+" : flags.space ? " " : "") + text }
        if flags.zero, !flags.minus, let width = flags.width, let sign = text.first, "+- ".contains(sign) {
            // The sign comes before the zeros.
            try write(String(sign))
            var rest = flags
            rest.width = width - 1
            return try pad(String(text.dropFirst()), rest)
        }
        try pad(text, flags)
    }
}
