import Testing

@testable import Core

@Suite("Criteria")
struct CriterionTests {
    @Test(
        "Operator, sign, number and percent sign",
        arguments: [
            ("<=600", Criterion.Comparison.lessOrEqual, Criterion.Bound.fixed(600)),
            ("<600", .less, .fixed(600)),
            ("=1", .equal, .fixed(1)),
            (">=.5", .greaterOrEqual, .fixed(0.5)),
            (">5.", .greater, .fixed(5)),
            ("<=+10%", .lessOrEqual, .changePercent(10)),
            ("<=-10%", .lessOrEqual, .changePercent(-10)),
            ("<=10%", .lessOrEqual, .changePercent(10)),
            ("<=+10", .lessOrEqual, .change(10)),
            (">=-10", .greaterOrEqual, .change(-10)),
            (" < = + 1 0 % ", .lessOrEqual, .changePercent(10)),
            ("<=+-5", .lessOrEqual, .change(-5)),
            ("<=--5", .lessOrEqual, .change(5)),
            ("<=-+5%", .lessOrEqual, .changePercent(-5)),
            ("<1e3", .less, .fixed(1000)),
            ("<1_000", .less, .fixed(1000)),
            ("<0x1p4", .less, .fixed(16)),
            ("<Inf", .less, .fixed(.infinity)),
            ("<-inf", .less, .change(-.infinity)),
        ])
    func parses(text: String, comparison: Criterion.Comparison, bound: Criterion.Bound) throws {
        let criterion = try Criterion(parsing: text)
        #expect(criterion.comparison == comparison)
        #expect(criterion.bound == bound)
    }

    @Test(
        "Without a comparison in front it is no criterion",
        arguments: ["", " ", "600", "+10%", "~5", "!=5", "\t<5", "≤5"])
    func noComparison(text: String) {
        #expect(throws: CriterionError.noComparison(text)) { try Criterion(parsing: text) }
    }

    @Test(
        "Without a number it is none either",
        arguments: [
            "<", "<=", "<five", "=>5", "==5", "<>5", "|5", "<5%%", "<%", "<+", "<5ms", "<1__0", "<\t5", "<1e999",
        ])
    func noNumber(text: String) {
        #expect(throws: CriterionError.badNumber(text)) { try Criterion(parsing: text) }
    }

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
