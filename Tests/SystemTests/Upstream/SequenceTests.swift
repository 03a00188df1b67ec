import CloudEvents
import Testing

/// The component tests of Keptn's shipyard controller (`main_test.go`, K §6.5) by their names, against the built server
/// over HTTP: how sequences run, queue and end.
@Suite("Upstream: shipyard controller, sequences", .timeLimit(.minutes(5)))
struct SequenceTests {
    static let deliveries = """
        apiVersion: spec.keptn.sh/0.2.2
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
          - name: dev
            sequences:
            - {name: delivery, tasks: [{name: mytask}, {name: test}]}
            - {name: approved, tasks: [{name: approval, properties: {pass: manual, warning: manual}}, {name: mytask}]}
          - name: hardening
            sequences:
            - {name: delivery, tasks: [{name: deployment}, {name: test}]}
        """

    @Test("Test__main_Delivery")
    func delivery() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let context = try await project.trigger(
                "delivery", in: "hardening", data: ["configurationChange": ["values": ["image": "registry/cart:0.1.0"]]]
            )
            try await project.becomes("started", context)
            let deployment = try await project.task("deployment", in: "hardening", of: context)
            try await project.start(deployment)
            try await project.show(["hardening": "deployment.started"], context)
            try await project.finish(deployment)
            _ = try await project.task("test", in: "hardening", of: context)
            let shown = try await project.server.send("GET", "/controlPlane/v1/project/shop")
            let service = shown.json["stages"]?.elements[1]["services"]?.elements.first
            #expect(service?["deployedImage"] == "registry/cart:0.1.0")
        }
    }

    @Test(
        "Test__main_TriggerNextSequenceOnSuccess, Test__main_TriggerNextSequenceOnFailure",
        arguments: [("pass", "notify-success", "notify-failure"), ("fail", "notify-failure", "notify-success")])
    func nextSequence(result: String, next: String, other: String) async throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.2
            kind: Shipyard
            metadata: {name: shop}
            spec:
              stages:
              - name: dev
                sequences:
                - {name: delivery, tasks: [{name: deliver}]}
                - name: notify-failure
                  triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}]
                  tasks: [{name: notify-failure}]
                - name: notify-success
                  triggeredOn: [{event: dev.delivery.finished}]
                  tasks: [{name: notify-success}]
            """
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            let context = try await project.trigger("delivery")
            try await project.run("deliver", of: context, result: result)
            try await project.run(next, of: context)
            try await project.becomes("finished", context)
            #expect(try await project.latest("\(other).triggered", of: context) == nil)
        }
    }

    @Test("Test__main_SequenceQueue")
    func queue() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("delivery")
            let task = try await project.task("mytask", of: first)
            let second = try await project.trigger("delivery")
            try await project.becomes("waiting", second)
            #expect(try await project.latest("mytask.triggered", of: second) == nil)
            try await project.start(task)
            try await project.finish(task, result: "fail")
            try await project.becomes("started", second)
            _ = try await project.task("mytask", of: second)
        }
    }

    @Test("Test__main_SequenceQueueWithTimeout")
    func queueWithTimeout() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries, arguments: ["--task-start-timeout", "1s"]) {
            let first = try await $0.trigger("delivery")
            let second = try await $0.trigger("delivery")
            try await $0.becomes("timedOut", first)
            _ = try await $0.task("mytask", of: second)
        }
    }

    @Test("Test__main_SequenceQueueApproval")
    func queueApproval() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("approved")
            let approval = try await project.task("approval", of: first)
            let second = try await project.trigger("delivery")
            let task = try await project.task("mytask", of: second)
            try await project.start(task)
            try await project.finish(approval)
            try await project.becomes("waiting", first)
            #expect(try await project.latest("mytask.triggered", of: first) == nil)
            try await project.finish(task)
            try await project.run("test", of: second)
            try await project.becomes("finished", second)
            _ = try await project.task("mytask", of: first)
        }
    }

    @Test("Test__main_SequenceStateParallelStages")
    func parallelStages() async throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.2
            kind: Shipyard
            metadata: {name: shop}
            spec:
              stages:
              - {name: dev, sequences: [{name: delivery, tasks: [{name: deliver}]}]}
              - name: staging-2
                sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: deliver}]}]
              - name: staging-1
                sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: deliver}]}]
            """
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            let context = try await project.trigger("delivery")
            let task = try await project.task("deliver", of: context)
            try await project.show(["dev": "deliver.triggered"], context)
            try await project.start(task)
            try await project.show(["dev": "deliver.started"], context)
            try await project.finish(task)
            var shown = [
                "dev": "dev.delivery.finished", "staging-1": "deliver.triggered", "staging-2": "deliver.triggered",
            ]
            try await project.show(shown, context)
            for stage in ["staging-1", "staging-2"] {
                let task = try await project.task("deliver", in: stage, of: context)
                try await project.start(task)
                shown[stage] = "deliver.started"
                try await project.show(shown, context)
                #expect(try await project.states(context).first?["state"] == "started")
                try await project.finish(task)
                shown[stage] = "\(stage).delivery.finished"
                try await project.show(shown, context)
            }
            try await project.becomes("finished", context)
        }
    }

    @Test("Test__main_SequenceState_RetrieveMultiple")
    func retrieveMultiple() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("delivery")
            let second = try await project.trigger("delivery")
            _ = try await project.trigger("delivery")
            for (contexts, count) in [(first, 1), (second, 1), ("\(first),\(second)", 2)] {
                try await KeptnProcess.eventually("\(count) states") {
                    try await project.states(contexts).count == count
                }
            }
        }
    }

    @Test("Test__main_SequenceState_SequenceNotFound")
    func sequenceNotFound() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let context = try await project.trigger("unknown")
            try await project.becomes("finished", context)
            let finished = try await project.latest("dev.unknown.finished", of: context)
            #expect(finished?["data", "status"] == "errored")
            #expect(finished?["data", "result"] == "fail")
        }
    }

    @Test("Test__main_SequenceState_InvalidShipyard")
    func invalidShipyard() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let old = Self.deliveries.replacing("spec.keptn.sh/0.2.2", with: "0.1.7")
            let content: JSON = .string(Base64.encode(old.utf8))
            let made = try await project.server.send(
                "POST", "/controlPlane/v1/project", ["name": "other", "shipyard": content])
            #expect(made.status == 400)
            #expect(made.json["message"]?.stringValue?.contains("0.1.7") == true, "\(made.json)")
            let pushed = try await project.server.send(
                "PUT", "/resource-service/v1/project/shop/resource/shipyard.yaml", ["resourceContent": content])
            #expect(pushed.status == 400, "a shipyard that nobody can follow does not replace a good one")
            _ = try await project.task("mytask", of: try await project.trigger("delivery"))
        }
    }

    @Test("Test__main_SequenceTimeout")
    func timeout() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries, arguments: ["--task-start-timeout", "1s"]) {
            let context = try await $0.trigger("delivery")
            try await $0.becomes("timedOut", context)
            let finished = try await $0.latest("dev.delivery.finished", of: context)
            #expect(finished?["data", "status"] == "errored")
            #expect(finished?["data", "message"]?.stringValue?.contains("timed out") == true)
        }
    }

    static func delayed(_ delay: String) -> String {
        deliveries.replacing("[{name: mytask}, ", with: "[{name: mytask, triggeredAfter: \"\(delay)\"}, ")
    }

    @Test("Test__main_SequenceTimeoutDelayedTask")
    func delayedTask() async throws {
        try await ProjectUnderTest.with(shipyard: Self.delayed("3s"), arguments: ["--task-start-timeout", "1s"]) {
            let context = try await $0.trigger("delivery")
            _ = try await $0.task("mytask", of: context)
        }
    }

    @Test("Test__main_SequenceTimeoutDelayedTaskCancelSequence")
    func delayedTaskCancelled() async throws {
        try await ProjectUnderTest.with(shipyard: Self.delayed("10m")) { project in
            let context = try await project.trigger("delivery")
            try await KeptnProcess.eventually("the sequence is known") {
                try await project.states(context).count == 1
            }
            try await project.control(context, "abort")
            try await project.becomes("aborted", context)
            #expect(try await project.latest("mytask.triggered", of: context) == nil)
            #expect(try await project.open("mytask").isEmpty)
            _ = try await project.trigger("approved")
        }
    }

    @Test("Test__main_SequenceLoop")
    func loop() async throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.2
            kind: Shipyard
            metadata: {name: shop}
            spec:
              stages:
              - name: dev
                sequences:
                - name: delivery
                  triggeredOn: [{event: dev.delivery.finished, selector: {match: {mytask.result: fail}}}]
                  tasks: [{name: mytask}, {name: othertask}]
            """
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            let context = try await project.trigger("delivery")
            let first = try await project.run("mytask", of: context, result: "fail")
            try await project.run("mytask", of: context, after: first)
            try await project.run("othertask", of: context, result: "fail")
            try await project.becomes("finished", context)
            #expect(try await project.open("mytask").isEmpty)
        }
    }
}
