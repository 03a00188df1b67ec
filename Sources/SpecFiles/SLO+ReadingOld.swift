import KeptnModel

/// `service-objectives.yaml` of Keptn 0.5 (K §1.11): each metric that is below its threshold earns its score, and the
/// sum is compared with two marks. Read as the SLO that gives the same verdicts; `timeframe` has no counterpart, the
/// window of an evaluation is that of the tests.
extension SLO {
    init(readingOld root: Place) {
        let file = root.fields(["pass", "warning", "objectives"])
        var sum = 0
        var objectives: [Objective] = []
        for place in file.required("objectives")?.elements() ?? [] {
            let fields = place.fields(["metric", "threshold", "timeframe", "score"])
            let metric = fields.required("metric")?.text() ?? ""
            let threshold = fields.required("threshold").map(Self.threshold) ?? ""
            let score = fields.required("score")?.integer(in: 0...Self.scoreMax) ?? 0
            sum += score
            // Without a score it cannot change the verdict, which makes it informational.
            let pass = score > 0 ? [Criteria(["<\(threshold)"])] : []
            objectives.append(Objective(sli: metric, pass: pass, weight: max(score, 1)))
        }
        /// A mark as a part of all that can be earned.
        func percentage(_ place: Place?) -> String {
            guard let place else { return "" }
            let mark = place.number(in: 0...Double(Self.scoreMax))
            if mark > Double(sum), sum > 0 {
                place.warning("\(place.name) is \(place.text()), but all scores together are only \(sum)")
            }
            return sum > 0 ? "\(100 * mark / Double(sum))%" : "\(mark)%"
        }
        let pass = percentage(file.required("pass"))
        self.init(
            objectives: objectives, totalScore: TotalScore(pass: pass, warning: percentage(file["warning"])))
    }

    private static let scoreMax = 1_000_000

    /// A plain number: a sign would make it relative, and criteria know no exponents.
    private static func threshold(_ place: Place) -> String {
        guard case .scalar(let text, _) = place.node.content, Double(text) != nil,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else {
            place.mismatch("a number such as 800 or 0.5")
            return ""
        }
        return text
    }
}

extension SLI {
    /// `service-indicators.yaml` of Keptn 0.5 (K §1.11) as one `sli.yaml` for each source, by the source's name in
    /// lower case. A `queryObject` becomes `KEY=VALUE&…`.
    static func readOld(_ root: Place) -> [String: SLI] {
        var providers: [String: SLI] = [:]
        for place in root.fields(["indicators"]).required("indicators")?.elements() ?? [] {
            let fields = place.fields(["metric", "source", "query", "queryObject"])
            let metric = fields.required("metric")
            let source = fields.required("source")?.text().lowercased() ?? ""
            let query = fields["query"]?.text() ?? fields["queryObject"].map(joined) ?? ""
            if query.isEmpty, fields.isMapping { place.error("\(place.name) has neither 'query' nor 'queryObject'") }
            let name = metric?.text() ?? ""
            let old = providers[source, default: SLI(indicators: [:])].indicators.updateValue(
                today(query), forKey: name)
            if old != nil { metric?.error("there are two indicators '\(shortened(name))' of source '\(source)'") }
        }
        return providers
    }

    private static func joined(_ queryObject: Place) -> String {
        queryObject.elements().map { place in
            let fields = place.fields(["key", "value"])
            return "\(fields.required("key")?.text() ?? "")=\(fields.required("value")?.text() ?? "")"
        }.joined(separator: "&")
    }

    /// The query with today's names of its placeholders. The test's duration was in seconds, whatever letter followed.
    private static func today(_ query: String) -> String {
        var out = ""
        var rest = query[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            rest = rest[dollar...]
            let word = rest.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            switch word {
            case "ENVIRONMENT": out += "$STAGE"
            case "DURATION", "DURATIONs", "DURATIONm": out += "$DURATION_SECONDS"
            default: out += "$\(word)"
            }
            rest = rest.dropFirst(word.count + 1)
        }
        return out + rest
    }
}
