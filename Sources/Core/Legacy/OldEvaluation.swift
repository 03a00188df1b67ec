import CloudEvents
import KeptnModel

/// The `evaluationdetails` of `evaluation-done` and the `evaluation` of `evaluation.finished`, each from the other.
enum OldEvaluation {
    /// From the details of Keptn 0.6 or of 0.5, which had a total score out of violations.
    static func canonical(_ details: JSON, result: KeptnResult) -> JSON {
        let options = details["options"] ?? .emptyObject
        let results = details["indicatorResults"]?.elements.map(canonical(indicator:))
        let members: [(key: String, value: JSON?)] = [
            ("timeStart", details["timeStart"] ?? time(options["timeStart"])),
            ("timeEnd", details["timeEnd"] ?? time(options["timeEnd"])),
            ("result", .string(result.rawValue)),
            ("score", details["score"] ?? details["totalScore"] ?? 0),
            ("sloFileContent", details["sloFileContent"] ?? ""),
            ("indicatorResults", results.map(JSON.array) ?? .null),
        ]
        return .object(members)
    }

    /// In the form of 0.6.
    static func old(_ evaluation: JSON) -> JSON {
        let results = evaluation["indicatorResults"]?.elements.map(old(indicator:))
        let members: [(key: String, value: JSON?)] = [
            ("timeStart", evaluation["timeStart"]), ("timeEnd", evaluation["timeEnd"]),
            ("result", evaluation["result"]), ("score", evaluation["score"]),
            ("sloFileContent", evaluation["sloFileContent"]),
            ("indicatorResults", results.map(JSON.array) ?? .null),
        ]
        return .object(members)
    }

    private static func canonical(indicator: JSON) -> JSON {
        if let id = indicator["id"] { return canonical(named: id, indicator) }
        return .object([
            ("score", indicator["score"]), ("value", indicator["value"]), ("displayName", ""),
            ("passTargets", indicator["targets"] ?? .null), ("warningTargets", .null), ("keySli", false),
            ("status", indicator["status"]),
        ])
    }

    /// Keptn 0.5: an indicator with a violation has missed its threshold.
    private static func canonical(named id: JSON, _ indicator: JSON) -> JSON {
        let violations = indicator["violations"]?.elements ?? []
        let targets = violations.map { violation -> JSON in
            let threshold = violation["threshold"] ?? .null
            return ["criteria": .string("<\(threshold.text)"), "targetValue": threshold, "violated": true]
        }
        let value: JSON = .object([
            ("metric", id), ("value", violations.first?["value"]), ("success", true),
        ])
        return .object([
            ("score", indicator["score"]), ("value", value), ("displayName", ""), ("passTargets", .array(targets)),
            ("warningTargets", .null), ("keySli", false), ("status", violations.isEmpty ? "pass" : "fail"),
        ])
    }

    private static func old(indicator: JSON) -> JSON {
        let names = ["metric", "value", "success", "message"]
        let value = indicator["value"].flatMap { value in
            value.kind == .object ? JSON.object(names.map { (key: $0, value: value[$0]) }) : value
        }
        let targets = ["passTargets", "warningTargets"].flatMap { indicator[$0]?.elements ?? [] }
        return .object([
            ("score", indicator["score"]), ("value", value),
            ("targets", targets.isEmpty ? .null : .array(targets)), ("status", indicator["status"]),
        ])
    }

    /// Pitometer counted seconds since 1970.
    private static func time(_ value: JSON?) -> JSON? {
        guard let seconds = value?.doubleValue.flatMap({ Int64(exactly: $0.rounded(.down)) }) else { return value }
        return .string(Timestamp(seconds: seconds).rfc3339)
    }
}
