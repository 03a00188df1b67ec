/// What Keptn's events are called in CDEvents 0.5.1 (https://cdevents.dev), the common words of delivery tools.
package enum CDEvents {
    /// The version of the specification that our events follow.
    package static let specVersion = "0.5.1"

    /// The types that subscribers can ask for.
    package static let types = Kind.allCases.map(\.rawValue)

    /// The types of the Keptn events out of which events of these types come, as patterns.
    ///
    /// - Parameter pattern: A type with the wildcards of NATS subjects, such as `dev.cdevents.service.>`.
    /// - Returns: Empty when Keptn has nothing of that kind.
    package static func canonicalPatterns(for pattern: String) -> [String] {
        let filter = SubscriptionFilter(patterns: [pattern])
        let kinds = Kind.allCases.filter {
            filter.matches(type: $0.rawValue, project: nil, stage: nil, service: nil)
        }
        return Set(kinds.flatMap(\.canonicalPatterns)).sorted()
    }

    /// What we say. CDEvents 0.5.1 has no words for gates, and for approvals only its draft of 0.6; these are events of
    /// our own (`dev.cdeventsx`, "Custom Event Types").
    enum Kind: String, Sendable, CaseIterable {
        case pipelineRunQueued = "dev.cdevents.pipelinerun.queued.0.3.0"
        case pipelineRunStarted = "dev.cdevents.pipelinerun.started.0.3.0"
        case pipelineRunFinished = "dev.cdevents.pipelinerun.finished.0.3.0"
        case taskRunStarted = "dev.cdevents.taskrun.started.0.3.0"
        case taskRunFinished = "dev.cdevents.taskrun.finished.0.3.0"
        case serviceDeployed = "dev.cdevents.service.deployed.0.3.0"
        case serviceUpgraded = "dev.cdevents.service.upgraded.0.3.0"
        case serviceRolledBack = "dev.cdevents.service.rolledback.0.3.0"
        case servicePublished = "dev.cdevents.service.published.0.3.0"
        case serviceRemoved = "dev.cdevents.service.removed.0.3.0"
        case testSuiteRunQueued = "dev.cdevents.testsuiterun.queued.0.3.0"
        case testSuiteRunStarted = "dev.cdevents.testsuiterun.started.0.3.0"
        case testSuiteRunFinished = "dev.cdevents.testsuiterun.finished.0.3.0"
        case incidentDetected = "dev.cdevents.incident.detected.0.3.0"
        case incidentReported = "dev.cdevents.incident.reported.0.3.0"
        case incidentResolved = "dev.cdevents.incident.resolved.0.3.0"
        case environmentCreated = "dev.cdevents.environment.created.0.3.0"
        case environmentDeleted = "dev.cdevents.environment.deleted.0.3.0"
        case evaluationQueued = "dev.cdeventsx.keptn-evaluation.queued.0.1.0"
        case evaluationStarted = "dev.cdeventsx.keptn-evaluation.started.0.1.0"
        case evaluationFinished = "dev.cdeventsx.keptn-evaluation.finished.0.1.0"
        case evaluationInvalidated = "dev.cdeventsx.keptn-evaluation.invalidated.0.1.0"
        case approvalCreated = "dev.cdeventsx.keptn-approval.created.0.1.0"
        case approvalClosed = "dev.cdeventsx.keptn-approval.closed.0.1.0"

        fileprivate var canonicalPatterns: [String] {
            let prefix = "sh.keptn.event."
            return switch self {
            case .pipelineRunQueued: [prefix + "*.*.triggered"]
            // A sequence has begun, at the latest, when its first task is triggered.
            case .pipelineRunStarted: [prefix + "*.*.started", prefix + "*.triggered"]
            case .pipelineRunFinished: [prefix + "*.*.finished"]
            case .taskRunStarted: [prefix + "*.started"]
            case .taskRunFinished: [prefix + "*.finished"]
            case .serviceDeployed, .serviceUpgraded: [prefix + "deployment.finished"]
            case .serviceRolledBack: [prefix + "rollback.finished"]
            case .servicePublished: [prefix + "release.finished"]
            case .serviceRemoved: [prefix + "service.delete.finished"]
            case .testSuiteRunQueued: [prefix + "test.triggered"]
            case .testSuiteRunStarted: [prefix + "test.started"]
            case .testSuiteRunFinished: [prefix + "test.finished"]
            case .incidentDetected, .incidentReported: Self.problems + [prefix + "*.remediation.triggered"]
            case .incidentResolved: Self.problems + [prefix + "*.remediation.finished"]
            case .environmentCreated: [prefix + "project.create.finished"]
            case .environmentDeleted: [prefix + "project.delete.finished"]
            case .evaluationQueued: [prefix + "evaluation.triggered"]
            case .evaluationStarted: [prefix + "evaluation.started"]
            case .evaluationFinished: [prefix + "evaluation.finished"]
            case .evaluationInvalidated: [prefix + "evaluation.invalidated"]
            case .approvalCreated: [prefix + "approval.triggered"]
            case .approvalClosed: [prefix + "approval.finished"]
            }
        }

        /// A problem as monitoring reports it, and one that Keptn keeps (K §1.1).
        static let problems = ["sh.keptn.events.problem", "sh.keptn.event.problem.open"]
    }
}
