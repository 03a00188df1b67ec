import CloudEvents
import Ports
import RemoteClients
import Testing

@Suite("Odd and bad events, sent to the built server", .timeLimit(.minutes(10)))
struct BadInputTests {
    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
            - name: dev
              sequences: [{name: delivery, tasks: [{name: build}]}]
        """

    private static func trigger(_ more: [(key: String, value: JSON)] = [], labels: JSON? = nil) -> JSON {
        let data: JSON = [
            "project": .string(ProjectUnderTest.name), "stage": "dev", "service": "cart", "labels": labels,
        ]
        let event: JSON = [
            "specversion": "1.0", "source": "test", "type": "sh.keptn.event.dev.delivery.triggered", "data": data,
        ]
        return more.reduce(event) { $0.setting($1.key, to: $1.value) }
    }

    @Test("Times long ago and far ahead change nothing about a run; those that no clock shows are refused")
    func times() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--answer-tasks", "build"]) { project in
            for time in ["1678-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "2261-12-31T23:59:59Z"] {
                let answer = try await project.server.send(
                    "POST", "/v1/event", Self.trigger([("time", .string(time))]))
                #expect(answer.status == 200, "\(time): \(answer.json)")
                let context = try #require(answer.json["keptnContext"]?.stringValue)
                try await project.becomes("finished", context)
                #expect(try await project.latest("build.finished", of: context)?["data", "result"] == "pass")
            }
            for time in ["1600-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "yesterday"] {
                let answer = try await project.server.send(
                    "POST", "/v1/event", Self.trigger([("time", .string(time))]))
                #expect(answer.status == 400, "\(time): \(answer.json)")
                #expect(answer.json["message"]?.stringValue?.contains(time) == true, "\(answer.json)")
            }
        }
    }

    @Test("Labels of 2 MB are refused, and smaller ones travel through the run")
    func labels() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard, arguments: ["--answer-tasks", "build"]) { project in
            let large = Self.trigger(labels: ["note": .string(String(repeating: "x", count: 2 << 20))])
            let refused = try await project.server.send("POST", "/v1/event", large)
            #expect(refused.status == 413)
            #expect(refused.json["message"]?.stringValue?.contains("1048576 bytes") == true, "\(refused.json)")

            let note = JSON.string(String(repeating: "x", count: 500_000))
            let answer = try await project.server.send("POST", "/v1/event", Self.trigger(labels: ["note": note]))
            let context = try #require(answer.json["keptnContext"]?.stringValue)
            try await project.becomes("finished", context)
            #expect(try await project.latest("build.finished", of: context)?["data", "labels", "note"] == note)
        }
    }

    @Test("An event type with too few or too many parts is refused, and the answer says what there is")
    func types() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            for type in [
                "sh.keptn", "sh.keptn.event", "sh.keptn.event.", "sh.keptn.event.triggered",
                "sh.keptn.event..triggered",
                "sh.keptn.event.dev.delivery", "sh.keptn.event.dev..triggered", "sh.keptn.event.dev.a.b.triggered",
                "delivery", "sh.keptn.event.build.triggered",
            ] {
                let answer = try await project.server.send(
                    "POST", "/v1/event", Self.trigger([("type", .string(type))]))
                #expect(answer.status == 400, "\(type): \(answer.json)")
                let message = answer.json["message"]?.stringValue ?? ""
                #expect(message.contains("'\(type)'"), "\(message)")
                #expect(message.contains("sh.keptn.event.STAGE.SEQUENCE.triggered"), "\(message)")
            }
        }
    }

    @Test("Whose token is for other projects ends no task here")
    func foreignToken() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let made = try await project.server.send(
                "POST", "/v1/tokens", ["name": "other", "scopes": ["read", "write"], "projects": ["other"]])
            let other = try #require(made.json["token"]?.stringValue, "\(made.json)")
            let context = try await project.trigger("delivery")
            let task = try await project.task("build", of: context)
            try await project.start(task)
            let end: JSON = [
                "specversion": "1.0", "id": "intrusion", "source": "intruder", "type": "sh.keptn.event.build.finished",
                "shkeptncontext": .string(context), "triggeredid": task["id"],
                "data": [
                    "project": .string(ProjectUnderTest.name), "stage": "dev", "service": "cart", "status": "succeeded",
                    "result": "fail",
                ],
            ]
            for (path, body) in [
                ("/v1/event", end), ("/v1/subscriptions/x/settle", ["positions": [], "events": [end]]),
            ] {
                if path.hasSuffix("settle") { try await Self.pull("x", with: other, on: project) }
                let answer = try await project.server.send("POST", path, body, token: other)
                #expect(answer.status == 403, "\(path): \(answer.json)")
                #expect(answer.json["message"]?.stringValue?.contains("shop") == true, "\(answer.json)")
            }
            try await project.finish(task)
            try await project.becomes("finished", context)
            #expect(try await project.latest("build.finished", of: context)?["source"] == "test")
        }
    }

    /// Opens a subscription of the token's own projects.
    private static func pull(_ name: String, with token: String, on project: ProjectUnderTest) async throws {
        let body: JSON = ["events": ["sh.keptn.event.build.triggered"], "waitSeconds": 0]
        let answer = try await project.server.send("POST", "/v1/subscriptions/\(name)/pull", body, token: token)
        try #require(answer.status == 200, "\(answer.json)")
    }
}

extension ServerOverHTTP {
    /// With another token than the server's first.
    fileprivate func send(
        _ method: String, _ path: String, _ body: JSON, token: String
    ) async throws -> (status: Int, json: JSON) {
        let answer = try await WebRequester().send(
            OutgoingRequest(
                method: method, url: endpoint + path,
                headers: ["x-token": token, "content-type": "application/json"], body: Array(body.bytes)))
        return (answer.status, (try? JSON(parsing: answer.body)) ?? .null)
    }
}
