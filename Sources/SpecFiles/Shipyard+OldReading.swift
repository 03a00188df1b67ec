import CloudEvents
import KeptnModel

/// The shipyard of Keptn 0.5 to 0.7: a list of stages with strategies. It becomes one of today as `keptn upgrade
/// project` made it (K §3.1), with the remediation that the tool left out.
extension Shipyard {
    private static let oldVersion = "0.1.0"

    /// Whether the file has the old form: stages at the top, and no version.
    static func isOld(_ root: Place) -> Bool {
        guard case .mapping(let pairs) = root.node.content else { return false }
        let keys = pairs.map(\.key)
        return keys.contains("stages") && !keys.contains("apiVersion") && !keys.contains("spec")
    }

    init(readingOld root: Place) {
        var stages: [Stage] = []
        var names: Set<String> = []
        let list = root.fields(["stages"]).required("stages")
        for element in list?.elements() ?? [] {
            let stage = OldStage(reading: element, &names)
            stages.append(stage.stage(after: stages.last?.name))
        }
        if let list, case .sequence = list.node.content, stages.isEmpty {
            list.error("a shipyard needs at least one stage")
        }
        self.init(version: Self.oldVersion, name: "", stages: stages)
    }
}

/// A stage as the old form describes it.
private struct OldStage {
    let name: String
    let isBlueGreen: Bool
    /// Nil for a stage without tests.
    let testStrategy: String?
    let isRemediated: Bool
    let approval: JSON

    /// What Keptn 0.5 waits for before it looks whether an action has helped (K §1.10).
    private static let remediationWait = Duration.seconds(180)

    init(reading place: Place, _ names: inout Set<String>) {
        let fields = place.fields([
            "name", "deployment_strategy", "test_strategy", "remediation_strategy", "approval_strategy",
        ])
        name = Shipyard.stageName(fields.required("name"), &names)
        fields["deployment_strategy"]?.expectWord(["direct", "blue_green_service", "blue_green", "canary"])
        isBlueGreen = fields["deployment_strategy"].map { $0.text() != "direct" } ?? false
        fields["test_strategy"]?.expectWord(["functional", "performance", "real-user"])
        testStrategy = fields["test_strategy"]?.text()
        fields["remediation_strategy"]?.expectWord(["automated"])
        isRemediated = fields["remediation_strategy"]?.text() == "automated"
        let strategy = fields["approval_strategy"]?.fields(["pass", "warning"])
        func answer(to result: String) -> JSON {
            strategy?[result]?.expectWord(["automatic", "manual"])
            return .string(strategy?[result]?.text() ?? "automatic")
        }
        approval = ["pass": answer(to: "pass"), "warning": answer(to: "warning")]
    }

    func stage(after previous: String?) -> Shipyard.Stage {
        func delivery(_ name: String, strategy: String) -> Shipyard.Sequence {
            Shipyard.Sequence(
                name: name, triggeredOn: previous.map { [.init(event: "\($0).\(name).finished")] } ?? [],
                tasks: tasks(strategy: strategy))
        }
        var sequences = [
            delivery("delivery", strategy: isBlueGreen ? "blue_green_service" : "direct"),
            delivery("delivery-direct", strategy: "direct"),
        ]
        if isBlueGreen {
            let failed = Shipyard.Trigger(event: "\(name).delivery.finished", match: ["result": "fail"])
            sequences.append(.init(name: "rollback", triggeredOn: [failed], tasks: [.init(name: "rollback")]))
        }
        if isRemediated { sequences.append(remediation) }
        return Shipyard.Stage(name: name, sequences: sequences)
    }

    private func tasks(strategy: String) -> [Shipyard.Task] {
        var tasks = [Shipyard.Task(name: "deployment", properties: ["deploymentstrategy": .string(strategy)])]
        if let testStrategy {
            tasks.append(.init(name: "test", properties: ["teststrategy": .string(testStrategy)]))
            // Without a test there is no time to look at.
            tasks.append(.init(name: "evaluation"))
        }
        return tasks + [.init(name: "approval", properties: approval), .init(name: "release")]
    }

    private var remediation: Shipyard.Sequence {
        Shipyard.Sequence(
            name: "remediation",
            triggeredOn: [
                .init(event: "\(name).remediation.finished", match: ["evaluation.result": "fail"])
            ],
            tasks: [
                .init(name: "get-action"), .init(name: "action"),
                .init(name: "evaluation", triggeredAfter: Self.remediationWait, properties: ["timeframe": "3m"]),
            ])
    }
}
