import CloudEvents
import Testing

/// Keptn's own quality gate test cases of these names (K §6.5), against the built server over HTTP. The SLI provider is
/// the test itself.
@Suite("Upstream: quality gates", .timeLimit(.minutes(5)))
struct QualityGateTests {
    private static let shipyard =
        "apiVersion: spec.keptn.sh/0.2.2\nkind: Shipyard\nmetadata: {name: shop}\nspec: {stages: [{name: dev}]}\n"

    private static func objectives(pass: String) -> String {
        """
        spec_version: "0.1.1"
        comparison: {compare_with: single_result, include_result_with_score: pass, aggregate_function: avg}
        objectives:
        - sli: response_time_p95
          pass: [{criteria: ["<=+75%", "<800"]}]
          warning: [{criteria: ["<=1000", "<=+100%"]}]
        - sli: throughput
          pass: [{criteria: ["<=+100%", ">=-80%"]}]
        - sli: error_rate
        total_score: {pass: "\(pass)", warning: "75%"}
        """
    }

    @Test("Test_QualityGates")
    func qualityGates() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--sli-provider", ""]) { project in
            try await Self.refusesUnknownPlaces(project)
            let ungated = try await Self.finished(try await Self.trigger(project), project)
            #expect(ungated["source"] == "lighthouse-service")
            #expect(ungated["data", "result"] == "pass")
            #expect(ungated["data", "status"] == "succeeded")
            #expect(ungated["data", "evaluation", "score"] == 0)
            #expect(ungated["data", "evaluation", "indicatorResults"]?.isNull != false)

            try await project.send("monitoring.configure", ["project": "shop", "type": "my-sli-provider"])
            try await KeptnProcess.eventually("the provider is chosen") {
                let file = "/resource-service/v1/project/shop/resource/lighthouse-config.yaml"
                return try await project.server.send("GET", file).status == 200
            }
            _ = try await Self.store("invalid", project)
            let invalid = try await Self.finished(try await Self.trigger(project), project)
            #expect(invalid["data", "result"] == "fail")
            #expect(invalid["data", "status"] == "errored")
            #expect(invalid["data", "message"]?.stringValue?.contains("slo.yaml") == true)

            let commit = try await Self.store(Self.objectives(pass: "90%"), project)
            let first = try await Self.evaluate(project, commit: commit)
            #expect(first["data", "result"] == "pass")
            #expect(first["data", "evaluation", "score"] == 100)
            #expect(first["data", "evaluation", "comparedEvents"]?.elements == [try #require(ungated["id"])])
            let indicators = try #require(first["data", "evaluation", "indicatorResults"]?.elements)
            #expect(indicators.map { $0["status"] } == ["pass", "pass", "info"])
            #expect(
                indicators[0]["passTargets"] == [
                    ["criteria": "<=+75%", "targetValue": 0, "violated": false],
                    ["criteria": "<800", "targetValue": 800, "violated": false],
                ])

            try await project.send(
                "evaluation.invalidated", ["project": "shop", "stage": "dev", "service": "cart"],
                answering: first.setting("id", to: first["triggeredid"]))
            let second = try await Self.evaluate(project, commit: commit)
            #expect(
                second["data", "evaluation", "comparedEvents"]?.elements == [try #require(ungated["id"])],
                "the invalidated one does not count")
            let third = try await Self.evaluate(project, commit: commit)
            #expect(third["data", "evaluation", "comparedEvents"]?.elements == [try #require(second["id"])])
            let compared = try #require(third["data", "evaluation", "indicatorResults"]?.elements)
            #expect(compared[0]["value", "comparedValue"] == 200)
            #expect(compared[0]["passTargets"]?.elements.map { $0["targetValue"] } == [350, 800])
            #expect(compared[1]["passTargets"]?.elements.map { $0["targetValue"] } == [400, 40])

            let shown = try await project.server.send("GET", "/controlPlane/v1/project/shop")
            let service = try #require(shown.json["stages"]?.elements[0]["services"]?.elements.first)
            for kind in ["triggered", "started", "finished"] {
                #expect(
                    service["lastEventTypes", "sh.keptn.event.evaluation.\(kind)", "keptnContext"]
                        == third["shkeptncontext"])
            }

            let failed = try await Self.evaluate(project, commit: commit, providerResult: "fail")
            #expect(failed["data", "result"] == "fail", "the provider's own verdict counts")
            #expect(failed["data", "status"] == "succeeded")
            #expect(failed["data", "evaluation", "result"] == "pass")
            #expect(failed["data", "evaluation", "score"] == 100)
        }
    }

    @Test("Test_EvaluationGitCommitID")
    func gitCommitID() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--sli-provider", "my-sli-provider"]) {
            project in
            let commit = try await Self.store(Self.objectives(pass: "90%"), project)
            let first = try await Self.evaluate(project, commit: commit)
            #expect(first["data", "result"] == "pass")
            _ = try await Self.store("no objectives at all", project)
            let pinned = try await Self.evaluate(project, commit: commit)
            #expect(pinned["data", "result"] == "pass")
            #expect(pinned["data", "status"] == "succeeded")
        }
    }

    // MARK: -

    private static func refusesUnknownPlaces(_ project: ProjectUnderTest) async throws {
        for (path, missing) in [
            ("wrong/stage/dev/service/cart", "wrong"), ("shop/stage/wrong/service/cart", "wrong"),
            ("shop/stage/dev/service/wrong", "wrong"),
        ] {
            let answer = try await project.server.send(
                "POST", "/controlPlane/v1/project/\(path)/evaluation", ["timeframe": "5m"])
            #expect(answer.status == 400)
            #expect(answer.json["message"]?.stringValue?.contains(missing) == true, "\(answer.json)")
        }
    }

    private static func trigger(_ project: ProjectUnderTest, commit: String? = nil) async throws -> String {
        let answer = try await project.server.send(
            "POST", "/controlPlane/v1/project/shop/stage/dev/service/cart/evaluation",
            [
                "start": "2022-01-26T10:05:53.931Z", "end": "2022-01-26T10:10:53.931Z",
                "gitcommitid": commit.map { .string($0) },
            ])
        try #require(answer.status == 200, "\(answer.json)")
        return try #require(answer.json["keptnContext"]?.stringValue)
    }

    private static func finished(_ context: String, _ project: ProjectUnderTest) async throws -> JSON {
        try await project.becomes("finished", context)
        return try #require(try await project.latest("evaluation.finished", of: context))
    }

    /// An evaluation with the provider's answer of always the same values.
    private static func evaluate(
        _ project: ProjectUnderTest, commit: String, providerResult: String = "pass"
    ) async throws -> JSON {
        let context = try await trigger(project, commit: commit)
        let asked = try await project.task("get-sli", of: context)
        #expect(asked["data", "get-sli", "sliProvider"] == "my-sli-provider")
        #expect(asked["data", "get-sli", "indicators"] == ["response_time_p95", "throughput", "error_rate"])
        #expect(asked["gitcommitid"]?.stringValue == commit)
        try await project.start(asked)
        let values: [JSON] = [("response_time_p95", 200), ("throughput", 200), ("error_rate", 0)].map {
            ["metric": .string($0.0), "value": .integer($0.1), "success": true]
        }
        try await project.finish(
            asked, result: providerResult,
            data: [
                "get-sli": [
                    "start": asked["data", "get-sli", "start"], "end": asked["data", "get-sli", "end"],
                    "indicatorValues": .array(values),
                ]
            ])
        return try await finished(context, project)
    }

    /// Stores the service's objectives; gives the commit.
    private static func store(_ slo: String, _ project: ProjectUnderTest) async throws -> String {
        let answer = try await project.server.send(
            "POST", "/resource-service/v1/project/shop/stage/dev/service/cart/resource",
            ["resources": [["resourceURI": "slo.yaml", "resourceContent": .string(Base64.encode(slo.utf8))]]])
        try #require(answer.status == 201, "\(answer.json)")
        return try #require(answer.json["commitID"]?.stringValue)
    }
}
