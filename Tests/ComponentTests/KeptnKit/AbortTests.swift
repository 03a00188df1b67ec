import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import Testing

/// What becomes of a task whose sequence is aborted.
@Suite("Aborted sequences", .timeLimit(.minutes(5)))
struct AbortTests {
    private let bench = IntegrationBench()
    private let types = ["sh.keptn.event.deployment.triggered", "sh.keptn.event.*.*.finished"]

    private func end(_ id: String, status: String, context: String = "context-1", stage: String = "dev") -> CloudEvent {
        CloudEvent(
            keptn: .sequence(stage: stage, name: "delivery", kind: .finished), id: id, source: "shipyard-controller",
            time: bench.time.now, context: context,
            data: [
                "project": "sockshop", "stage": .string(stage), "service": "carts", "result": "pass",
                "status": .string(status),
            ])
    }

    private func open() async throws {
        try await bench.open("deployer", types[0])
        try await bench.open("deployer.aborts", types[1])
    }

    private func deployer(
        _ handler: @escaping Integration.TaskWork
    ) -> Integration {
        Integration(name: "deployer", version: "1").on(task: "deployment", perform: handler).cancelledOnAbort()
    }

    private func expectAborted() async throws {
        let finished = try await bench.event("deployment.finished")
        #expect(finished.keptnData?.status == "aborted")
        #expect(finished.keptnData?.result == "fail")
        #expect(finished.keptnData?.message == "the sequence was aborted")
    }

    @Test("The handler is cancelled, and the answer says so")
    func cancelled() async throws {
        try await open()
        try await bench.store.append([bench.triggered("deployment")])
        let (begun, broken) = (Gate(), Gate())
        let integration = deployer { _ in
            begun.open()
            do {
                try await Gate().pass()
            } catch {
                broken.open()
                throw error
            }
            return .pass()
        }
        try await bench.running(integration) {
            try await begun.pass()
            try await bench.store.append([end("e1", status: "aborted")])
            try await broken.pass()
            try await expectAborted()
        }
    }

    @Test("A task that arrives after the abort of its sequence is not begun in vain")
    func late() async throws {
        try await open()
        // Its own events were waiting longer than the other subscription's.
        try await bench.store.append([bench.triggered("deployment"), end("e1", status: "aborted")])
        let (heard, begun) = (Gate(), Counter())
        let integration = Integration(name: "deployer", version: "1").on(
            task: "deployment",
            when: { _ in
                try await heard.pass()
                return true
            },
            perform: { _ in
                _ = begun.next()
                return .pass()
            }
        ).cancelledOnAbort()
        try await bench.running(integration) {
            try await bench.passed(over: 2, by: "deployer.aborts")
            heard.open()
            try await expectAborted()
        }
        #expect(begun.next() == 1)
    }

    @Test("Other ends, of other runs and stages, and from before the task, break nothing off")
    func others() async throws {
        try await open()
        try await bench.store.append([
            end("e0", status: "aborted"), bench.triggered("deployment"), end("e1", status: "succeeded"),
            end("e2", status: "aborted", context: "context-2"), end("e3", status: "aborted", stage: "prod"),
        ])
        let go = Gate()
        let integration = deployer { _ in
            try await go.pass()
            return .pass("done")
        }
        try await bench.running(integration) {
            try await bench.passed(over: 5, by: "deployer.aborts")
            go.open()
            let finished = try await bench.event("deployment.finished")
            #expect(finished.keptnData?.message == "done")
        }
    }
}

/// What a handler may do beside its work.
@Suite("Files, reports, and what the reserved tasks bring", .timeLimit(.minutes(5)))
struct TaskHelpTests {
    private let bench = IntegrationBench()

    @Test("A file comes from the most special place that has it, at the pinned commit")
    func files() async throws {
        try await bench.open("tester", "sh.keptn.event.test.triggered")
        try await bench.store.append([bench.triggered("test")])
        let integration = Integration(name: "tester", version: "1").on(task: "test") { task in
            let file = try await task.file("locust/load.py").map { String(decoding: $0, as: UTF8.self) }
            let none = try await task.file("locust/other.py")
            return .pass("\(file ?? "nothing"), \(none == nil ? "nothing" : "something")")
        }
        try await bench.running(integration) {
            let finished = try await bench.event("test.finished")
            #expect(finished.keptnData?.message == "users = 7, nothing")
        }
    }

    @Test("Reports go out in their order between started and finished, each with an id of its own")
    func reports() async throws {
        try await bench.open("tester", "sh.keptn.event.test.triggered")
        try await bench.store.append([bench.triggered("test")])
        let integration = Integration(name: "tester", version: "1").on(task: "test") { task in
            task.report("half", data: ["test": ["done": 50]])
            task.report("nearly")
            return .pass()
        }
        try await bench.running(integration) { _ = try await bench.event("test.finished") }
        #expect(
            try await bench.log() == [
                "test.triggered", "test.started", "test.status.changed", "test.status.changed", "test.finished",
            ])
        let half = try await bench.event("test.status.changed")
        #expect(half.keptnData?.message == "half")
        #expect(half.json?["test", "done"] == 50)
    }

    private struct Deploy: TaskHandler {
        static let task = "deployment"

        func handle(_ task: TaskContext) async throws -> TaskOutcome {
            let wanted = task.deployment
            return .deployed(
                Deployment(strategy: wanted.strategy, publicURIs: ["http://carts"], names: [wanted.image ?? "none"]))
        }
    }

    @Test("A deployment's image and strategy are read, and its addresses written")
    func deployment() async throws {
        try await bench.open("deployer", "sh.keptn.event.deployment.triggered")
        try await bench.store.append([
            bench.triggered(
                "deployment",
                data: [
                    "configurationChange": ["values": ["image": "carts:2"]],
                    "deployment": ["deploymentstrategy": "blue_green_service"],
                ])
        ])
        try await bench.running(Integration(name: "deployer", version: "1").on(Deploy())) {
            let finished = try await bench.event("deployment.finished")
            #expect(
                finished.json?["deployment"] == [
                    "deploymentstrategy": "blue_green_service", "deploymentURIsLocal": [],
                    "deploymentURIsPublic": ["http://carts"], "deploymentNames": ["carts:2"],
                ])
        }
    }

    @Test("Values of indicators are answered, and those that could not be had say why")
    func indicators() async throws {
        try await bench.open("sli", "sh.keptn.event.get-sli.triggered")
        try await bench.store.append([
            bench.triggered(
                "get-sli",
                data: [
                    "get-sli": [
                        "sliProvider": "mine", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:05:00Z",
                        "indicators": ["rt", "errors"], "customFilters": [["key": "tag", "value": "v1"]],
                    ]
                ])
        ])
        let integration = Integration(name: "sli", version: "1").on(task: "get-sli") { task in
            let query = task.indicatorQuery
            #expect(query.provider == "mine")
            #expect(query.filters == ["tag": "v1"])
            #expect(query.indicators == ["rt", "errors"])
            return .measured([IndicatorValue("rt", 12.5), IndicatorValue("errors", failure: "no data")], for: query)
        }
        try await bench.running(integration) {
            let finished = try await bench.event("get-sli.finished")
            #expect(finished.keptnData?.result == "warning")
            #expect(finished.keptnData?.message == "no data")
            #expect(
                finished.json?["get-sli"] == [
                    "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:05:00Z",
                    "indicatorValues": [
                        ["metric": "rt", "value": 12.5, "success": true],
                        ["metric": "errors", "value": 0, "success": false, "message": "no data"],
                    ],
                ])
        }
    }
}
