import KeptnModel

@testable import Core

extension EvaluationTests {
    private static let one = [objective("a", pass: [["<1"]])]
    private static let good = [SLIValue("a", 0)]

    private static func withoutTotal(_ total: SLO.TotalScore?) -> SLO { SLO(objectives: one, totalScore: total) }

    private static func errored(_ name: String, _ slo: SLO, _ message: String) -> Case {
        Case(name, slo, good, after: history(1), status: .errored, .fail, score: 0, message, nil)
    }

    private static func badPercentage(_ key: String, _ text: String) -> String {
        "could not parse \(key) target percentage: total_score.\(key) is \"\(text)\", "
            + "it must be a number such as \"90%\""
    }

    static let totals: [Case] = [
        Case("The target is reached when equal", slo(one, pass: "100%"), good, .pass, score: 100, "", [.pass]),
        Case("The percent sign may be missing", slo(one, pass: "100"), good, .pass, score: 100, "", [.pass]),
        Case("A target of 0 is always reached", slo(one, pass: "0%"), [SLIValue("a", 1)], .pass, score: 0, "", [.fail]),
        Case(
            "The target may be any number of Go's", slo(one, pass: "1e3%", warning: ""), good, .fail, score: 100,
            "\(below) 100 is below the target value of 1000", [.pass]),
        Case(
            "A large target prints as in Go", slo(one, pass: "1_000_000", warning: ""), good, .fail, score: 100,
            "\(below) 100 is below the target value of 1e+06", [.pass]),
        errored("No total score", withoutTotal(nil), "no target score defined"),
        errored("An empty target", withoutTotal(.init(pass: "")), "no target score defined"),
        errored("A word as target", slo(one, pass: "most"), badPercentage("pass", "most")),
        errored("A blank before the percent sign", slo(one, pass: "90 %"), badPercentage("pass", "90 %")),
        errored("Two percent signs", slo(one, pass: "90%%"), badPercentage("pass", "90%%")),
        errored("A bad warning, even when passing", slo(one, warning: "75 %"), badPercentage("warning", "75 %")),
        errored(
            "No total score for informational objectives", SLO(objectives: [objective("a")], totalScore: nil),
            "no target score defined"),
        errored("No total score and no objectives", SLO(objectives: [], totalScore: nil), "no target score defined"),
    ]

    static let special: [Case] = [
        Case(
            "No objectives fail", slo([]), good, .fail, score: 0,
            "lighthouse failed because no SLO objective was provided", nil),
        Case(
            "No objectives, and a target of 0", slo([], pass: "0"), good, .fail, computed: .pass, score: 0,
            "lighthouse failed because no SLO objective was provided", nil),
        Case(
            "No objectives, and a warning of 0", slo([], warning: "0"), good, .fail, computed: .warning, score: 0,
            "lighthouse failed because no SLO objective was provided", nil),
        Case(
            "The provider's fail overrides a pass, the computed result stays", slo(one), good + [SLIValue("b", 1)],
            providerFailure: "no data", .fail, computed: .pass, score: 100,
            "lighthouse failed because SLI failed with message no data", [.pass]),
        Case(
            "No objectives come before the provider's fail", slo([]), [], providerFailure: "no data", .fail, score: 0,
            "lighthouse failed because no SLO objective was provided", nil),
        Case(
            "A bad pass criterion ends the evaluation", slo([objective("a", pass: [["~5"]])]), good, after: history(1),
            .fail, score: 0,
            "error with a: invalid criteria string: \"~5\" must begin with <, <=, =, >= or >, as in <=600, "
                + "or be similar, not_worse, not_lower or burn_rate<2", nil),
        Case(
            "It is named by its display name, and ends it even if another list holds",
            slo([objective("a", pass: [["<1"], ["<five"]], name: "Latency")]), good, providerFailure: "no data", .fail,
            score: 0,
            "error with Latency: could not parse criteria target value: "
                + "\"<five\" must be a comparison and a number, such as <=+10%", nil),
        Case(
            "It ends the evaluation before the total score is looked at",
            SLO(objectives: [objective("a", pass: [["5"]])], totalScore: nil), good, .fail, score: 0,
            "error with a: invalid criteria string: \"5\" must begin with <, <=, =, >= or >, as in <=600, "
                + "or be similar, not_worse, not_lower or burn_rate<2", nil),
        Case(
            "It does no harm without a value", slo([objective("a", pass: [["~5"]])], warning: ""), [], .fail, score: 0,
            "\(below) 0 is below the target value of 90. a has no value: no value received from SLI provider.",
            [.fail]),
        Case(
            "It does no harm with a value without success", slo([objective("a", pass: [["~5"]])], warning: ""),
            [.failed("a", "")], .fail, score: 0, "\(below) 0 is below the target value of 90. a has no value.",
            [.fail]),
        Case(
            "A bad warning criterion only does not hold",
            slo([objective("a", pass: [["<1"]], warning: [["<9"], ["bad"]])], warning: ""), [SLIValue("a", 5)], .fail,
            score: 0, "\(below) 0 is below the target value of 90. a is 5, expected <1.", [.fail]),
        errored(
            "An unknown aggregate function", slo(one, comparison: .init(aggregateFunction: "median")),
            "unknown aggregate_function \"median\": it must be avg, p50, p90 or p95"),
        errored(
            "More results than the datastore gives",
            slo(one, comparison: .init(compareWith: "several_results", numberOfComparisonResults: 101)),
            "could not retrieve previous evaluation.finished events: "
                + "number_of_comparison_results is 101, it must be 1 to 100"),
    ]
}
