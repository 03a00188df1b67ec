package import CloudEvents
package import KeptnModel

/// One sequence in one stage, as far as the four figures need it.
package struct DeliveryFact: Sendable, Hashable {
    package var scope: Scope
    package var sequence: String
    package var context: String
    /// What is delivered; nil for a run without a new version.
    package var artifact: String?
    /// When the sequence was triggered.
    package var triggeredAt: Timestamp
    /// Of the `deployment` task, when there was one and it has finished.
    package var deployment: End?
    /// Of the whole sequence, when it has finished.
    package var end: End?

    package struct End: Sendable, Hashable {
        package var at: Timestamp
        package var isGood: Bool

        package init(at: Timestamp, isGood: Bool) {
            self.at = at
            self.isGood = isGood
        }
    }

    package init(
        scope: Scope, sequence: String, context: String, artifact: String? = nil, triggeredAt: Timestamp,
        deployment: End? = nil, end: End? = nil
    ) {
        self.scope = scope
        self.sequence = sequence
        self.context = context
        self.artifact = artifact
        self.triggeredAt = triggeredAt
        self.deployment = deployment
        self.end = end
    }

    /// An aborted sequence has no verdict: it counts as not finished.
    package init(_ execution: SequenceExecution) {
        let deployed = execution.finishedTasks.last { $0.name == "deployment" }
        let verdict = execution.outcome.flatMap { $0.status == .aborted ? nil : $0 }
        self.init(
            scope: execution.scope, sequence: execution.definition.name, context: execution.context,
            artifact: execution.payload["configurationChange", "values", "image"]?.stringValue,
            triggeredAt: execution.triggeredAt,
            deployment: deployed.map { End(at: $0.finishedAt, isGood: $0.outcome.result != .fail) },
            end: execution.finishedAt.flatMap { at in
                verdict.map { End(at: at, isGood: $0.result != .fail && $0.status == .succeeded) }
            })
    }
}
