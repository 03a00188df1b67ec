package import CloudEvents

/// The `Retry-After` of an answer (RFC 9110 section 10.2.3).
package enum RetryAfter {
    /// Longer waits are as good as this one.
    private static let secondsMax: Int64 = 1 << 32
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// How long to wait from `now` on, for a number of seconds or a time; zero when that time has come, nil for a text
    /// that is neither.
    package static func wait(_ text: String, from now: Timestamp) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) {
            return .seconds(min(Int64(text) ?? secondsMax, secondsMax))
        }
        return time(text, now).map { max($0 - now, .zero) }
    }

    /// Reads a time in one of HTTP's three forms (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`,
    /// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
    private static func time(_ text: String, _ now: Timestamp) -> Timestamp? {
        let words = text.split { " ,-:".contains($0) }.map(String.init)
        switch words.count {
        case 8 where words[7] == "GMT":
            return time(year: words[3], month: words[2], day: words[1], clock: words[4...6], now)
        case 7: return time(year: words[6], month: words[1], day: words[2], clock: words[3...5], now)
        default: return nil
        }
    }

    private static func time(
        year: String, month: String, day: String, clock: ArraySlice<String>, _ now: Timestamp
    ) -> Timestamp? {
        guard let month = months.firstIndex(of: month), let year = fullYear(year, now) else { return nil }
        func two(_ text: String) -> String { text.utf8.count == 1 ? "0\(text)" : text }
        return Timestamp(
            rfc3339: "\(year)-\(two("\(month + 1)"))-\(two(day))T\(clock.joined(separator: ":"))Z")
    }

    /// A year of two digits is not more than 50 years ahead.
    private static func fullYear(_ text: String, _ now: Timestamp) -> String? {
        guard text.utf8.count == 2 else { return text }
        guard let short = Int(text), let current = Int(now.rfc3339.prefix(4)) else { return nil }
        let year = current / 100 * 100 + short
        return String(year > current + 50 ? year - 100 : year)
    }
}
