package import CloudEvents
package import KeptnModel

/// The verdict on one evaluation: what evaluation.finished says.
package struct EvaluationOutcome: Sendable, Hashable {
    /// `data.status`: errored only when nothing could be judged.
    package var status: KeptnStatus
    /// `data.result`.
    package var result: KeptnResult
    /// `data.message`: Keptn's words, and after them what was expected of each objective that was missed.
    package var message: String
    /// `data.evaluation.result`: as computed from the objectives. It stays when the provider's own failure makes
    /// `result` a fail (K §9.10).
    package var computedResult: KeptnResult
    /// 0...100 when all weights are positive.
    package var score: Double
    /// One for each objective, in the SLO's order; nil when it did not come to that.
    package var indicatorResults: [IndicatorResult]?
    /// The ids of the earlier evaluation.finished events that were looked at.
    package var comparedEvents: [String]

    /// An evaluation that could not be made.
    package static func errored(_ message: String) -> EvaluationOutcome {
        EvaluationOutcome(
            status: .errored, result: .fail, message: message, computedResult: .fail, score: 0, indicatorResults: nil,
            comparedEvents: [])
    }

    /// The verdict on one objective.
    package struct IndicatorResult: Sendable, Hashable {
        package var sli: String
        package var displayName: String
        package var status: Status
        package var score: Double
        /// Nil only for an informational objective without a value.
        package var value: SLIValue?
        /// The base that the value was compared with; 0 without one.
        package var comparedValue: Double
        /// Nil is written as null: a judged objective without criteria of that kind (K §9.12).
        package var passTargets: [Target]?
        package var warningTargets: [Target]?
        /// False for informational objectives and those without a value, whatever the SLO says (K §9.2).
        package var keySLI: Bool
        /// The earlier evaluations that had a value for this indicator.
        package var comparedEvents: [String]

        package enum Status: String, Sendable, CaseIterable {
            case pass, warning, fail, info
        }
    }

    /// What one criterion came to.
    package struct Target: Sendable, Hashable {
        package var criteria: String
        package var targetValue: Double
        package var violated: Bool
        /// Not Keptn's: what a criterion that is no threshold has found.
        package var note: String?

        package init(criteria: String, targetValue: Double, violated: Bool, note: String? = nil) {
            self.criteria = criteria
            self.targetValue = targetValue
            self.violated = violated
            self.note = note
        }
    }
}

// MARK: - As data.evaluation

extension EvaluationOutcome {
    /// The object `data.evaluation` with Keptn's member names (K §2.0). Numbers that JSON cannot say are null.
    ///
    /// - Parameters:
    ///   - timeStart: The window's begin as the provider answered it in get-sli.finished; likewise `timeEnd`.
    ///   - sloFile: The bytes of `slo.yaml`; empty where none was read.
    ///   - gitCommit: The commit that the file was read at.
    package func evaluationJSON(timeStart: String, timeEnd: String, sloFile: [UInt8], gitCommit: String?) -> JSON {
        .object([
            (key: "timeStart", value: .string(timeStart)),
            (key: "timeEnd", value: .string(timeEnd)),
            (key: "result", value: .string(computedResult.rawValue)),
            (key: "score", value: .number(score)),
            (key: "sloFileContent", value: .string(Base64.encode(sloFile))),
            (key: "indicatorResults", value: indicatorResults.map { .array($0.map(\.json)) } ?? .null),
            (key: "comparedEvents", value: comparedEvents.isEmpty ? nil : .array(comparedEvents.map(JSON.string))),
            (key: "gitCommit", value: gitCommit.map(JSON.string)),
        ])
    }
}

extension EvaluationOutcome.IndicatorResult {
    fileprivate var json: JSON {
        .object([
            (key: "score", value: .number(score)),
            (key: "value", value: valueJSON),
            (key: "displayName", value: .string(displayName)),
            (key: "passTargets", value: Self.json(passTargets)),
            (key: "warningTargets", value: Self.json(warningTargets)),
            (key: "keySli", value: .bool(keySLI)),
            (key: "status", value: .string(status.rawValue)),
        ])
    }

    private var valueJSON: JSON {
        guard let value else { return .null }
        return .object([
            (key: "metric", value: .string(value.metric)),
            (key: "value", value: .number(value.value)),
            (key: "comparedValue", value: .number(comparedValue)),
            (key: "success", value: .bool(value.success)),
            (key: "message", value: value.message.isEmpty ? nil : .string(value.message)),
            (key: "samples", value: value.samplesJSON),
        ])
    }

    private static func json(_ targets: [EvaluationOutcome.Target]?) -> JSON {
        guard let targets else { return .null }
        return .array(
            targets.map { target in
                .object([
                    (key: "criteria", value: .string(target.criteria)),
                    (key: "targetValue", value: .number(target.targetValue)),
                    (key: "violated", value: .bool(target.violated)),
                    (key: "note", value: target.note.map(JSON.string)),
                ])
            })
    }
}
