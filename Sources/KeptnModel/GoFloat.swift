import Glibc

/// Numbers as Go reads (`strconv.ParseFloat`) and prints (`%v`) them: what stands in SLO files and in messages.
extension Double {
    /// Nil for what Go would refuse: also for decimal numbers that are too large, though `Inf` itself is fine.
    ///
    /// The grammar is that of Go's floating-point literals, with an optional sign: `1e3`, `.5`, `5.`, `1_000`,
    /// `0x1p-2`, `inf`, `Infinity`, `nan`.
    package init?(go text: String) {
        switch text.lowercased() {
        case "inf", "+inf", "infinity", "+infinity": self = .infinity
        case "-inf", "-infinity": self = -.infinity
        case "nan": self = .nan
        default:
            guard GoNumberGrammar.accepts(text), let value = Double(text.filter { $0 != "_" }), value.isFinite else {
                return nil
            }
            self = value
        }
    }

    /// The shortest digits that read back as the same number; with an exponent below 1e-04 and from 1e+06 on.
    package var go: String {
        guard isFinite else { return isNaN ? "NaN" : self < 0 ? "-Inf" : "+Inf" }
        let decimal = Decimal(self)
        return (-4..<6).contains(decimal.exponent) ? decimal.plain : decimal.scientific
    }

    /// The same number with at most so many digits, without an exponent unless it is very small or very large: for
    /// sentences that people read.
    package func readable(significantDigits: Int) -> String {
        guard isFinite else { return go }
        let decimal = Decimal(self).rounded(to: significantDigits)
        return (-4..<15).contains(decimal.exponent) ? decimal.plain : decimal.scientific
    }

    /// With so many digits, exactly rounded, as the verbs `e`, `f` and `g` of `printf` ask for it.
    package func go(verb: Character, precision: Int) -> String {
        // 309 digits may stand before the point; sign, point and exponent have the rest.
        var buffer = [CChar](repeating: 0, count: precision + 330)
        let count = withVaList([CInt(precision), self]) { vsnprintf(&buffer, buffer.count, "%.*\(verb)", $0) }
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A number as decimal digits: 0.d₁d₂d₃… × 10^(exponent + 1), no zeros at the end.
private struct Decimal {
    var isNegative: Bool
    var digits: [UInt8]
    /// The power of ten of the first digit.
    var exponent: Int

    /// Takes a finite number. Swift's own description is the shortest that reads back, so its digits are Go's.
    init(_ value: Double) {
        isNegative = value.sign == .minus
        digits = []
        exponent = 0
        let parts = value.magnitude.description.split(separator: "e")
        var pointSeen = false
        for character in parts[0].utf8 {
            if character == UInt8(ascii: ".") {
                pointSeen = true
            } else if character == UInt8(ascii: "0"), digits.isEmpty {
                exponent -= pointSeen ? 1 : 0
            } else {
                exponent += pointSeen ? 0 : 1
                digits.append(character - UInt8(ascii: "0"))
            }
        }
        exponent += (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - 1
        trim()
    }

    private mutating func trim() {
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { (digits, exponent) = ([0], 0) }
    }

    func rounded(to count: Int) -> Decimal {
        guard digits.count > count else { return self }
        var result = self
        result.digits.removeLast(digits.count - count)
        if digits[count] >= 5 {
            var index = count - 1
            while index >= 0, result.digits[index] == 9 {
                result.digits[index] = 0
                index -= 1
            }
            if index >= 0 {
                result.digits[index] += 1
            } else {
                result.digits.insert(1, at: 0)
                result.exponent += 1
            }
        }
        result.trim()
        return result
    }

    var plain: String {
        let text = digits.map { String($0) }
        let sign = isNegative ? "-" : ""
        guard exponent >= 0 else {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + text.joined()
        }
        let zeros = String(repeating: "0", count: max(exponent + 1 - text.count, 0))
        let whole = text.prefix(exponent + 1).joined() + zeros
        let fraction = text.dropFirst(exponent + 1).joined()
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
    }

    var scientific: String {
        let fraction = digits.dropFirst().map { String($0) }.joined()
        let power = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
        return (isNegative ? "-" : "") + "\(digits[0])" + (fraction.isEmpty ? "" : "." + fraction)
            + "e" + (exponent < 0 ? "-" : "+") + power
    }
}

/// Go's floating-point literals, decimal and hexadecimal; underscores only between digits.
private struct GoNumberGrammar {
    private var rest: ArraySlice<UInt8>
    private let isHexadecimal: Bool

    static func accepts(_ text: String) -> Bool {
        var grammar = GoNumberGrammar(text)
        return grammar.acceptsAll()
    }

    private init(_ text: String) {
        rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        isHexadecimal = rest.starts(with: "0x".utf8) || rest.starts(with: "0X".utf8)
    }

    private mutating func acceptsAll() -> Bool {
        guard underscoresSeparateDigits else { return false }
        rest.removeAll { $0 == UInt8(ascii: "_") }
        if isHexadecimal { rest = rest.dropFirst(2) }
        var digits = takeDigits()
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            digits += takeDigits()
        }
        guard digits > 0 else { return false }
        // A hexadecimal number must have its exponent, which counts in powers of two.
        let marks = isHexadecimal ? "pP" : "eE"
        guard let mark = rest.first, marks.utf8.contains(mark) else { return rest.isEmpty && !isHexadecimal }
        rest.removeFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        return !rest.isEmpty && rest.allSatisfy { (0x30...0x39).contains($0) }
    }

    private mutating func takeDigits() -> Int {
        let digits = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(digits)
        return digits
    }

    /// The prefix counts as a digit here: `0x_1p4` is fine.
    private var underscoresSeparateDigits: Bool {
        rest.indices.allSatisfy { index in
            guard rest[index] == UInt8(ascii: "_") else { return true }
            guard index > rest.startIndex, index + 1 < rest.endIndex else { return false }
            let followsPrefix = isHexadecimal && index == rest.startIndex + 2
            return (followsPrefix || isDigit(rest[index - 1])) && isDigit(rest[index + 1])
        }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39: true
        case 0x41...0x46, 0x61...0x66: isHexadecimal
        default: false
        }
    }
}
