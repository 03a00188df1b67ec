import CloudEvents
import TestSupport
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "RFC 3339 in all its forms",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.001Z", 1_000_000),
            ("1970-01-01T00:00:00.000000001Z", 1),
            ("1970-01-01T00:00:00.0000000019Z", 1),
            ("1969-12-31T23:59:59.999Z", -1_000_000),
            ("2018-04-05T03:56:24Z", 1_522_900_584_000_000_000),
            ("2018-04-05t03:56:24z", 1_522_900_584_000_000_000),
            ("2018-04-05 03:56:24Z", 1_522_900_584_000_000_000),
            ("2018-04-05T03:56:24", 1_522_900_584_000_000_000),
            ("2018-04-05T05:56:24+02:00", 1_522_900_584_000_000_000),
            ("2018-04-04T22:26:24-05:30", 1_522_900_584_000_000_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
            ("1678-01-01T00:00:00Z", -9_214_560_000_000_000_000),
            ("2261-12-31T23:59:59.999999999Z", 9_214_646_399_999_999_999),
        ] as [(String, Int64)])
    func parses(text: String, nanoseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.nanoseconds == nanoseconds)
    }

    @Test(
        "What is no time is refused",
        arguments: [
            "", "2018", "2018-04-05", "2018-04-05T03:56", "2018-13-05T03:56:24Z", "2018-00-05T03:56:24Z",
            "2018-04-31T03:56:24Z", "2018-02-29T03:56:24Z", "1900-02-29T03:56:24Z", "2018-04-05T24:00:00Z",
            "2018-04-05T03:60:24Z", "2018-04-05T03:56:61Z", "2018-04-05T03:56:24.Z", "2018-04-05T03:56:24+2:00",
            "2018-04-05T03:56:24+0200", "2018-04-05T03:56:24+24:00", "2018-04-05T03:56:24ZZ", "2018-04-05T03:56:24 Z",
            "1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "+018-04-05T03:56:24Z", "２018-04-05T03:56:24Z",
            "2018-04-05T03:56:24.1e5Z", "1678-01-01T00:00:00+00:01", "2261-12-31T23:59:59-01:00",
            "2261-12-31T23:59:60Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test(
        "Printed as Keptn prints it: UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_999_999, "1970-01-01T00:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_825_600_000_000_000, "2000-02-29T12:00:00.000Z"),
            (Int64.max, "2262-04-11T23:47:16.854Z"),
            (Int64.min, "1677-09-21T00:12:43.145Z"),
        ] as [(Int64, String)])
    func prints(nanoseconds: Int64, text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
    }

    @Test("Printing and reading is the identity on milliseconds", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50 {
            // 1680 to 2260
            let time = Timestamp(milliseconds: .random(in: -9_151_488_000_000...9_151_488_000_000, using: &random))
            #expect(Timestamp(rfc3339: time.rfc3339) == time)
        }
    }

    @Test("Days run on without a gap through leap years and centuries")
    func consecutiveDays() {
        var time = Timestamp(rfc3339: "1696-01-01T00:00:00Z") ?? Timestamp(nanoseconds: 0)
        var (previousDay, months) = (31, 0)
        var wrong: [String] = []
        while time.rfc3339 < "2105" {
            let text = time.rfc3339
            let day = Int(text.dropFirst(8).prefix(2)) ?? 0
            if day == 1 { months += 1 }
            let follows = day == 1 ? (28...31).contains(previousDay) : day == previousDay + 1
            if !follows || Timestamp(rfc3339: text) != time { wrong.append(text) }
            previousDay = day
            time = time + .seconds(86_400)
        }
        #expect(wrong.isEmpty)
        #expect(months == 409 * 12)
    }

    @Test("Arithmetic stops at the ends of time instead of trapping")
    func saturates() {
        let end = Timestamp(nanoseconds: .max)
        let beginning = Timestamp(nanoseconds: .min)
        let start = Timestamp(seconds: 1_000)
        #expect(start + .milliseconds(1500) == Timestamp(milliseconds: 1_001_500))
        #expect(start - .milliseconds(1500) == Timestamp(milliseconds: 998_500))
        #expect(start + .seconds(Int64.max) == end)
        #expect(start - .seconds(Int64.max) == beginning)
        #expect(end + .nanoseconds(1) == end)
        #expect(end + .seconds(1) == end)
        #expect(beginning - .nanoseconds(1) == beginning)
        #expect(end + .zero == end)
        #expect(beginning + .zero == beginning)
        #expect(end - beginning == .nanoseconds(Int64.max) - .nanoseconds(Int64.min))
        #expect(Timestamp(milliseconds: .max) == end)
        #expect(Timestamp(seconds: .min) == beginning)
        #expect(end.rfc3339 > start.rfc3339)
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test(
        "The vectors of RFC 4648 section 10, both ways",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
    }

    @Test("White space is passed over", arguments: ["Zm9v\nYmFy", " Zm9v\r\n YmFy\t"])
    func whiteSpace(encoded: String) {
        #expect(Base64.decode(encoded) == Array("foobar".utf8))
    }

    @Test(
        "Anything else is refused", arguments: ["Zg", "Zg=", "Z", "Zm9v!", "Zm9v-_", "=Zg=", "Zm=v", "Zg==Zg==", "é"])
    func refuses(encoded: String) {
        #expect(Base64.decode(encoded) == nil)
    }

    @Test("Any bytes survive", arguments: 0..<50 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
}
