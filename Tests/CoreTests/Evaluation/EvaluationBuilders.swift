import KeptnModel

@testable import Core

/// Short forms for the tables of this folder.
func objective(
    _ sli: String, pass: [[String]] = [], warning: [[String]] = [], weight: Int = 1, key: Bool = false,
    name: String = ""
) -> SLO.Objective {
    SLO.Objective(
        sli: sli, displayName: name, pass: pass.map(SLO.Criteria.init), warning: warning.map(SLO.Criteria.init),
        weight: weight, keySLI: key)
}

func slo(
    _ objectives: [SLO.Objective], pass: String = "90%", warning: String = "75%", comparison: SLO.Comparison? = nil
) -> SLO {
    SLO(comparison: comparison, objectives: objectives, totalScore: .init(pass: pass, warning: warning))
}

extension SLIValue {
    init(_ metric: String, _ value: Double) { self.init(metric: metric, value: value) }

    static func failed(_ metric: String, _ message: String, value: Double = 0) -> SLIValue {
        SLIValue(metric: metric, value: value, success: false, message: message)
    }
}

/// Earlier evaluations `e1`, `e2`, … with one value each of the indicator `a`.
func history(_ values: Double...) -> [PreviousEvaluation] {
    values.enumerated().map { PreviousEvaluation(eventID: "e\($0 + 1)", values: [SLIValue("a", $1)]) }
}
