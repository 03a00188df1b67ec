import CloudEvents
import KeptnModel
import Testing

@testable import Core

/// The criteria that Keptn does not have.
@Suite("Criteria beyond thresholds")
struct ObjectiveCriterionTests {
    @Test(
        "What is none says what would be right",
        arguments: [
            ("similar:2", "as in not_worse:0.05"), ("not_worse:x", "as in not_worse:0.05"),
            ("similar:0.1:0.1:0.1", "at most two numbers"), ("burn_rate", "as in burn_rate(1h)<14.4"),
            ("burn_rate<+5%", "as in burn_rate(1h)<14.4"), ("burn_rate(often)<2", "as in burn_rate(1h)<14.4"),
            ("burn_rate(1h<2", "as in burn_rate(1h)<14.4"),
        ])
    func mistakes(_ text: String, _ advice: String) {
        let error = #expect(throws: CriterionError.self) { try ObjectiveCriterion(parsing: text) }
        #expect(error?.description.contains(advice) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("invalid criteria string: \"\(text)\"") == true)
    }

    @Test("Keptn's own stay what they were")
    func thresholds() throws {
        #expect(try ObjectiveCriterion(parsing: "<=+10%") == .threshold(Criterion(parsing: "<=+10%")))
        let error = #expect(throws: CriterionError.self) { try ObjectiveCriterion(parsing: "about 5") }
        #expect(error == .noComparison("about 5"))
    }

    // MARK: Distributions

    private static let low = (1...30).map { Double($0) }
    private static let high = low.map { $0 + 20 }

    private static func outcome(_ criterion: String, now: [Double], before: [Double]) -> EvaluationOutcome {
        let objective = objective("a", pass: [[criterion]])
        let past = PreviousEvaluation(
            eventID: "e1", values: [SLIValue(metric: "a", value: 1, samples: before)])
        return Evaluation.evaluate(
            slo: slo([objective]), values: [SLIValue(metric: "a", value: 1, samples: now)],
            previous: before.isEmpty ? [] : [past])
    }

    @Test(
        "A difference counts in its direction, when it is neither chance nor negligible",
        arguments: [
            ("similar", low, low, KeptnResult.pass), ("similar", high, low, .fail), ("similar", low, high, .fail),
            ("not_worse:0.05", high, low, .fail), ("not_worse:0.05", low, high, .pass),
            ("not_lower", low, high, .fail), ("not_lower", high, low, .pass),
            // Three values can never be told apart at this level: the least probability is 2/20.
            ("similar", [9, 10, 11], [1, 2, 3], .pass), ("similar:0.2", [9, 10, 11], [1, 2, 3], .fail),
            ("similar:0.05:0.99", high, low, .pass),
            ("similar", [], low, .fail), ("similar", low, [], .pass),
        ] as [(String, [Double], [Double], KeptnResult)])
    func distributions(_ criterion: String, _ now: [Double], _ before: [Double], _ expected: KeptnResult) {
        let outcome = Self.outcome(criterion, now: now, before: before)
        #expect(outcome.result == expected, "\(outcome.message)")
        #expect(outcome.indicatorResults?.first?.passTargets?.first?.note != nil)
    }

    @Test("The verdict says what was found, and keeps the samples for the next one")
    func explains() throws {
        let outcome = Self.outcome("not_worse:0.05", now: Self.high, before: Self.low)
        let target = try #require(outcome.indicatorResults?.first?.passTargets?.first)
        #expect(target.targetValue == 15.5, "the median of the earlier samples")
        #expect(target.note?.contains("30 samples against 30") == true)
        #expect(outcome.message.contains("expected not_worse:0.05 (p="), "\(outcome.message)")
        let json = outcome.evaluationJSON(timeStart: "", timeEnd: "", sloFile: [], gitCommit: nil)
        let read = try #require(PreviousEvaluation(eventID: "e", data: ["evaluation": json]))
        #expect(read.values.first?.samples == Self.high)
        let plain = Evaluation.evaluate(
            slo: slo([objective("a", pass: [["<5"]])]), values: [SLIValue(metric: "a", value: 1, samples: Self.low)])
        #expect(plain.indicatorResults?.first?.value?.samples == [], "nobody needs them")
    }

    @Test("Of many samples some are kept, from all over the window")
    func bounded() {
        let value = SLIValue(metric: "a", value: 1, samples: (0..<10_000).map { Double($0) })
        #expect(value.samples.count == SLIValue.samplesMax)
        #expect(value.samples.first == 0 && (value.samples.last ?? 0) > 9_900)
    }

    // MARK: Error budgets

    private static func burn(
        _ criterion: String, target: Double? = 0.999, value: Double, hour: SLIValue? = nil
    ) -> EvaluationOutcome {
        var objective = objective("errors", pass: [[criterion]])
        objective.target = target
        return Evaluation.evaluate(
            slo: slo([objective]), values: [SLIValue("errors", value)],
            windows: hour.map { [.seconds(3600): [$0]] } ?? [:])
    }

    @Test("The burn rate is the share of bad events over the error budget")
    func burnRate() throws {
        let good = Self.burn("burn_rate<2", value: 0.0019)
        #expect(good.result == .pass)
        let bad = Self.burn("burn_rate<2", value: 0.0021)
        #expect(bad.result == .fail)
        let target = try #require(bad.indicatorResults?.first?.passTargets?.first)
        #expect(abs(target.targetValue - 0.002) < 1e-12)
        #expect(target.note == "burn rate 2.1")
    }

    @Test("Over a window of its own it takes the value of that window")
    func burnRateOverWindow() {
        let calm = SLIValue("errors", 0.001)
        #expect(Self.burn("burn_rate(1h)<14.4", value: 1, hour: calm).result == .pass)
        #expect(Self.burn("burn_rate(1h)<14.4", value: 0, hour: SLIValue("errors", 0.02)).result == .fail)
        let missing = Self.burn("burn_rate(1h)<14.4", value: 0, hour: .failed("errors", "no data"))
        #expect(missing.result == .fail)
        #expect(missing.message.contains("no value over 1h0m0s: no data"), "\(missing.message)")
    }

    @Test("Without a target there is no budget")
    func noTarget() {
        let outcome = Self.burn("burn_rate<2", target: nil, value: 0)
        #expect(outcome.result == .fail)
        #expect(outcome.message.contains("needs the objective's 'target'"), "\(outcome.message)")
    }

    @Test("An SLO says what has to be asked for")
    func needs() {
        let slo = slo([
            objective("a", pass: [["burn_rate(1h)<14.4", "burn_rate(5m)<14.4"]]),
            objective("b", pass: [["similar", "burn_rate(1h)<6"]], warning: [["burn_rate<2"]]), objective("c"),
        ])
        #expect(slo.sampledIndicators == ["b"])
        #expect(slo.budgetWindows.map(\.window) == [.seconds(300), .seconds(3600)])
        #expect(slo.budgetWindows.map(\.indicators) == [["a"], ["a", "b"]])
    }
}
