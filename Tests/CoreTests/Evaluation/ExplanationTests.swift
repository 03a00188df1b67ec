import KeptnModel
import Testing

@testable import Core

@Suite("Explanations of missed objectives")
struct ExplanationTests {
    private func sentences(
        _ objectives: [SLO.Objective], _ values: [SLIValue], after previous: [PreviousEvaluation] = []
    ) -> [String] {
        let slo = slo(objectives)
        return Evaluation.evaluate(slo: slo, values: values, previous: previous).explanations(of: slo)
    }

    @Test("Only failed objectives and warnings are explained, in the SLO's order")
    func which() {
        let objectives = [
            objective("a", pass: [["<1"]]), objective("b", pass: [["<1"]], warning: [["<3"]]), objective("c"),
            objective("d", pass: [["<1"]]),
        ]
        let values = [SLIValue("a", 0), SLIValue("b", 2), SLIValue("c", 9), SLIValue("d", 3)]
        #expect(
            sentences(objectives, values) == ["b is 2, good enough for a warning, expected <1", "d is 3, expected <1"])
    }

    @Test("Numbers are rounded for readers")
    func rounded() {
        #expect(
            sentences([objective("a", pass: [["<=+10%"]])], [SLIValue("a", 412.30000000001)], after: history(100.0 / 3))
                == ["a is 412.3, expected <=+10% (36.6667), compared with 1 earlier evaluation (e1)"])
    }

    @Test("Where rounding would hide the difference they are not")
    func exact() {
        #expect(
            sentences([objective("a", pass: [["<=+0"]])], [SLIValue("a", 100.00000001)], after: history(100))
                == ["a is 100.00000001, expected <=+0 (100), compared with 1 earlier evaluation (e1)"])
    }

    @Test("A relative criterion without history stands alone")
    func withoutHistory() {
        #expect(
            sentences([objective("a", pass: [["<=+10%", "<5"]])], [SLIValue("a", 6)]) == [
                "a is 6, expected <=+10% and <5"
            ])
    }

    @Test("Of many earlier evaluations three are named")
    func many() {
        #expect(
            sentences([objective("a", pass: [["<=+0"]])], [SLIValue("a", 6)], after: history(1, 1, 1, 1, 1))
                == ["a is 6, expected <=+0 (1), compared with 5 earlier evaluations (e1, e2, e3 and 2 more)"])
    }
}
