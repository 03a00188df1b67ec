/// An instant on the wall clock: nanoseconds since 1970-01-01T00:00:00Z (good until the year 2262).
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(milliseconds: Int64) { nanoseconds = Int64(clamping: Int128(milliseconds) * 1_000_000) }
    public init(seconds: Int64) { nanoseconds = Int64(clamping: Int128(seconds) * 1_000_000_000) }

    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// The same instant as far as `rfc3339` tells it.
    public var wholeMilliseconds: Timestamp {
        let (_, rest) = nanoseconds.quotientAndFloor(1_000_000)
        return Timestamp(nanoseconds: max(nanoseconds, .min + rest) - rest)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Stops at the first and the last instant that can be told: users write durations of any length.
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: Int64(clamping: Int128(left.nanoseconds) + right.attoseconds / 1_000_000_000))
    }

    public static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(nanoseconds: Int64(clamping: Int128(left.nanoseconds) - right.attoseconds / 1_000_000_000))
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds) - .nanoseconds(right.nanoseconds)
    }
}

// MARK: - RFC 3339

extension Timestamp {
    /// `2006-01-02T15:04:05.000Z`: UTC with milliseconds, the form that Keptn prints everywhere.
    public var rfc3339: String {
        let (days, within) = nanoseconds.quotientAndFloor(86_400_000_000_000)
        let (year, month, day) = Self.civil(fromDays: days)
        let milliseconds = within / 1_000_000
        var out: [UInt8] = []
        out.reserveCapacity(24)
        func put(_ value: Int64, _ width: Int) {
            var divisor: Int64 = 1
            for _ in 1..<width { divisor *= 10 }
            while divisor > 0 {
                out.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
                divisor /= 10
            }
        }
        put(year, 4)
        out.append(UInt8(ascii: "-"))
        put(month, 2)
        out.append(UInt8(ascii: "-"))
        put(day, 2)
        out.append(UInt8(ascii: "T"))
        put(milliseconds / 3_600_000, 2)
        out.append(UInt8(ascii: ":"))
        put(milliseconds / 60_000 % 60, 2)
        out.append(UInt8(ascii: ":"))
        put(milliseconds / 1000 % 60, 2)
        out.append(UInt8(ascii: "."))
        put(milliseconds % 1000, 3)
        out.append(UInt8(ascii: "Z"))
        return String(decoding: out, as: UTF8.self)
    }

    /// The instants whose text can be read: those of the years that have all their days, 1678 to 2261.
    static let readable = Timestamp(seconds: -9_214_560_000)..<Timestamp(seconds: 9_214_646_400)

    /// Reads RFC 3339 with any fraction and offset, and the same without an offset, which is taken as UTC (Keptn's
    /// clients send both). Nil for anything else, and for years outside 1678...2261, there and in UTC.
    public init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        var index = 0
        func number(_ width: Int) -> Int64? {
            guard index + width <= bytes.count else { return nil }
            var value: Int64 = 0
            for _ in 0..<width {
                guard (0x30...0x39).contains(bytes[index]) else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
                index += 1
            }
            return value
        }
        func skip(_ allowed: String) -> Bool {
            guard index < bytes.count, allowed.utf8.contains(bytes[index]) else { return false }
            index += 1
            return true
        }
        guard let year = number(4), (1678...2261).contains(year), skip("-"), let month = number(2),
            (1...12).contains(month), skip("-"), let day = number(2), (1...Self.daysIn(month, year)).contains(day),
            skip("Tt "), let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60, skip(":"),
            let second = number(2), second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            var scale: Int64 = 100_000_000
            let first = index
            while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
                fraction += Int64(bytes[index] - 0x30) * scale
                scale /= 10
                index += 1
            }
            guard index > first else { return nil }
        }
        var offset: Int64 = 0
        if index < bytes.count, !skip("Zz") {
            let sign: Int64 = bytes[index] == UInt8(ascii: "-") ? -1 : 1
            guard skip("+-"), let hours = number(2), hours < 24, skip(":"), let minutes = number(2), minutes < 60 else {
                return nil
            }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard index == bytes.count else { return nil }
        let days = Self.days(fromCivil: year, month, day)
        nanoseconds = (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1_000_000_000 + fraction
        guard Self.readable.contains(self) else { return nil }
    }

    private static func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 to a date of the proleptic Gregorian calendar, by eras of 400 years that begin in March
    /// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndFloor(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(fromCivil year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.quotientAndFloor(400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { rfc3339 }
}

extension Int64 {
    /// Division that rounds down, with the remainder that belongs to it (never negative for a positive divisor).
    fileprivate func quotientAndFloor(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
