import CloudEvents
import Testing

/// Keptn's own test of self-healing (K §6.5), and what is ours beyond it, against the built server over HTTP.
@Suite("Upstream: remediation", .timeLimit(.minutes(5)))
struct RemediationTests {
    private static let stage = "production"
    private static let shipyard = """
        apiVersion: "spec.keptn.sh/0.2.2"
        kind: "Shipyard"
        metadata: {name: shop}
        spec:
          stages:
            - name: production
              sequences:
                - name: remediation
                  triggeredOn:
                    - event: production.remediation.finished
                      selector: {match: {evaluation.result: fail}}
                  tasks:
                    - name: get-action
                    - name: action
                    - name: evaluation
                      triggeredAfter: 1m
        """

    private static func file(_ actions: String, for problem: String = "Response time degradation") -> String {
        "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: service-remediation}\nspec:\n"
            + "  remediations:\n  - problemType: \(problem)\n    actionsOnOpen:\n\(actions)"
    }

    private static func write(
        _ text: String, in project: ProjectUnderTest
    ) async throws -> (status: Int, json: JSON) {
        try await project.server.send(
            "POST", "/resource-service/v1/project/\(ProjectUnderTest.name)/stage/\(stage)/service/cart/resource",
            [
                "resources": [
                    ["resourceURI": "remediation.yaml", "resourceContent": .string(Base64.encode(text.utf8))]
                ]
            ])
    }

    private static func trigger(_ project: ProjectUnderTest, id: String? = nil) async throws -> String {
        try await project.trigger(
            "remediation", in: stage,
            data: [
                "problem": [
                    "rootCause": "Response time degradation", "problemTitle": "My Problem",
                    "ProblemID": id.map { .string($0) },
                ]
            ])
    }

    /// The end of the remediation of a context.
    private static func end(_ context: String, in project: ProjectUnderTest) async throws -> JSON {
        var end: JSON?
        try await KeptnProcess.eventually("the remediation of \(context) ends") {
            end = try await project.latest("\(stage).remediation.finished", in: stage, of: context)
            return end != nil
        }
        return try #require(end)
    }

    @Test("Test_SelfHealing")
    func selfHealing() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--action-timeout", "1s"]) { project in
            let withoutFile = try await Self.end(try await Self.trigger(project), in: project)
            #expect(withoutFile["source"] == "shipyard-controller")
            #expect(withoutFile["data", "status"] == "errored")
            #expect(withoutFile["data", "result"] == "fail")

            let action = """
                    - action: toggle-feature
                      name: toggle-feature
                      description: Toggle feature flag EnablePromotion to OFF
                      value: {EnablePromotion: "off"}
                """
            #expect(try await Self.write(Self.file(action), in: project).status == 201)
            let context = try await Self.trigger(project)
            let end = try await Self.end(context, in: project)
            #expect(end["data", "status"] == "errored")
            #expect(end["data", "result"] == "fail")
            let triggered = try #require(try await project.latest("action.triggered", in: Self.stage, of: context))
            #expect(
                triggered["data", "action"] == [
                    "name": "toggle-feature", "action": "toggle-feature",
                    "description": "Toggle feature flag EnablePromotion to OFF", "value": ["EnablePromotion": "off"],
                ])
            let finished = try #require(try await project.latest("action.finished", in: Self.stage, of: context))
            #expect(finished["data", "status"] == "errored")
        }
    }

    @Test("A problem told twice has one remediation, which is shown, and ends when the problem is over")
    func oneProblem() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            #expect(try await Self.write(Self.file("    - action: page-somebody\n"), in: project).status == 201)
            let first = try await Self.trigger(project, id: "4711")
            let task = try await project.task("action", in: Self.stage, of: first)
            try await project.start(task)
            let second = try await Self.end(try await Self.trigger(project, id: "4711"), in: project)
            #expect(
                second["data", "message"]?.stringValue
                    == "the remediation of problem 'My Problem' (4711) is under way already, in context \(first)")
            let service = try await project.server.send(
                "GET", "/controlPlane/v1/project/\(ProjectUnderTest.name)/stage/\(Self.stage)/service/cart")
            #expect(
                service.json["openRemediations"]?.elements.map { $0["keptnContext"]?.stringValue } == [first],
                "\(service.json)")
            let over: JSON = [
                "specversion": "1.0", "type": "sh.keptn.events.problem", "source": "test",
                "data": [
                    "project": .string(ProjectUnderTest.name), "stage": .string(Self.stage), "service": "cart",
                    "State": "RESOLVED", "ProblemID": "4711",
                ],
            ]
            #expect(try await project.server.send("POST", "/v1/event", over).status == 200)
            try await project.finish(task)
            let end = try await Self.end(first, in: project)
            #expect(end["data", "result"] == "pass")
            #expect(end["data", "message"] == "problem 4711 is over")
            #expect(try await project.latest("evaluation.triggered", in: Self.stage, of: first) == nil)
        }
    }

    @Test("A file that cannot be used is refused with its mistakes, and a problem of an unknown service is 404")
    func badInput() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let refused = try await Self.write("apiVersion: spec.keptn.sh/0.1.3\nkind: Remediation\n", in: project)
            #expect(refused.status == 400)
            let message = refused.json["message"]?.stringValue ?? ""
            #expect(message.contains("remediation.yaml:1:13: error: 'apiVersion' needs 'spec.keptn.sh/0.1.4'"))
            let unknown = try await project.post(
                "\(Self.stage).remediation.triggered",
                ["project": .string(ProjectUnderTest.name), "stage": .string(Self.stage), "service": "nobody"])
            #expect(unknown.status == 404)
            #expect(unknown.json["message"]?.stringValue?.contains("nobody") == true)
        }
    }

    @Test("An alert of Keptn 0.5 leads to the action of a file of that time")
    func oldProblem() async throws {
        let shipyard = """
            stages:
              - name: production
                deployment_strategy: direct
                remediation_strategy: automated
            """
        try await ProjectUnderTest.with(shipyard: shipyard, arguments: ["--action-timeout", "1s"]) { project in
            let text = "remediations:\n- name: Failure rate\n  actions:\n  - {action: scaling, value: '+1'}\n"
            #expect(try await Self.write(text, in: project).status == 201)
            let problem: JSON = [
                "specversion": "0.2", "id": "p-1", "source": "dynatrace", "type": "sh.keptn.event.problem.open",
                "contenttype": "application/json",
                "data": [
                    "State": "OPEN", "ProblemID": "p-1", "PID": "p-1", "ProblemTitle": "Failure rate increase",
                    "ProblemDetails": ["x": 1], "project": .string(ProjectUnderTest.name),
                    "stage": .string(Self.stage), "service": "cart",
                ],
            ]
            let answer = try await project.server.send("POST", "/v1/event", problem)
            let context = try #require(answer.json["keptnContext"]?.stringValue, "\(answer.json)")
            let end = try await Self.end(context, in: project)
            let triggered = try #require(try await project.latest("action.triggered", in: Self.stage, of: context))
            #expect(triggered["data", "action", "action"] == "scaling")
            #expect(triggered["data", "action", "value"] == "+1")
            #expect(end["data", "message"]?.stringValue?.hasPrefix("nobody took action scaling") == true, "\(end)")
        }
    }
}
