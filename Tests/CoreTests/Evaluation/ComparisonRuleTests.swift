import KeptnModel
import Testing

@testable import Core

@Suite("Comparison rule")
struct ComparisonRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let comparison: SLO.Comparison?
        let results: Int
        let included: Set<KeptnResult>?

        init(_ name: String, _ comparison: SLO.Comparison?, _ results: Int, _ included: Set<KeptnResult>? = nil) {
            testDescription = name
            self.comparison = comparison
            self.results = results
            self.included = included
        }
    }

    static let cases: [Case] = [
        Case("no comparison: the last one", nil, 1),
        Case("an empty comparison: the last three", .init(), 3),
        Case("single_result", .init(compareWith: "single_result"), 1),
        Case("single_result ignores the number", .init(compareWith: "single_result", numberOfComparisonResults: 7), 1),
        Case(
            "single_result ignores even a bad number",
            .init(compareWith: "single_result", numberOfComparisonResults: -7), 1),
        Case("several_results without a number", .init(compareWith: "several_results"), 3),
        Case(
            "several_results with a number", .init(compareWith: "several_results", numberOfComparisonResults: 100),
            100),
        Case("no compare_with ignores the number", .init(numberOfComparisonResults: 7), 3),
        Case("any other compare_with too", .init(compareWith: "Several_Results", numberOfComparisonResults: 7), 3),
        Case("pass", .init(includeResultWithScore: "pass"), 3, [.pass]),
        Case("pass_or_warn", .init(includeResultWithScore: "pass_or_warn"), 3, [.pass, .warning]),
        Case("all", .init(includeResultWithScore: "all"), 3),
        Case("any case of letters", .init(includeResultWithScore: "Pass_Or_WARN"), 3, [.pass, .warning]),
        Case("an unknown word means all", .init(includeResultWithScore: "best"), 3),
    ]

    @Test("Defaults and words of the comparison", arguments: cases)
    func rule(of row: Case) throws {
        let rule = try ComparisonRule(row.comparison)
        #expect(rule.resultsMax == row.results)
        #expect(rule.includedResults == row.included)
        #expect(rule.aggregate == .average)
    }

    @Test("Several results outside of what the datastore gives are refused", arguments: [-1, 101])
    func badNumber(number: Int) {
        let error = #expect(throws: EvaluationError.self) {
            try ComparisonRule(.init(compareWith: "several_results", numberOfComparisonResults: number))
        }
        #expect(
            error?.description == "could not retrieve previous evaluation.finished events: "
                + "number_of_comparison_results is \(number), it must be 1 to 100")
    }

    @Test(
        "Aggregate functions by name", arguments: zip(["avg", "p50", "p90", "p95"], ComparisonRule.Aggregate.allCases))
    func aggregates(name: String, aggregate: ComparisonRule.Aggregate) throws {
        #expect(try ComparisonRule(.init(aggregateFunction: name)).aggregate == aggregate)
    }

    @Test("An unknown aggregate function is refused, also one in other letters", arguments: ["median", "AVG", "p99"])
    func unknownAggregate(name: String) {
        let error = #expect(throws: EvaluationError.self) { try ComparisonRule(.init(aggregateFunction: name)) }
        #expect(error?.description == "unknown aggregate_function \"\(name)\": it must be avg, p50, p90 or p95")
    }

    @Test(
        "Aggregates of sorted and unsorted values",
        arguments: [
            (ComparisonRule.Aggregate.average, [4.0, 1, 1], 2.0), (.p50, [7], 7), (.p50, [3, 1, 2], 2),
            (.p50, [1, 2, 3, 4], 2.5), (.p90, [1, 2, 3], 3),
            (.p90, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110], 108),
            (.p95, Array(stride(from: 1.0, through: 39, by: 1)), 38), (.p95, [5, 1], 5),
        ])
    func values(aggregate: ComparisonRule.Aggregate, values: [Double], expected: Double) {
        #expect(aggregate(values) == expected)
    }

    @Test("Nothing has no aggregate", arguments: ComparisonRule.Aggregate.allCases)
    func nothing(aggregate: ComparisonRule.Aggregate) {
        #expect(aggregate([]) == nil)
    }
}
