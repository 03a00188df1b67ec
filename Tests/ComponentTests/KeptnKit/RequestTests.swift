import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import Testing

/// Handlers that ask others for a task.
@Suite(.timeLimit(.minutes(5))) struct RequestTests {
    private let bench = IntegrationBench()

    private var lighthouse: Integration {
        Integration(name: "lighthouse", version: "1").requesting("get-sli").on(task: "evaluation") { task in
            let answer = try await task.request(
                task: "get-sli", data: ["get-sli": ["sliProvider": "keptn"]], deadline: .seconds(60))
            return .pass(answer.keptnData?.message ?? "")
        }
    }

    private func answer(to triggered: CloudEvent, _ message: String) -> CloudEvent {
        CloudEvent(
            keptn: .task(name: "get-sli", kind: .finished), id: "answer to \(triggered.id)", source: "sli-provider",
            time: bench.time.now, context: "context-1", triggeredID: triggered.id,
            data: ["project": "sockshop", "stage": "dev", "service": "carts", "message": .string(message)])
    }

    private func begin() async throws {
        try await bench.open("lighthouse", "sh.keptn.event.evaluation.triggered")
        try await bench.open("lighthouse.answers", "sh.keptn.event.get-sli.finished")
        try await bench.store.append([bench.triggered("evaluation", data: ["labels": ["build": "7"]])])
    }

    @Test("A request goes out with the task's scope and comes back as its answer")
    func answered() async throws {
        try await begin()
        try await bench.running(lighthouse) {
            let request = try await bench.event("get-sli.triggered")
            #expect(request.source == "lighthouse")
            #expect(request.keptnContext == "context-1")
            #expect(request.gitCommitID == "abc123")
            #expect(request.triggeredID == nil)
            #expect(
                request.json
                    == (#"{"project":"sockshop","stage":"dev","service":"carts","labels":{"build":"7"},"#
                    + #""get-sli":{"sliProvider":"keptn"}}"#).parsed)
            try await bench.store.append([answer(to: request, "measured")])
            let message = try await bench.event("evaluation.finished").keptnData?.message
            #expect(message == "measured")
        }
    }

    @Test("Without an answer in time the task is errored, and says what did not come")
    func deadline() async throws {
        try await begin()
        try await bench.running(lighthouse) {
            _ = try await bench.event("get-sli.triggered")
            try await bench.time.waitForSleepers()
            bench.time.advance(by: .seconds(60))
            let data = try await bench.event("evaluation.finished").keptnData
            #expect(data?.status == "errored")
            #expect(data?.message?.contains("the request for get-sli did not end within 60.0 seconds") == true)
        }
    }

    @Test("What was answered while we were away is found, and nobody is asked twice")
    func answeredBefore() async throws {
        try await begin()
        try await bench.running(lighthouse) { _ = try await bench.event("get-sli.triggered") }
        let request = try await bench.event("get-sli.triggered")
        // Heard by somebody who never told the handler: only the log knows.
        try await bench.store.append([answer(to: request, "measured")])
        try await bench.open("lighthouse.answers", "sh.keptn.event.nothing")
        let second = bench.restarted()
        try await second.running(lighthouse) {
            let message = try await second.event("evaluation.finished").keptnData?.message
            #expect(message == "measured")
        }
        #expect(try await bench.log().filter { $0 == "get-sli.triggered" }.count == 1)
    }

    @Test("Two requests of one handler are told apart by their part")
    func parts() async throws {
        try await begin()
        let integration = Integration(name: "lighthouse", version: "1").requesting("get-sli").on(task: "evaluation") {
            let first = try await $0.request(task: "get-sli", part: "a", data: .emptyObject, deadline: .seconds(60))
            let second = try await $0.request(task: "get-sli", part: "b", data: .emptyObject, deadline: .seconds(60))
            return .pass("\(first.keptnData?.message ?? "") \(second.keptnData?.message ?? "")")
        }
        try await bench.running(integration) {
            let first = try await bench.event("get-sli.triggered")
            try await bench.store.append([answer(to: first, "one")])
            let second = try await bench.event { $0.type.hasSuffix("get-sli.triggered") && $0.id != first.id }
            try await bench.store.append([answer(to: second, "two")])
            let message = try await bench.event("evaluation.finished").keptnData?.message
            #expect(message == "one two")
        }
    }

    @Test("A request that was not declared is an error that says so")
    func undeclared() async throws {
        try await begin()
        let integration = Integration(name: "lighthouse", version: "1").on(task: "evaluation") {
            _ = try await $0.request(task: "get-sli", data: .emptyObject, deadline: .seconds(60))
            return .pass()
        }
        try await bench.running(integration) {
            let message = try await bench.event("evaluation.finished").keptnData?.message
            #expect(message == "lighthouse asks for 'get-sli' without declaring it by requesting(_:)")
        }
    }
}
