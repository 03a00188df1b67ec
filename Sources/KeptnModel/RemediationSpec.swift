public import CloudEvents

/// `remediation.yaml`: which actions help against which problem, in the order in which they are tried (K §3.4).
public struct RemediationSpec: Sendable, Hashable {
    public static let fileName = "remediation.yaml"
    /// The one version that Keptn 1.4 takes.
    public static let apiVersion = "spec.keptn.sh/0.1.4"
    /// The `problemType` for whatever nothing else is meant for.
    public static let anyProblem = "default"

    public var name: String
    public var remediations: [Remediation]

    public init(name: String = "", remediations: [Remediation]) {
        self.name = name
        self.remediations = remediations
    }

    /// What is done about one kind of problem.
    public struct Remediation: Sendable, Hashable {
        /// The problem's root cause or title; in today's form `*` stands for any text where no name is the same.
        public var problemType: String
        public var matching: Matching
        public var actions: [Action]

        public init(problemType: String, matching: Matching = .name, actions: [Action]) {
            self.problemType = problemType
            self.matching = matching
            self.actions = actions
        }
    }

    /// How a problem is compared with a `problemType`.
    public enum Matching: Sendable, Hashable {
        /// Spec 0.1.4: the same text.
        case name
        /// Before it: the problem's title begins with it.
        case beginning
    }

    public struct Action: Sendable, Hashable {
        public var name: String
        /// Such as `scaling`; an executor that knows it carries it out.
        public var action: String
        public var description: String
        /// Whatever the executor needs.
        public var value: JSON

        public init(name: String = "", action: String, description: String = "", value: JSON = .null) {
            self.name = name
            self.action = action
            self.description = description
            self.value = value
        }
    }
}
