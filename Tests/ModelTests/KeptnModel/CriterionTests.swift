import Testing

@testable import KeptnModel

@Suite("The grammar of criteria")
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
}
