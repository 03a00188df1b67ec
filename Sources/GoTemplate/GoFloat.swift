import Glibc

/// A float as Go's package `strconv` writes it.
enum GoFloat {
    /// The fewest digits that are read back as the same number; with an exponent below 1e-4 and from 1e6 on.
    static func shortest(_ value: Double) -> String {
        let (digits, point) = decimal(value.magnitude)
        let sign = value.sign == .minus ? "-" : ""
        let exponent = point - 1
        guard exponent < -4 || exponent >= 6 else {
            if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
            let padded = digits + String(repeating: "0", count: max(0, point - digits.count))
            let fraction = padded.dropFirst(point)
            return sign + padded.prefix(point) + (fraction.isEmpty ? "" : "." + fraction)
        }
        let fraction = digits.dropFirst()
        let mantissa = digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
        let power = String(exponent.magnitude)
        return sign + mantissa + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
    }

    /// The digits without zeros around them, and how many of them stand before the decimal point.
    private static func decimal(_ magnitude: Double) -> (digits: String, point: Int) {
        guard magnitude > 0 else { return ("0", 1) }
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let all = mantissa.joined()
        let significant = all.drop { $0 == "0" }
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let point = exponent + mantissa[0].count - (all.count - significant.count)
        let zeros = significant.reversed().prefix { $0 == "0" }.count
        return (String(significant.dropLast(zeros)), point)
    }

    /// With so many digits, exactly rounded, as `e`, `f` or `g` ask for it.
    static func fixed(_ value: Double, verb: Character, precision: Int) -> String {
        // 309 digits may stand before the point; sign, point and exponent have the rest.
        var buffer = [CChar](repeating: 0, count: precision + 330)
        let count = withVaList([CInt(precision), value]) { vsnprintf(&buffer, buffer.count, "%.*\(verb)", $0) }
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
