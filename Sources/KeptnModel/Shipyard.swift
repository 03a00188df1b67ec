public import CloudEvents

/// A shipyard of spec 0.2.x: the stages of a project and the sequences of tasks that run in them.
public struct Shipyard: Sendable, Hashable {
    /// The version after `spec.keptn.sh/`.
    public var version: String
    public var name: String
    public var stages: [Stage]

    public struct Stage: Sendable, Hashable {
        public var name: String
        public var sequences: [Sequence]

        public init(name: String, sequences: [Sequence]) {
            self.name = name
            self.sequences = sequences
        }
    }

    public struct Sequence: Sendable, Hashable {
        public var name: String
        public var triggeredOn: [Trigger]
        public var tasks: [Task]

        public init(name: String, triggeredOn: [Trigger] = [], tasks: [Task]) {
            self.name = name
            self.triggeredOn = triggeredOn
            self.tasks = tasks
        }
    }

    /// Starts a sequence when another one has finished.
    public struct Trigger: Sendable, Hashable {
        /// Short form `STAGE.SEQUENCE.finished`.
        public var event: String
        /// What the finished sequence must have shown: `result` or `TASK.result` against pass, warning or fail. Empty
        /// when the file has no selector: then pass and warning both match, as in Keptn 1.4.5.
        public var match: [String: String]

        public init(event: String, match: [String: String] = [:]) {
            self.event = event
            self.match = match
        }
    }

    public struct Task: Sendable, Hashable {
        public var name: String
        /// How long the task's event is held back after its turn has come.
        public var triggeredAfter: Duration?
        /// Merged into `data.TASK` of the task's triggered event; a JSON object.
        public var properties: JSON?

        public init(name: String, triggeredAfter: Duration? = nil, properties: JSON? = nil) {
            self.name = name
            self.triggeredAfter = triggeredAfter
            self.properties = properties
        }
    }

    public init(version: String, name: String, stages: [Stage]) {
        self.version = version
        self.name = name
        self.stages = stages
    }

    public func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }
}
