package import KeptnModel

/// The quality gate: Keptn's scoring of measured values against service level objectives (K §3.2, corrected by K §9).
package enum Evaluation {
    /// Scores the values.
    ///
    /// Every message begins with Keptn's own words. Where a score was judged, and where the SLO file has a mistake, an
    /// explanation follows them: what was expected of each missed objective, or what is wrong and what would be right.
    ///
    /// - Parameters:
    ///   - values: What the SLI provider delivered. Each is used once: a second objective on the same indicator goes
    ///     without, a second value is left over.
    ///   - windows: The values over other windows (`SLO.budgetWindows`).
    ///   - previous: Earlier evaluations, chosen and limited by the SLO's `ComparisonRule`.
    ///   - providerFailure: The message of a get-sli.finished event with `result=fail`, which makes the result a fail;
    ///     nil for any other result.
    package static func evaluate(
        slo: SLO, values: [SLIValue], windows: [Duration: [SLIValue]] = [:], previous: [PreviousEvaluation] = [],
        providerFailure: String? = nil
    ) -> EvaluationOutcome {
        do throws(EvaluationError) {
            let rule = try ComparisonRule(slo.comparison)
            var judgement = Judgement(
                aggregate: rule.aggregate, previous: previous, values: values, windows: windows)
            if let message = judgement.judge(slo.objectives) { return judgement.stopped(message) }
            var outcome = judgement.outcome(slo, try TotalScore(slo.totalScore))
            if slo.objectives.isEmpty {
                outcome.result = .fail
                outcome.message = "lighthouse failed because no SLO objective was provided"
            } else if let providerFailure {
                outcome.result = .fail
                outcome.message = "lighthouse failed because SLI failed with message \(providerFailure)"
            }
            return outcome
        } catch {
            return .errored(error.description)
        }
    }
}

/// The scores to reach, in percent.
private struct TotalScore {
    let pass: Double
    let warning: Double?

    /// Both are checked before anything is scored, even where they would not be needed (K §9.8).
    init(_ text: SLO.TotalScore?) throws(EvaluationError) {
        guard let text, !text.pass.isEmpty else { throw EvaluationError("no target score defined") }
        pass = try Self.percentage(text.pass, "pass")
        warning = text.warning.isEmpty ? nil : try Self.percentage(text.warning, "warning")
    }

    private static func percentage(_ text: String, _ name: String) throws(EvaluationError) -> Double {
        guard let value = Double(go: text.hasSuffix("%") ? String(text.dropLast()) : text) else {
            throw EvaluationError(
                "could not parse \(name) target percentage: "
                    + "total_score.\(name) is \"\(text)\", it must be a number such as \"90%\"")
        }
        return value
    }
}

/// The objectives' results as they come in, one after the other.
private struct Judgement {
    let previous: [PreviousEvaluation]
    /// What was delivered and not yet used by an objective.
    var supply: IndicatorSupply
    let histories: [String: History]
    let aggregate: ComparisonRule.Aggregate
    private let windows: [Duration: [String: SLIValue]]

    var results: [EvaluationOutcome.IndicatorResult] = []
    var maxScore = 0.0
    /// The last one counts (K §9.5).
    var keyFailure: (name: String, message: String)?

    init(
        aggregate: ComparisonRule.Aggregate, previous: [PreviousEvaluation], values: [SLIValue],
        windows: [Duration: [SLIValue]]
    ) {
        self.aggregate = aggregate
        self.previous = previous
        supply = IndicatorSupply(values)
        histories = History.all(of: previous)
        self.windows = windows.mapValues { Dictionary($0.map { ($0.metric, $0) }) { first, _ in first } }
    }

    /// Nil when all went well; else why the evaluation ends here.
    mutating func judge(_ objectives: [SLO.Objective]) -> String? {
        for objective in objectives {
            if !objective.pass.isEmpty { maxScore += objective.points }
            let value = supply.take(objective.sli)
            let history = histories[objective.sli] ?? History()
            do throws(CriterionError) {
                if objective.pass.isEmpty {
                    results.append(unjudged(objective, .info, value, history))
                } else if let value, value.success {
                    results.append(try compare(objective, value, history))
                } else {
                    results.append(miss(objective, value, history))
                }
            } catch {
                let name = objective.displayName.isEmpty ? objective.sli : objective.displayName
                return "error with \(name): \(error)"
            }
        }
        return nil
    }

    // MARK: One objective

    private mutating func miss(_ objective: SLO.Objective, _ value: SLIValue?, _ history: History)
        -> EvaluationOutcome.IndicatorResult
    {
        let missing = SLIValue(
            metric: objective.sli, value: 0, success: false, message: "no value received from SLI provider")
        if objective.keySLI { keyFailure = (objective.displayName, (value ?? missing).message) }
        return unjudged(objective, .fail, value ?? missing, history)
    }

    private mutating func compare(_ objective: SLO.Objective, _ value: SLIValue, _ history: History)
        throws(CriterionError) -> EvaluationOutcome.IndicatorResult
    {
        let evidence = ObjectiveCriterion.Evidence(
            value: value, base: aggregate(history.values), samplesBefore: history.samples, target: objective.target,
            windows: windows.compactMapValues { $0[objective.sli] })
        let pass = try Section(objective.pass, evidence)
        // A mistake in the warning criteria only makes them not hold (K §9.6).
        let warning = objective.warning.isEmpty ? nil : try? Section(objective.warning, evidence)
        let status: EvaluationOutcome.IndicatorResult.Status =
            pass.isSatisfied ? .pass : warning?.isSatisfied == true ? .warning : .fail
        if status == .fail, objective.keySLI {
            keyFailure = (objective.displayName, "failed evaluation with score 0.000000")
        }
        let warningTargets: [EvaluationOutcome.Target]? =
            if let warning {
                warning.targets.isEmpty ? nil : warning.targets
            } else {
                objective.warning.isEmpty ? nil : []
            }
        let comparesAny = !pass.targets.isEmpty || warning?.targets.isEmpty == false
        return EvaluationOutcome.IndicatorResult(
            sli: objective.sli, displayName: objective.displayName, status: status,
            score: status == .pass ? objective.points : status == .warning ? 0.5 * objective.points : 0,
            value: objective.needsSamples ? value : value.withoutSamples,
            comparedValue: comparesAny ? evidence.base ?? 0 : 0,
            passTargets: pass.targets.isEmpty ? nil : pass.targets,
            warningTargets: warningTargets,
            keySLI: objective.keySLI, comparedEvents: history.events)
    }

    /// An objective without pass criteria, which only reports its value, or one without a value. No criterion was
    /// tried: all of them count as violated, a relative one shows the bare base, and what cannot be parsed is left out
    /// (K §9.2).
    private func unjudged(
        _ objective: SLO.Objective, _ status: EvaluationOutcome.IndicatorResult.Status, _ value: SLIValue?,
        _ history: History
    ) -> EvaluationOutcome.IndicatorResult {
        let base = aggregate(history.values)
        func targets(_ list: [SLO.Criteria]) -> [EvaluationOutcome.Target] {
            list.flatMap(\.criteria).compactMap { text in
                guard let criterion = try? ObjectiveCriterion(parsing: text) else { return nil }
                var shown: Double?
                if case .threshold(let criterion) = criterion {
                    shown = criterion.isRelative ? base : criterion.target(base: nil)
                }
                return EvaluationOutcome.Target(criteria: text, targetValue: shown ?? 0, violated: true)
            }
        }
        return EvaluationOutcome.IndicatorResult(
            sli: objective.sli, displayName: objective.displayName, status: status, score: 0,
            value: value?.withoutSamples, comparedValue: 0, passTargets: targets(objective.pass),
            warningTargets: targets(objective.warning),
            keySLI: false, comparedEvents: history.events)
    }

    /// The pass or the warning criteria of an objective, tried on a value: any list must hold, and in it everything.
    private struct Section {
        var isSatisfied = false
        var targets: [EvaluationOutcome.Target] = []

        init(_ lists: [SLO.Criteria], _ evidence: ObjectiveCriterion.Evidence) throws(CriterionError) {
            for list in lists {
                var holds = true
                for text in list.criteria {
                    let target = try ObjectiveCriterion(parsing: text).judge(text, evidence)
                    targets.append(target)
                    holds = holds && !target.violated
                }
                isSatisfied = isSatisfied || holds
            }
        }
    }

    // MARK: The whole

    /// The message names so many missed objectives.
    private static let explanationsMax = 50

    /// The evaluation ended at a pass criterion that cannot be parsed.
    func stopped(_ message: String) -> EvaluationOutcome {
        EvaluationOutcome(
            status: .succeeded, result: .fail, message: message, computedResult: .fail, score: 0, indicatorResults: nil,
            comparedEvents: previous.map(\.eventID))
    }

    /// Without objectives the score is 0 of 100, so that only a target of 0 is reached.
    func outcome(_ slo: SLO, _ target: TotalScore) -> EvaluationOutcome {
        var outcome = EvaluationOutcome(
            status: .succeeded, result: .pass, message: leftOver, computedResult: .pass, score: 100,
            indicatorResults: results.isEmpty ? nil : results, comparedEvents: previous.map(\.eventID))
        guard maxScore != 0 || results.isEmpty else { return outcome }
        // Points count only where a criterion was tried (K §9.4).
        let points = results.reduce(0) { $0 + ($1.passTargets?.isEmpty == false ? $1.score : 0) }
        outcome.score = results.isEmpty ? 0 : 100 * (points / maxScore)
        if outcome.score >= target.pass, keyFailure == nil { return outcome }

        let words: String
        (outcome.result, words) = missed(target, outcome.score)
        outcome.computedResult = outcome.result
        let explanations = outcome.explanations(of: slo)
        let more =
            explanations.count > Self.explanationsMax ? "; and \(explanations.count - Self.explanationsMax) more" : ""
        let text = explanations.prefix(Self.explanationsMax).joined(separator: "; ") + more
        outcome.message = explanations.isEmpty ? words : "\(words). \(text)."
        return outcome
    }

    /// The result when the target is not reached, or a key objective was missed; with Keptn's words for it.
    private func missed(_ target: TotalScore, _ score: Double) -> (KeptnResult, String) {
        if let keyFailure {
            return (.fail, "Evaluation failed due to key_sli objective '\(keyFailure.name)': \(keyFailure.message)")
        }
        guard let warning = target.warning else {
            let values = "\(score.go) is below the target value of \(target.pass.go)"
            return (.fail, "Evaluation failed since the calculated score of \(values)")
        }
        if score >= warning {
            let values = "\(score.go) is close to the warning target value of \(warning.go)"
            return (.warning, "Evaluation returned a warning: the calculated score of \(values)")
        }
        let values = "\(score.go) is below the warning value of \(warning.go)"
        return (.fail, "Evaluation failed since the calculated score of \(values)")
    }

    /// Said only when the evaluation passes (K §9.9).
    private var leftOver: String {
        guard !results.isEmpty, !supply.rest.isEmpty else { return "" }
        return "Lighthouse received additional SLIs, which are not specified as SLO: "
            + supply.rest.map(\.metric).joined(separator: ", ") + " . Please consider using them as an SLO."
    }
}

extension SLO.Objective {
    /// The objective's weight; none (0) is 1.
    fileprivate var points: Double { Double(weight == 0 ? 1 : weight) }
}
