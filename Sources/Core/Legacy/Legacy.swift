package import CloudEvents
package import KeptnModel

/// The events of Keptn 0.5 and 0.6 (K §1.1), told in the words of spec 0.2.4 and the other way round.
///
/// In that era each service listened for what the one before it had done: a tester for `deployment-finished`, a judge
/// for `tests-finished`. Here a sequence triggers each task. So an old event that asks somebody to work is written
/// when the task it asks for is triggered, and an old event that reports work answers the task that is open.
package enum Legacy {
    /// An event type of Keptn 0.5 or 0.6.
    package enum OldType: String, Sendable, CaseIterable {
        case projectCreate = "sh.keptn.internal.event.project.create"
        case projectDelete = "sh.keptn.internal.event.project.delete"
        case serviceCreate = "sh.keptn.internal.event.service.create"
        case configurationChange = "sh.keptn.event.configuration.change"
        case deploymentFinished = "sh.keptn.events.deployment-finished"
        case testsFinished = "sh.keptn.events.tests-finished"
        case startEvaluation = "sh.keptn.event.start-evaluation"
        case getSLI = "sh.keptn.internal.event.get-sli"
        case getSLIDone = "sh.keptn.internal.event.get-sli.done"
        case evaluationDone = "sh.keptn.events.evaluation-done"
        case problemOpen = "sh.keptn.event.problem.open"
        case problem = "sh.keptn.events.problem"
        case monitoringConfigure = "sh.keptn.event.monitoring.configure"
        case done = "sh.keptn.events.done"
        case log = "sh.keptn.events.log"

        /// The canonical types that may have to be told as this one, as patterns of a subscription.
        package var canonicalPatterns: [String] {
            let names: [String] =
                switch self {
                case .projectCreate: ["event.project.create.finished"]
                case .projectDelete: ["event.project.delete.finished"]
                case .serviceCreate: ["event.service.create.finished"]
                case .configurationChange:
                    ["event.deployment.triggered", "event.release.triggered", "event.rollback.triggered"]
                case .deploymentFinished: ["event.test.triggered", "event.deployment.finished"]
                case .testsFinished: ["event.evaluation.triggered", "event.test.finished"]
                case .startEvaluation: ["event.evaluation.triggered"]
                case .getSLI: ["event.get-sli.triggered"]
                case .getSLIDone: ["event.get-sli.finished"]
                case .evaluationDone: ["event.evaluation.finished"]
                case .problemOpen: ["event.*.remediation.triggered"]
                case .problem: ["events.problem"]
                case .monitoringConfigure: ["event.monitoring.configure", "event.configure-monitoring.triggered"]
                case .done: ["event.project.create.finished", "event.project.delete.finished"]
                case .log: []
                }
            return names.map { "sh.keptn.\($0)" }
        }
    }

    package static let oldTypes: [String] = OldType.allCases.map(\.rawValue)

    /// The version of CloudEvents that integrations of that era read.
    package static let version = CloudEvent.SpecVersion.v0_2

    /// What a subscription to this type has to be fed with; empty when it is no old type.
    package static func canonicalPatterns(for type: String) -> [String] {
        OldType(rawValue: type)?.canonicalPatterns ?? []
    }

    /// What is known of the run that an old event belongs to.
    package struct Run: Sendable, Hashable {
        package var shipyard: Shipyard
        /// The tasks of the event's context that wait for answers.
        package var openTasks: [OpenTask]

        package init(shipyard: Shipyard, openTasks: [OpenTask] = []) {
            self.shipyard = shipyard
            self.openTasks = openTasks
        }
    }

    /// A task that waits for answers.
    package struct OpenTask: Sendable, Hashable {
        package var triggered: CloudEvent
        /// The sources of its `started` events.
        package var startedBy: Set<String>

        package init(triggered: CloudEvent, startedBy: Set<String> = []) {
            self.triggered = triggered
            self.startedBy = startedBy
        }

        var name: String? {
            guard case .task(let name, .triggered)? = triggered.eventType else { return nil }
            return name
        }
    }

    /// What an old event comes to.
    package enum Meaning: Sendable, Hashable {
        /// These events, in this order, stand for it.
        case events([CloudEvent])
        case createProject(NewProject)
        case deleteProject(String)
        case createService(NewService)
        /// It answers a task that is not open, or no more; says which.
        case orphan(String)
        /// It is understood and has no effect here; says why.
        case noEffect(String)
    }

    package struct NewProject: Sendable, Hashable {
        package var name: String
        /// The bytes of `shipyard.yaml`.
        package var shipyard: [UInt8]
        /// The upstream's address, user and token; empty where none was given.
        package var gitRemoteURL: String
        package var gitUser: String
        package var gitToken: String
    }

    package struct NewService: Sendable, Hashable {
        package var project: String
        package var name: String
        /// The bytes of a packed chart.
        package var helmChart: [UInt8]?
        /// `direct` or `duplicate` by stage; `*` stands for every stage.
        package var deploymentStrategies: [String: String]
    }

    /// Why an old event cannot be understood: the offending value, and what would be right.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }
}
