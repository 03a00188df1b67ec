import CloudEvents
import Foundation
import Subprocess
import Testing

/// Tasks that wait for people and for time, on the built server.
@Suite("People and time", .timeLimit(.minutes(5)))
struct PeopleAndTimeTests {
    private static func shipyard(_ tasks: String) -> String {
        """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec: {stages: [{name: dev, sequences: [{name: s, tasks: \(tasks)}]}]}
        """
    }

    @Test("A wait and a test by real users go on after kill -9")
    func killed() async throws {
        let shipyard = Self.shipyard(
            "[{name: wait, properties: {duration: 3s}}, {name: test, properties: {teststrategy: real-user}}]")
        try await KeptnProcess.withHome { keptn in
            let contexts = Contexts()
            _ = try await keptn.withServer(["--wait-duration", "1s"]) { keptn in
                let project = ProjectUnderTest(server: try ServerOverHTTP(keptn))
                try await project.create(shipyard: shipyard)
                let context = try await project.trigger("s")
                _ = try await project.task("wait", of: context)
                try await KeptnProcess.eventually("the wait is started") {
                    try await project.latest("wait.started", of: context) != nil
                }
                await contexts.note(context)
                return .killed
            }
            let context = await contexts.last
            let ended = try await keptn.withServer(["--wait-duration", "1s"]) { keptn in
                let project = ProjectUnderTest(server: try ServerOverHTTP(keptn))
                try await project.becomes("finished", context)
                #expect(try await project.latest("s.finished", of: context) == nil)
                #expect(try await project.latest("dev.s.finished", of: context)?["data", "result"] == "pass")
                #expect(try await project.latest("test.finished", of: context)?["source"] == "wait-service")
                return .gracefully
            }
            #expect(ended.isSuccess)
        }
    }

    @Test("Two people approve: one by the command line, one by a link, which a GET does not use up")
    func approvals() async throws {
        let shipyard = Self.shipyard("[{name: approval, properties: {approvers: 2}}]")
        try await KeptnProcess.withHome { keptn in
            let ended = try await keptn.withServer { keptn in
                let server = try ServerOverHTTP(keptn)
                let project = ProjectUnderTest(server: server)
                try await project.create(shipyard: shipyard)
                let context = try await project.trigger("s")
                _ = try await project.task("approval", of: context)
                let place = ["--project", "shop", "--stage", "dev"]
                let made = try await keptn.keptn(["create", "approval-link"] + place + ["--for", "alice"])
                #expect(made.code == 0, "\(made.errors)")
                let url = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
                let first = try await keptn.keptn(["send", "approval"] + place + ["--comment", "looks good"])
                #expect(first.output == "Approved. 2 people have to approve.\n", "\(first.errors)")
                let again = try await keptn.keptn(["send", "approval"] + place)
                #expect(again.code == 1)
                #expect(again.errors.contains("first approved: looks good at"))

                let page = try await Self.curl([url])
                #expect(page.contains("Approve?") && page.contains("You answer as alice."))
                #expect(try await Self.curl([url + "x"]).contains("was not made by this server"))
                #expect(try await project.latest("approval.finished", of: context) == nil)
                let answer = ["--data", "decision=approve&comment=fine+%26+good", url]
                #expect(try await Self.curl(answer).contains("Approved"))
                try await project.becomes("finished", context)
                let finished = try await project.latest("approval.finished", of: context)
                #expect(finished?["data", "message"] == "first approved: looks good; alice approved: fine & good")
                #expect(try await Self.curl(answer).contains("not open any more"))
                return .gracefully
            }
            #expect(ended.isSuccess)
        }
    }

    @Test("A JMeter script tests what was deployed, and its report is there")
    func jmeter() async throws {
        let shipyard = Self.shipyard("[{name: test, properties: {teststrategy: performance}}]")
        let plan = try String(
            contentsOf: KeptnProcess.checkout.appending(path: "Tests/SystemTests/Files/health.jmx"), encoding: .utf8)
        let workloads = """
            workloads:
              - {teststrategy: performance, vuser: 2, loopcount: 3, thinktime: 0, script: jmeter/load.jmx,
                 properties: {CHECK_PATH: /healthz}}
            """
        try await KeptnProcess.withHome { keptn in
            let ended = try await keptn.withServer { keptn in
                let server = try ServerOverHTTP(keptn)
                let project = ProjectUnderTest(server: server)
                try await project.create(shipyard: shipyard)
                for (path, text) in ["jmeter/load.jmx": plan, "jmeter/jmeter.conf.yaml": workloads] {
                    let stored = try await server.send(
                        "POST", "/resource-service/v1/project/shop/stage/dev/service/cart/resource",
                        [
                            "resources": [
                                ["resourceURI": .string(path), "resourceContent": .string(Base64.encode(text.utf8))]
                            ]
                        ])
                    try #require(stored.status == 201, "\(stored.json)")
                }
                let itself = try keptn.read("endpoint").replacingOccurrences(of: "/api", with: "")
                let context = try await project.trigger(
                    "s", data: ["deployment": ["deploymentURIsLocal": [.string(itself)]]])
                try await project.becomes("finished", context)
                let test = try await project.latest("test.finished", of: context)?["data"]
                #expect(test?["result"] == "pass", "\(test?["message"]?.text ?? "")")
                let path = try #require(test?["test", "report"]?.stringValue)
                let report = try await server.send("GET", String(path.dropFirst(4)))
                #expect(report.status == 200)
                #expect(report.json["tool"] == "jmeter" && report.json["requests"] == 6)
                #expect(report.json["errors"] == 0, "\(report.json)")
                return .gracefully
            }
            #expect(ended.isSuccess)
        }
    }

    private static func curl(_ arguments: [String]) async throws -> String {
        try await KeptnProcess.output(of: "curl", ["--silent", "--show-error"] + arguments)
    }
}

private actor Contexts {
    var last = ""
    func note(_ context: String) { last = context }
}
