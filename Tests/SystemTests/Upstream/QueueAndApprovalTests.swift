import CloudEvents
import Testing

/// Keptn's own test cases of these names (K §6.5), against the built server over HTTP.
@Suite("Upstream: queue and approvals", .timeLimit(.minutes(5)))
struct QueueAndApprovalTests {
    @Test("Test_SequenceQueue_TriggerMultiple")
    func triggerMultiple() async throws {
        try await ProjectUnderTest.with(shipyard: SequenceTests.deliveries) { project in
            var contexts: [String] = []
            for _ in 0..<10 { contexts.append(try await project.trigger("delivery")) }
            for context in contexts {
                let task = try await project.task("mytask", of: context)
                #expect(try await project.open("mytask").map { $0["id"] } == [task["id"]], "one at a time, in order")
                try await project.becomes("started", context)
                try await project.control(context, "abort")
                try await project.becomes("aborted", context)
            }
            #expect(try await project.open("mytask").isEmpty)
        }
    }

    private static let stages = [
        (stage: "combi1", pass: "automatic", warning: "automatic"),
        (stage: "combi2", pass: "manual", warning: "automatic"),
        (stage: "combi3", pass: "automatic", warning: "manual"),
        (stage: "combi4", pass: "manual", warning: "manual"),
    ]

    @Test("Test_DeliveryAssistant")
    func deliveryAssistant() async throws {
        let stages = Self.stages.map {
            "  - name: \($0.stage)\n    sequences:\n    - name: approval\n"
                + "      tasks: [{name: approval, properties: {pass: \($0.pass), warning: \($0.warning)}}]\n"
        }
        let shipyard =
            "apiVersion: spec.keptn.sh/0.2.2\nkind: Shipyard\nmetadata: {name: shop}\nspec:\n  stages:\n"
            + stages.joined()
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            for (stage, pass, warning) in Self.stages {
                for (result, rule) in [("pass", pass), ("warning", warning), ("fail", "automatic"), ("", "manual")] {
                    let context = try await project.trigger(
                        "approval", in: stage, data: ["result": result.isEmpty ? nil : .string(result)])
                    if rule == "manual" { try await Self.approve(context, in: stage, project) }
                    try await project.becomes("finished", context)
                    let finished = try await project.latest("approval.finished", in: stage, of: context)
                    let expected = result == "fail" ? "fail" : "pass"
                    #expect(finished?["data", "result"]?.stringValue == expected, "\(stage) after '\(result)'")
                    #expect(finished?["data", "status"] == "succeeded")
                }
            }
            #expect(try await project.open("approval").isEmpty)
        }
    }

    /// Waits until the approval waits for somebody, and gives it.
    private static func approve(_ context: String, in stage: String, _ project: ProjectUnderTest) async throws {
        let request = try await project.task("approval", in: stage, of: context)
        try await KeptnProcess.eventually("the approval is started") {
            try await project.latest("approval.started", in: stage, of: context) != nil
        }
        #expect(try await project.latest("approval.finished", in: stage, of: context) == nil)
        try await project.finish(request, source: "user")
    }
}
