import TestSupport
import Testing

@testable import KeptnModel

@Suite("Numbers as in Go")
struct GoFloatTests {
    @Test(
        "Go's literals are read",
        arguments: [
            ("0", 0.0), ("+5", 5), ("-5", -5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E+3", 1000), ("1e-3", 0.001),
            ("5.e1", 50), ("1_000", 1000), ("1_0.0_1e0_1", 100.1), ("0x1p4", 16), ("0X1.8P+1", 3), ("0x.8p1", 1),
            ("0x_1p0", 1), ("0x1_fp0", 31), ("inf", .infinity), ("+Inf", .infinity), ("-INFINITY", -.infinity),
            ("1e-999", 0), ("0.1", 0.1), ("1.7976931348623157e308", .greatestFiniteMagnitude),
        ])
    func reads(text: String, value: Double) {
        #expect(Double(go: text) == value)
    }

    @Test("NaN is read in any case", arguments: ["NaN", "nan", "NAN"])
    func notANumber(text: String) {
        #expect(Double(go: text)?.isNaN == true)
    }

    @Test(
        "What Go refuses is refused",
        arguments: [
            "", "+", "-", ".", "e1", "1e", "1e+", "1e1.5", "1.2.3", "1,5", " 1", "1 ", "1f", "five", "++1", "0x1", "0x",
            "0xp1", "0x1p", "0x1pf", "_1", "1_", "1__0", "1_.0", "1._0", "1_e1", "1e_1", "0x1_p1", "+nan", "-nan",
            "infi",
            "nan()", "1e999", "-1e999", "0x1p9999", "0b1", "0o7", "1e1_", "١",
        ])
    func refuses(text: String) {
        #expect(Double(go: text) == nil)
    }

    @Test(
        "Printed as %v: shortest digits, exponents below -4 and from 6 on",
        arguments: [
            (0.0, "0"), (-0.0, "-0"), (1, "1"), (75.3, "75.3"), (100, "100"), (120, "120"), (-12.5, "-12.5"),
            (100.0 / 3, "33.333333333333336"), (33.99999999999999, "33.99999999999999"), (0.5, "0.5"),
            (0.0625, "0.0625"),
            (0.0001, "0.0001"), (0.00012, "0.00012"), (0.00001, "1e-05"), (0.000012, "1.2e-05"), (999_999, "999999"),
            (999_999.5, "999999.5"), (1_000_000, "1e+06"), (123_456_789, "1.23456789e+08"), (1e15, "1e+15"),
            (1e16, "1e+16"), (1e20, "1e+20"), (1e100, "1e+100"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"),
            (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        ])
    func prints(value: Double, text: String) {
        #expect(value.go == text)
    }

    @Test("What is printed reads back as the same number")
    func roundTrip() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(Double(go: value.go) == value)
        }
    }

    @Test(
        "Rounded for readers",
        arguments: [
            (412.3, "412.3"), (110.00000000000001, "110"), (33.333333333333336, "33.3333"), (99.99999999, "100"),
            (0.123456789, "0.123457"), (1234567.8, "1234570"), (-2.0000001, "-2"), (1e-7, "1e-07"), (2.5e20, "2.5e+20"),
        ])
    func readable(value: Double, text: String) {
        #expect(value.readable(significantDigits: 6) == text)
    }
}
