/// Durations as Go writes them (`time.ParseDuration`): `10m`, `1h30m`, `-1.5h`, `250ms`.
extension Duration {
    /// Nil for what Go would refuse too, and for what does not fit 290 years.
    public init?(go text: some StringProtocol) {
        var rest = Substring(text)
        var sign: Int64 = 1
        if rest.hasPrefix("-") || rest.hasPrefix("+") {
            sign = rest.first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        if rest == "0" { self = .zero; return }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { Self.isDigit($0) || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !Self.isDigit($0) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let scale = Self.nanoseconds[String(unit)], let value = Self.nanoseconds(number, scale) else {
                return nil
            }
            let (sum, overflow) = total.addingReportingOverflow(value)
            guard !overflow else { return nil }
            total = sum
        }
        self = .nanoseconds(sign * total)
    }

    /// The shortest Go spelling: `1h30m0s`, `250ms`, `0s`.
    public var go: String {
        let parts = components
        let total = parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
        guard total != 0 else { return "0s" }
        let sign = total < 0 ? "-" : ""
        let magnitude = total.magnitude
        func fraction(_ value: UInt64, _ unit: UInt64, _ name: String) -> String {
            let whole = value / unit
            var rest = String(value % unit + unit).dropFirst()
            while rest.last == "0" { rest = rest.dropLast() }
            return rest.isEmpty ? "\(whole)\(name)" : "\(whole).\(rest)\(name)"
        }
        if magnitude < 1000 { return "\(sign)\(magnitude)ns" }
        if magnitude < 1_000_000 { return sign + fraction(magnitude, 1000, "µs") }
        if magnitude < 1_000_000_000 { return sign + fraction(magnitude, 1_000_000, "ms") }
        let minutes = magnitude / 60_000_000_000
        let seconds = fraction(magnitude % 60_000_000_000, 1_000_000_000, "s")
        if minutes == 0 { return sign + seconds }
        if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
        return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// (A digit with an accent is one Character and lies between "0" and "9", too.)
    private static func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

    private static let nanoseconds: [String: Int64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    private static func nanoseconds(_ number: Substring, _ scale: Int64) -> Int64? {
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.contains(where: { !$0.isEmpty }), !parts.contains(where: { $0.contains(".") })
        else { return nil }
        guard let whole = parts[0].isEmpty ? 0 : Int64(parts[0]) else { return nil }
        let (value, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        // As Go computes it: the digits (those beyond 18 are below a nanosecond in every unit) times their share of
        // the unit, cut. Multiplying 0.29 instead would lose a nanosecond of 0.29s.
        let digits = parts.count == 2 ? parts[1].prefix(18) : ""
        let divisor = digits.reduce(1.0) { power, _ in power * 10 }
        let fraction = Double(Int64(digits) ?? 0) * (Double(scale) / divisor)
        let (sum, tooMuch) = value.addingReportingOverflow(Int64(fraction))
        return tooMuch ? nil : sum
    }
}
