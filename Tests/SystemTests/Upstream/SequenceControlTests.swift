import CloudEvents
import Testing

/// The component tests of Keptn's shipyard controller (`main_test.go`, K §6.5) by their names, against the built server
/// over HTTP: abort, pause, resume and deletion.
@Suite("Upstream: shipyard controller, control", .timeLimit(.minutes(5)))
struct SequenceControlTests {
    private static let deliveries = SequenceTests.deliveries

    @Test("Test__main_SeuenceQueueTriggerAndDeleteProject")
    func deleteProject() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let made = try await project.server.send(
                            "POST", "/controlPlane/v1/project/shop/service",
                            ["serviceName": .string("service-\(number)")])
                        #expect(made.status == 200, "\(made.json)")
                        _ = try await project.trigger("delivery", of: "service-\(number)")
                    }
                }
                try await group.waitForAll()
            }
            try await KeptnProcess.eventually("all are there") {
                try await project.states().count == 50
            }
            try await KeptnProcess.eventually("a task is open") {
                try await !project.open("mytask").isEmpty
            }
            let deleted = try await project.server.send("DELETE", "/controlPlane/v1/project/shop")
            #expect(deleted.status == 200)
            try await project.create(shipyard: Self.deliveries)
            #expect(try await project.open("mytask").isEmpty)
            #expect(try await project.states().isEmpty)
        }
    }

    @Test("Test__main_SequenceControl_Abort")
    func abort() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let context = try await project.trigger("delivery")
            try await project.start(try await project.task("mytask", of: context))
            try await project.control(context, "abort")
            try await project.becomes("aborted", context)
            #expect(try await project.open("mytask").isEmpty)
        }
    }

    @Test("Test__main_SequenceControl_AbortQueuedSequence")
    func abortQueued() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("delivery")
            try await project.start(try await project.task("mytask", of: first))
            let second = try await project.trigger("delivery")
            try await project.becomes("waiting", second)
            try await project.control(second, "abort")
            try await project.becomes("aborted", second)
            try await project.becomes("started", first)
        }
    }

    /// Another sequence takes over as soon as the paused one's task has ended, and not beside it as in Keptn
    /// (docs/compatibility.md).
    @Test("Test__main_SequenceControl_PauseSequence")
    func pause() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("delivery")
            let task = try await project.task("mytask", of: first)
            try await project.start(task)
            try await project.control(first, "pause")
            try await project.becomes("paused", first)
            let second = try await project.trigger("delivery")
            try await project.becomes("waiting", second)
            try await project.finish(task)
            try await project.becomes("started", second)
            _ = try await project.task("mytask", of: second)
            #expect(try await project.latest("test.triggered", of: first) == nil)
        }
    }

    @Test("Test__main_SequenceControl_AbortPausedSequenceTaskPartiallyFinished")
    func abortPausedPartiallyFinished() async throws {
        try await ProjectUnderTest.with(shipyard: Self.deliveries) { project in
            let first = try await project.trigger("delivery")
            let task = try await project.task("mytask", of: first)
            try await project.start(task, source: "one")
            try await project.start(task, source: "two")
            try await project.finish(task, result: "fail", source: "one")
            let second = try await project.trigger("delivery")
            try await project.becomes("waiting", second)
            try await project.control(first, "pause")
            try await project.becomes("paused", first)
            try await project.control(first, "abort")
            try await project.becomes("aborted", first)
            try await project.becomes("started", second)
            _ = try await project.task("mytask", of: second)
        }
    }

    @Test("Test__main_SequenceControl_AbortPausedSequenceMultipleStages")
    func abortPausedMultipleStages() async throws {
        let shipyard = """
            apiVersion: spec.keptn.sh/0.2.3
            kind: Shipyard
            metadata: {name: shop}
            spec:
              stages:
              - {name: dev, sequences: [{name: delivery, tasks: [{name: task1}]}]}
              - name: prod-a
                sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: task2}]}]
              - name: prod-b
                sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: task2}]}]
            """
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            let first = try await project.trigger("delivery")
            try await project.run("task1", of: first)
            for stage in ["prod-a", "prod-b"] { _ = try await project.task("task2", in: stage, of: first) }
            let second = try await project.trigger("delivery")
            try await project.run("task1", of: second)
            try await project.becomes("waiting", second)
            try await project.control(first, "abort")
            try await project.becomes("aborted", first)
            for stage in ["prod-a", "prod-b"] { _ = try await project.task("task2", in: stage, of: second) }
        }
    }

    private static let threeTasks = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
          - {name: dev, sequences: [{name: delivery, tasks: [{name: task1}, {name: task2}, {name: task3}]}]}
          - name: prod
            sequences: [{name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: task4}]}]
        """

    @Test("Test__main_SequenceControl_PauseAndResume")
    func pauseAndResume() async throws {
        try await ProjectUnderTest.with(shipyard: Self.threeTasks) { project in
            let context = try await project.trigger("delivery")
            let task = try await project.task("task1", of: context)
            try await project.start(task)
            try await project.control(context, "pause")
            try await project.finish(task)
            try await project.becomes("paused", context)
            try await project.show(["dev": "task1.finished"], context)
            #expect(try await project.latest("task2.triggered", of: context) == nil)
            try await project.control(context, "resume")
            for name in ["task2", "task3"] { try await project.run(name, of: context) }
            try await project.run("task4", in: "prod", of: context)
            try await project.becomes("finished", context)
        }
    }

    /// The API refuses what no executor should send (K §2.2); `unknown`, which is allowed, ends the sequence.
    @Test("Test__main_SequenceControl_UnknownStatus")
    func unknownStatus() async throws {
        try await ProjectUnderTest.with(shipyard: Self.threeTasks) { project in
            let context = try await project.trigger("delivery")
            let task = try await project.task("task1", of: context)
            try await project.start(task)
            try await project.becomes("started", context)
            let data = try #require(task["data"]).setting("result", to: "random result")
                .setting("status", to: "random status")
            let refused = try await project.post("task1.finished", data, answering: task)
            #expect(refused.status == 400)
            try await project.finish(task, result: "fail", status: "unknown")
            try await project.becomes("finished", context)
            #expect(try await project.latest("task2.triggered", of: context) == nil)
        }
    }
}
