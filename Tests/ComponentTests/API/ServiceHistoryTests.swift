import CloudEvents
import Core
import KeptnModel
import Ports
import TestSupport
import Testing

/// What became of a service, over executions and events in memory.
@Suite("The history of a service in the API", .timeLimit(.minutes(5)))
struct ServiceHistoryTests {
    private static let carts = "/api/v1/overview/project/sockshop/service/carts"

    private static let slo = "spec_version: '1.0'\nobjectives:\n  - {sli: errors, weight: 3}\n"

    private func evaluation(_ id: String, stage: String = "dev", score: Int, _ result: String) -> CloudEvent {
        var event = StoreContract.event(
            id, type: "sh.keptn.event.evaluation.finished", context: "run-\(id)", triggeredID: "task-\(id)",
            stage: stage, result: result)
        let indicator: JSON = [
            "score": 1, "status": .string(result), "displayName": "Errors", "keySli": true,
            "value": ["metric": "errors", "value": 0.5, "comparedValue": 0.25, "success": true],
            "passTargets": [["criteria": "<1", "targetValue": 1, "violated": false]], "warningTargets": .null,
        ]
        event.data = .json([
            "project": "sockshop", "stage": .string(stage), "service": "carts", "result": .string(result),
            "labels": ["build": "7"],
            "evaluation": [
                "score": .integer(score), "sloFileContent": .string(Base64.encode(Self.slo.utf8)),
                "comparedEvents": ["before"],
                "indicatorResults": [indicator], "gitCommit": "c0ffee",
            ],
        ])
        return event
    }

    @Test("Deployments are the runs with a deployment task, each once, newest first, in pages")
    func deployments() async throws {
        let bench = try await AccessBench()
        for (number, context) in ["old", "evaluated", "new"].enumerated() {
            try await StoreContract.save(
                StoreContract.execution(context, context: context, at: Int64(number)), in: bench.store)
        }
        let triggered = "sh.keptn.event.deployment.triggered"
        try await bench.store.append([
            StoreContract.event("1", type: triggered, context: "old"),
            StoreContract.event("2", type: "sh.keptn.event.evaluation.triggered", context: "evaluated"),
            StoreContract.event("3", type: triggered, context: "new"),
            StoreContract.event("4", type: triggered, context: "new", stage: "prod"),
            StoreContract.event("5", type: triggered, context: "other", service: "orders"),
        ])
        let all = try await bench.send("GET", Self.carts + "/deployments").json
        #expect(all["deployments"]?.elements.map { $0["context"] } == ["new", "old"] && all["totalCount"] == 2)
        let first = try await bench.send("GET", Self.carts + "/deployments?pageSize=1").json
        #expect(first["deployments"]?.elements.map { $0["context"] } == ["new"] && first["nextPageKey"] == "1")
        let none = try await bench.send("GET", "/api/v1/overview/project/sockshop/service/none/deployments")
        #expect(none.status == 200 && none.json["totalCount"] == 0)
        #expect(try await bench.send("GET", Self.carts.replacing("sockshop", with: "x") + "/deployments").status == 404)
    }

    @Test("Evaluations have what a heat map needs, and say why one is ignored")
    func evaluations() async throws {
        let bench = try await AccessBench()
        try await bench.store.append([
            evaluation("a", score: 100, "pass"), evaluation("b", stage: "prod", score: 50, "warning"),
            evaluation("c", score: 0, "fail"),
        ])
        var invalidation = StoreContract.event(
            "i", type: "sh.keptn.event.evaluation.invalidated", context: "run-a", triggeredID: "task-a")
        invalidation.data = .json([
            "project": "sockshop", "stage": "dev", "service": "carts", "evaluation": ["reason": "a bad test"],
        ])
        try await bench.store.append([invalidation])

        let dev = try await bench.send("GET", Self.carts + "/evaluations?stage=dev").json
        let found = dev["evaluations"]?.elements ?? []
        #expect(found.map { $0["id"] } == ["c", "a"] && dev["totalCount"] == 2)
        let old = try #require(found.last)
        #expect(old["invalidated", "reason"] == "a bad test" && found.first?["invalidated"] == nil)
        #expect(old["score"] == 100 && old["result"] == "pass" && old["commit"] == "c0ffee")
        #expect(old["comparedEvents"] == ["before"] && old["labels", "build"] == "7")
        #expect(old["context"] == "run-a" && old["triggeredID"] == "task-a")
        let indicator = try #require(old["indicators"]?.elements.first)
        #expect(indicator["metric"] == "errors" && indicator["name"] == "Errors" && indicator["isKey"] == true)
        #expect(indicator["weight"] == 3)
        #expect(indicator["comparedValue"] == 0.25 && indicator["passTargets"]?.elements.count == 1)
        // Files stay in the event: lists are for many.
        #expect(old["sloFileContent"] == nil)

        let one = try await bench.send("GET", Self.carts + "/evaluations?keptnContext=run-b").json
        #expect(one["evaluations"]?.elements.map { $0["stage"] } == ["prod"])
        #expect(try await bench.send("GET", Self.carts + "/evaluations?pageSize=0").status == 400)
    }

    @Test("A token of another project does not get there")
    func access() async throws {
        let bench = try await AccessBench()
        let token = try await bench.token("other", ["read"], projects: ["other"])
        #expect(try await bench.send("GET", Self.carts + "/evaluations", token: token).status == 403)
        #expect(try await bench.send("GET", Self.carts + "/deployments", token: token).status == 403)
    }
}
