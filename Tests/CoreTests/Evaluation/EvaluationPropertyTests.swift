import KeptnModel
import TestSupport
import Testing

@testable import Core

/// What holds for any SLO and any values; the seed names the failing case.
@Suite("Evaluation properties")
struct EvaluationPropertyTests {
    private static let slis = ["a", "b", "c", "d"]
    private static let signs = ["<", "<=", "=", ">=", ">"]

    private static func criteria(_ random: inout SplitMix64, signs: [String]) -> [[String]] {
        (0..<Int.random(in: 0...2, using: &random)).map { _ in
            (0..<Int.random(in: 1...2, using: &random)).map { _ in
                let number = Int.random(in: 0...100, using: &random)
                let change = ["", "+", "-"].randomElement(using: &random) ?? ""
                let percent = Bool.random(using: &random) ? "%" : ""
                return (signs.randomElement(using: &random) ?? "<") + change + "\(number)" + percent
            }
        }
    }

    private static func slo(_ random: inout SplitMix64, signs: [String]) -> SLO {
        let objectives = slis.filter { _ in Bool.random(using: &random) }.map { sli in
            SLO.Objective(
                sli: sli, pass: criteria(&random, signs: signs).map(SLO.Criteria.init),
                warning: criteria(&random, signs: signs).map(SLO.Criteria.init),
                weight: Int.random(in: 0...5, using: &random), keySLI: Int.random(in: 0..<6, using: &random) == 0)
        }
        let aggregate = ["", "avg", "p50", "p90", "p95"].randomElement(using: &random) ?? ""
        return SLO(
            comparison: .init(aggregateFunction: aggregate), objectives: objectives,
            totalScore: .init(
                pass: "\(Int.random(in: 50...100, using: &random))%",
                warning: Bool.random(using: &random) ? "" : "\(Int.random(in: 0...50, using: &random))%"))
    }

    private static func values(_ random: inout SplitMix64) -> [SLIValue] {
        slis.filter { _ in Int.random(in: 0..<8, using: &random) > 0 }.map {
            SLIValue(
                metric: $0, value: Double.random(in: 0...200, using: &random),
                success: Int.random(in: 0..<8, using: &random) > 0)
        }
    }

    private static func previous(_ random: inout SplitMix64) -> [PreviousEvaluation] {
        (0..<Int.random(in: 0...3, using: &random)).map {
            PreviousEvaluation(eventID: "e\($0)", values: values(&random))
        }
    }

    @Test("Scores are within 0 and 100, and agree with the verdict")
    func scores() throws {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let slo = Self.slo(&random, signs: Self.signs)
            let outcome = Evaluation.evaluate(
                slo: slo, values: Self.values(&random), previous: Self.previous(&random))
            #expect((0...100).contains(outcome.score), "seed \(seed)")
            #expect(outcome.status == .succeeded, "seed \(seed)")
            #expect(outcome.indicatorResults?.count ?? 0 == slo.objectives.count, "seed \(seed)")
            guard let total = slo.totalScore, let target = Double(go: String(total.pass.dropLast())) else {
                Issue.record("seed \(seed)")
                continue
            }
            if outcome.result == .pass { #expect(outcome.score >= target, "seed \(seed)") }
            if outcome.result == .warning { #expect(outcome.score < target && !total.warning.isEmpty, "seed \(seed)") }
            for (result, objective) in zip(outcome.indicatorResults ?? [], slo.objectives) {
                #expect((result.status == .info) == objective.pass.isEmpty, "seed \(seed)")
                #expect(result.score <= Double(max(objective.weight, 1)), "seed \(seed)")
                #expect(
                    (result.explanation(of: objective) != nil) == [.fail, .warning].contains(result.status),
                    "seed \(seed)")
            }
        }
    }

    @Test("With upper bounds only, smaller values never score less nor get a worse verdict")
    func monotonic() {
        let rank: [KeptnResult: Int] = [.fail: 0, .warning: 1, .pass: 2]
        for seed in 0..<2000 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let slo = Self.slo(&random, signs: ["<", "<="])
            let values = Self.values(&random)
            let previous = Self.previous(&random)
            let smaller = values.map { value in
                SLIValue(
                    metric: value.metric, value: value.value * Double.random(in: 0...1, using: &random),
                    success: value.success)
            }
            let before = Evaluation.evaluate(slo: slo, values: values, previous: previous)
            let after = Evaluation.evaluate(slo: slo, values: smaller, previous: previous)
            #expect(after.score >= before.score, "seed \(seed)")
            #expect(rank[after.result] ?? -1 >= rank[before.result] ?? 3, "seed \(seed)")
        }
    }

    @Test("Neither the order of the values nor that of the objectives changes score and verdict")
    func order() {
        for seed in 0..<1000 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var slo = Self.slo(&random, signs: Self.signs)
            let values = Self.values(&random)
            let previous = Self.previous(&random)
            let before = Evaluation.evaluate(slo: slo, values: values, previous: previous)
            slo.objectives.shuffle(using: &random)
            let after = Evaluation.evaluate(slo: slo, values: values.shuffled(using: &random), previous: previous)
            #expect(after.score == before.score && after.result == before.result, "seed \(seed)")
        }
    }
}
