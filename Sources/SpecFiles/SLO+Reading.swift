import KeptnModel

/// `slo.yaml`. What makes a file invalid is what stops Keptn's parser: wrong types and keys that stand twice.
/// Everything else, even what cannot be evaluated later, is a warning at most.
extension SLO {
    init(reading root: Place) {
        let file = root.fields(["spec_version", "filter", "comparison", "objectives", "total_score"])
        self.init(
            specVersion: file["spec_version"]?.text() ?? "",
            filter: file["filter"]?.textPairs() ?? [],
            comparison: file["comparison"].map(Comparison.init(reading:)),
            objectives: file["objectives"]?.elements().map(Objective.init(reading:)) ?? [],
            totalScore: file["total_score"].map(TotalScore.init(reading:)))
        guard !root.findings.hasErrors else { return }
        if objectives.isEmpty { root.warning("the file has no 'objectives', so every evaluation fails") }
        if totalScore?.pass.isEmpty ?? true {
            root.warning("the file has no 'total_score.pass', so every evaluation fails")
        }
    }
}

extension SLO.Comparison {
    fileprivate init(reading place: Place) {
        let fields = place.fields([
            "compare_with", "include_result_with_score", "number_of_comparison_results", "aggregate_function",
        ])
        fields["compare_with"]?.expectWord(["single_result", "several_results"])
        fields["include_result_with_score"]?.expectWord(["pass", "pass_or_warn", "all"], ignoringCase: true)
        fields["aggregate_function"]?.expectWord(["avg", "p50", "p90", "p95"])
        self.init(
            compareWith: fields["compare_with"]?.text() ?? "",
            includeResultWithScore: fields["include_result_with_score"]?.text() ?? "",
            numberOfComparisonResults: fields["number_of_comparison_results"]?.integer(cuttingDecimals: true) ?? 0,
            aggregateFunction: fields["aggregate_function"]?.text() ?? "")
    }
}

extension SLO.Objective {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["sli", "displayName", "pass", "warning", "weight", "key_sli", "target"])
        let sli = fields["sli"]?.text() ?? ""
        if sli.isEmpty, fields.isMapping { place.warning("\(place.name) has no 'sli', so it never gets a value") }
        let weight = fields["weight"]?.integer(cuttingDecimals: true) ?? 1
        if weight < 0 { fields["weight"]?.warning("'weight' is negative") }
        self.init(
            sli: sli,
            displayName: fields["displayName"]?.text() ?? "",
            pass: fields["pass"]?.elements().map(SLO.Criteria.init(reading:)) ?? [],
            warning: fields["warning"]?.elements().map(SLO.Criteria.init(reading:)) ?? [],
            weight: weight,
            keySLI: fields["key_sli"]?.boolean() ?? false, target: fields["target"]?.share())
        let criteria = (pass + warning).flatMap(\.criteria)
        if target == nil, criteria.contains(where: { BurnRateCriterion.isMeant(by: $0) }) {
            place.warning("\(place.name) has a criterion with 'burn_rate' and no 'target' such as 99.9%")
        }
    }
}

extension Place {
    /// A share of 1 above 0 and below 1, as `0.999` or `99.9%`.
    fileprivate func share() -> Double? {
        let text = text()
        let isPercent = text.hasSuffix("%")
        let number = Double(isPercent ? text.dropLast() : text[...]).map { isPercent ? $0 / 100 : $0 }
        guard let number, number > 0, number < 1 else {
            if !text.isEmpty { mismatch("a share between 0 and 1, such as 0.999 or 99.9%") }
            return nil
        }
        return number
    }
}

extension SLO.Criteria {
    fileprivate init(reading place: Place) {
        let criteria = place.fields(["criteria"])["criteria"]?.elements() ?? []
        for place in criteria {
            guard case .scalar(let text, _) = place.node.content else { continue }
            do throws(CriterionError) {
                _ = try ObjectiveCriterion(parsing: text)
            } catch {
                place.warning("'\(shortened(text))' is no criterion: it \(error.demand)")
            }
        }
        self.init(criteria.map { $0.text() })
    }
}

extension SLO.TotalScore {
    fileprivate init(reading place: Place) {
        let fields = place.fields(["pass", "warning"])
        for key in ["pass", "warning"] {
            guard let place = fields[key], case .scalar(let text, _) = place.node.content else { continue }
            if Double(text.hasSuffix("%") ? text.dropLast() : text[...]) == nil {
                place.warning("'\(key)' needs a percentage such as \"90%\", found \(place.node.found)")
            }
        }
        self.init(pass: fields["pass"]?.text() ?? "", warning: fields["warning"]?.text() ?? "")
    }
}
