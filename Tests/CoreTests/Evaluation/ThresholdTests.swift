import KeptnModel
import Testing

@testable import Core

@Suite("Thresholds")
struct ThresholdTests {
    @Test(
        "Relative criteria are compared with the base",
        arguments: [
            ("<=+10%", 110.0), ("<=10%", 110), ("<=-10%", 90), ("<=+10", 110), ("<=-10", 90), ("<=+-5", 95),
            ("<=500", 500),
        ])
    func targets(text: String, target: Double) throws {
        #expect(try Criterion(parsing: text).target(base: 100) == target)
    }

    @Test(
        "Below, on and above the bound",
        arguments: [
            ("<", [true, false, false]), ("<=", [true, true, false]), ("=", [false, true, false]),
            (">=", [false, true, true]), (">", [false, false, true]),
        ])
    func comparisons(sign: String, holds: [Bool]) throws {
        let fixed = try Criterion(parsing: sign + "5")
        let relative = try Criterion(parsing: sign + "+0")
        let percent = try Criterion(parsing: sign + "-50%")
        for (value, expected) in zip([4.0, 5, 6], holds) {
            #expect(fixed.isSatisfied(by: value, base: nil) == expected)
            #expect(relative.isSatisfied(by: value, base: 5) == expected)
            #expect(percent.isSatisfied(by: value, base: 10) == expected)
            #expect(relative.isSatisfied(by: value, base: nil))
        }
    }

    @Test("No value is in any order to NaN")
    func notANumber() throws {
        for sign in Criterion.Comparison.allCases {
            #expect(try !Criterion(parsing: "\(sign.rawValue)NaN").isSatisfied(by: 1, base: nil))
        }
    }
}
