import KeptnModel
import Testing

@testable import Core

/// Every rule of K §3.2 and §9 for the verdict, the score and the message.
@Suite("Evaluation")
struct EvaluationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let slo: SLO
        let values: [SLIValue]
        let previous: [PreviousEvaluation]
        let providerFailure: String?
        let status: KeptnStatus
        let result: KeptnResult
        /// Nil: as the result.
        let computed: KeptnResult
        let score: Double
        let message: String
        let indicators: [EvaluationOutcome.IndicatorResult.Status]?

        var testDescription: String { name }

        init(
            _ name: String, _ slo: SLO, _ values: [SLIValue], after previous: [PreviousEvaluation] = [],
            providerFailure: String? = nil, status: KeptnStatus = .succeeded, _ result: KeptnResult,
            computed: KeptnResult? = nil, score: Double, _ message: String,
            _ indicators: [EvaluationOutcome.IndicatorResult.Status]?
        ) {
            self.name = name
            self.slo = slo
            self.values = values
            self.previous = previous
            self.providerFailure = providerFailure
            self.status = status
            self.result = result
            self.computed = computed ?? result
            self.score = score
            self.message = message
            self.indicators = indicators
        }
    }

    @Test("Verdict, score and message", arguments: scoring + missing + keys + totals + special)
    func verdict(of row: Case) {
        let outcome = Evaluation.evaluate(
            slo: row.slo, values: row.values, previous: row.previous, providerFailure: row.providerFailure)
        #expect(outcome.status == row.status)
        #expect(outcome.result == row.result)
        #expect(outcome.computedResult == row.computed)
        #expect(outcome.score == row.score)
        #expect(outcome.message == row.message)
        #expect(outcome.indicatorResults?.map(\.status) == row.indicators)
        #expect(outcome.comparedEvents == (row.status == .errored ? [] : row.previous.map(\.eventID)))
    }

    static let below = "Evaluation failed since the calculated score of"

    static let scoring: [Case] = [
        Case(
            "A satisfied pass criterion gives all points", slo([objective("a", pass: [["<600"]])]),
            [SLIValue("a", 599)],
            .pass, score: 100, "", [.pass]),
        Case(
            "A violated one without warning criteria gives none", slo([objective("a", pass: [["<600"]])]),
            [SLIValue("a", 600)], .fail, score: 0,
            "\(below) 0 is below the warning value of 75. a is 600, expected <600.",
            [.fail]),
        Case(
            "Warning criteria that hold give half",
            slo([objective("a", pass: [["<600"]], warning: [["<=800"]])], warning: "50"), [SLIValue("a", 800)],
            .warning,
            score: 50,
            "Evaluation returned a warning: the calculated score of 50 is close to the warning target value of 50. "
                + "a is 800, good enough for a warning, expected <600.", [.warning]),
        Case(
            "Warning criteria that do not hold give nothing",
            slo([objective("a", pass: [["<600"]], warning: [["<=800"]])]), [SLIValue("a", 801)], .fail, score: 0,
            "\(below) 0 is below the warning value of 75. a is 801, expected <600.", [.fail]),
        Case(
            "Within one list all criteria must hold", slo([objective("a", pass: [["<600", ">100"]])], warning: ""),
            [SLIValue("a", 50)], .fail, score: 0,
            "\(below) 0 is below the target value of 90. a is 50, expected <600 and >100.", [.fail]),
        Case(
            "Of several lists one is enough", slo([objective("a", pass: [["<10"], [">100", "<600"]])]),
            [SLIValue("a", 200)], .pass, score: 100, "", [.pass]),
        Case(
            "Weights count", slo([objective("a", pass: [["<1"]], weight: 3), objective("b", pass: [["<1"]])]),
            [SLIValue("a", 0), SLIValue("b", 1)], .warning, score: 75,
            "Evaluation returned a warning: the calculated score of 75 is close to the warning target value of 75. "
                + "b is 1, expected <1.", [.pass, .fail]),
        Case(
            "Weight 0 is 1",
            slo([objective("a", pass: [["<1"]], weight: 0), objective("b", pass: [["<1"]])], warning: "50%"),
            [SLIValue("a", 0), SLIValue("b", 1)], .warning, score: 50,
            "Evaluation returned a warning: the calculated score of 50 is close to the warning target value of 50. "
                + "b is 1, expected <1.", [.pass, .fail]),
        Case(
            "An objective without pass is only reported",
            slo([objective("a", pass: [["<1"]]), objective("b", warning: [["<1"]], weight: 9)]),
            [SLIValue("a", 0), SLIValue("b", 5)], .pass, score: 100, "", [.pass, .info]),
        Case(
            "Only informational objectives pass with 100", slo([objective("a"), objective("b")]), [SLIValue("a", 1)],
            .pass, score: 100, "", [.info, .info]),
        Case(
            "An empty criteria list passes, counts and adds nothing",
            slo([objective("a", pass: [[]]), objective("b", pass: [["<1"]])]), [SLIValue("a", 1), SLIValue("b", 0)],
            .fail,
            score: 50, "\(below) 50 is below the warning value of 75", [.pass, .pass]),
        Case(
            "A relative criterion without history holds", slo([objective("a", pass: [["<=+10%"]])]), [SLIValue("a", 9)],
            .pass, score: 100, "", [.pass]),
        Case(
            "An increase in percent", slo([objective("a", pass: [["<=+10%"]])]), [SLIValue("a", 110.5)],
            after: history(100), .fail, score: 0,
            "\(below) 0 is below the warning value of 75. "
                + "a is 110.5, expected <=+10% (110), compared with 1 earlier evaluation (e1).", [.fail]),
        Case(
            "Several earlier evaluations are averaged", slo([objective("a", pass: [["<=+10%", "<600"], ["<=-5"]])]),
            [SLIValue("a", 221)], after: history(100, 200, 300), .fail, score: 0,
            "\(below) 0 is below the warning value of 75. a is 221, expected <=+10% (220) and <600, or <=-5 (195), "
                + "compared with 3 earlier evaluations (e1, e2, e3).", [.fail]),
        Case(
            "Scores print like Go's %v",
            slo(
                [1, 1, 1].map { objective("a", pass: [["<0"]], weight: $0) } + [
                    objective("b", pass: [["<0"]], weight: 3)
                ]),
            [SLIValue("a", -1), SLIValue("b", 0)], .fail, score: 100 * (1.0 / 6),
            "\(below) 16.666666666666664 is below the warning value of 75. a has no value: "
                + "no value received from SLI provider; a has no value: no value received from SLI provider; "
                + "b is 0, expected <0.", [.pass, .fail, .fail, .fail]),
    ]

    static let missing: [Case] = [
        Case(
            "No value fails", slo([objective("a", pass: [["<1"]])]), [], .fail, score: 0,
            "\(below) 0 is below the warning value of 75. a has no value: no value received from SLI provider.", [.fail]
        ),
        Case(
            "A value without success fails", slo([objective("a", pass: [["<1"]])]), [.failed("a", "timeout")], .fail,
            score: 0, "\(below) 0 is below the warning value of 75. a has no value: timeout.", [.fail]),
        Case(
            "A second objective on the same indicator has no value",
            slo([objective("a", pass: [["<1"]]), objective("a", pass: [["<1"]])]), [SLIValue("a", 0)], .fail, score: 50,
            "\(below) 50 is below the warning value of 75. a has no value: no value received from SLI provider.",
            [.pass, .fail]),
        Case(
            "Two values for two objectives on the same indicator",
            slo([objective("a", pass: [["<1"]]), objective("a", pass: [[">1"]])]),
            [SLIValue("a", 0), SLIValue("a", 2)],
            .pass, score: 100, "", [.pass, .pass]),
        Case(
            "A second value is an additional one", slo([objective("a", pass: [["<1"]])]),
            [SLIValue("a", 0), SLIValue("a", 2)], .pass, score: 100,
            "Lighthouse received additional SLIs, which are not specified as SLO: a . "
                + "Please consider using them as an SLO.", [.pass]),
        Case(
            "Additional ones are named, the last first where a gap was filled", slo([objective("a", pass: [["<1"]])]),
            [SLIValue("a", 0), SLIValue("b", 2), SLIValue("c", 2)], .pass, score: 100,
            "Lighthouse received additional SLIs, which are not specified as SLO: c, b . "
                + "Please consider using them as an SLO.", [.pass]),
        Case(
            "Additional ones are named with informational objectives alone", slo([objective("a")]), [SLIValue("b", 2)],
            .pass, score: 100,
            "Lighthouse received additional SLIs, which are not specified as SLO: b . "
                + "Please consider using them as an SLO.", [.info]),
        Case(
            "Additional ones are not named when it fails", slo([objective("a", pass: [["<1"]])], warning: ""),
            [SLIValue("a", 1), SLIValue("b", 2)], .fail, score: 0,
            "\(below) 0 is below the target value of 90. a is 1, expected <1.", [.fail]),
    ]

    static let keys: [Case] = [
        Case(
            "A violated key objective fails whatever the score",
            slo([objective("a", pass: [["<1"]], weight: 99), objective("b", pass: [["<1"]], key: true, name: "B")]),
            [SLIValue("a", 0), SLIValue("b", 1)], .fail, score: 99,
            "Evaluation failed due to key_sli objective 'B': failed evaluation with score 0.000000. "
                + "B (b) is 1, expected <1.",
            [.pass, .fail]),
        Case(
            "Its warning is enough",
            slo([
                objective("a", pass: [["<1"]], weight: 99),
                objective("b", pass: [["<1"]], warning: [["<2"]], key: true, name: "B"),
            ]), [SLIValue("a", 0), SLIValue("b", 1)], .pass, score: 99.5, "", [.pass, .warning]),
        Case(
            "Only the display name is given", slo([objective("a", pass: [["<1"]], key: true)]), [SLIValue("a", 1)],
            .fail,
            score: 0,
            "Evaluation failed due to key_sli objective '': failed evaluation with score 0.000000. "
                + "a is 1, expected <1.",
            [.fail]),
        Case(
            "A key objective without a value says so", slo([objective("a", pass: [["<1"]], key: true, name: "A")]), [],
            .fail, score: 0,
            "Evaluation failed due to key_sli objective 'A': no value received from SLI provider. "
                + "A (a) has no value: no value received from SLI provider.", [.fail]),
        Case(
            "A key objective whose provider failed gives the provider's message",
            slo([objective("a", pass: [["<1"]], key: true, name: "A")]), [.failed("a", "boom")], .fail, score: 0,
            "Evaluation failed due to key_sli objective 'A': boom. A (a) has no value: boom.", [.fail]),
        Case(
            "The last failing key wins",
            slo([
                objective("a", pass: [["<1"]], key: true, name: "A"),
                objective("b", pass: [["<1"]], key: true, name: "B"),
            ]), [SLIValue("b", 1)], .fail, score: 0,
            "Evaluation failed due to key_sli objective 'B': failed evaluation with score 0.000000. "
                + "A (a) has no value: no value received from SLI provider; B (b) is 1, expected <1.", [.fail, .fail]),
        Case(
            "An informational key objective never fails", slo([objective("a", key: true)]), [], .pass, score: 100, "",
            [.info]),
    ]
}
