import CloudEvents
import Foundation
import RemoteClients
import TestSupport
import Testing

/// Keptn's own test cases of these names (K §6.5), against the built server over HTTP.
@Suite("Upstream: webhooks", .timeLimit(.minutes(5)))
struct WebhookTests {
    private static let tasks = [
        "mytask", "othertask", "unknowntask", "unallowedtask", "failedtask", "loopback", "loopback2", "loopback3",
    ]

    /// One sequence for each task.
    private static var shipyard: String {
        let sequences = tasks.map { "    - {name: \($0)-sequence, tasks: [{name: \($0)}]}\n" }.joined()
        return "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: shop}\nspec:\n  stages:\n"
            + "  - name: otherstage\n  - name: dev\n    sequences:\n\(sequences)"
    }

    private static func subscribe(
        _ project: ProjectUnderTest, _ event: String, stages: [String] = []
    ) async throws -> String {
        let registration = "/controlPlane/v1/uniform/registration"
        let known = try await project.server.send("GET", "\(registration)?name=webhook-service")
        let id = try #require(known.json.elements.first?["id"]?.stringValue, "\(known.json)")
        let made = try await project.server.send(
            "POST", "\(registration)/\(id)/subscription",
            [
                "event": .string("sh.keptn.event.\(event)"),
                "filter": [
                    "projects": [.string(ProjectUnderTest.name)], "stages": .array(stages.map { .string($0) }),
                ],
            ])
        return try #require(made.json["id"]?.stringValue, "\(made.json)")
    }

    private static func webhook(
        _ subscription: String, _ type: String, _ requests: [String], secret: Bool = false
    ) -> String {
        var text =
            "    - type: sh.keptn.event.\(type)\n      subscriptionID: \(subscription)\n      sendFinished: true\n"
        if secret {
            text += "      envFrom: [{name: secretKey, secretRef: {name: my-webhook-k8s-secret, key: my-key}}]\n"
        }
        return text + "      requests:\n" + requests.map { "        - \($0)\n" }.joined()
    }

    private static func write(
        _ webhooks: String, in project: ProjectUnderTest, to place: String = "/stage/dev/service/cart"
    ) async throws {
        let text =
            "apiVersion: webhookconfig.keptn.sh/v1beta1\nkind: WebhookConfig\nmetadata: {name: w}\nspec:\n"
            + "  webhooks:\n\(webhooks)"
        let written = try await project.server.send(
            "POST", "/resource-service/v1/project/\(ProjectUnderTest.name)\(place)/resource",
            [
                "resources": [
                    ["resourceURI": "webhook/webhook.yaml", "resourceContent": .string(Base64.encode(text.utf8))]
                ]
            ])
        try #require(written.status == 201, "\(written.json)")
    }

    private static func finished(
        _ task: String, of context: String, in project: ProjectUnderTest
    ) async throws -> JSON {
        var found: JSON?
        try await KeptnProcess.eventually("\(task) is finished") {
            found = try await project.latest("\(task).finished", of: context)
            return found != nil
        }
        return try #require(found?["data"])
    }

    private static func saveSecret(_ project: ProjectUnderTest) async throws {
        let made = try await project.server.send(
            "POST", "/secrets/v1/secret",
            ["name": "my-webhook-k8s-secret", "scope": "keptn-webhook-service", "data": ["my-key": "my-value"]])
        try #require(made.status == 201, "\(made.json)")
    }

    @Test("Test_Webhook: subscriptions that overlap, secrets, and several requests")
    func happyPath() async throws {
        try await withTestUpstream { url in
            try await ProjectUnderTest.with(
                shipyard: Self.shipyard, arguments: ["--allow-webhook", "127.0.0.1"]
            ) { project in
                try await Self.saveSecret(project)
                let first = try await Self.subscribe(project, "mytask.triggered", stages: ["dev"])
                let second = try await Self.subscribe(project, "mytask.triggered", stages: ["dev", "otherstage"])
                let stage = "{url: '\(url)/project/{{.data.project}}/stage/{{.data.stage}}', method: GET}"
                let token = "headers: [{key: x-token, value: '{{.env.secretKey}}'}]"
                try await Self.write(
                    Self.webhook(first, "mytask.triggered", [stage])
                        + Self.webhook(
                            second, "mytask.triggered",
                            ["{url: '\(url)/project/{{.data.project}}', method: GET, \(token)}", stage], secret: true),
                    in: project)
                let context = try await project.trigger("mytask-sequence")
                var finished: [JSON] = []
                try await KeptnProcess.eventually("both have finished") {
                    let query = "type=sh.keptn.event.mytask.finished&keptnContext=\(context)"
                    let answer = try await project.server.send("GET", "/mongodb-datastore/event?\(query)")
                    finished = answer.json["events"]?.elements ?? []
                    return finished.count == 2
                }
                #expect(finished.allSatisfy { $0["data", "result"] == "pass" }, "\(finished)")
                let responses = finished.compactMap { $0["data", "mytask", "responses"]?.elements }
                #expect(Set(responses.map(\.count)) == [1, 2])
                let paths = Set(responses.joined().compactMap { $0["path"]?.stringValue })
                #expect(paths == ["/project/shop", "/project/shop/stage/dev"])
                let tokens = responses.joined().compactMap { $0["headers", "x-token"]?.stringValue }
                #expect(tokens == ["***"], "the tool was told it, nobody else is")
            }
        }
    }

    @Test("Test_Webhook_Failures")
    func failures() async throws {
        try await withTestUpstream { url in
            try await ProjectUnderTest.with(
                shipyard: Self.shipyard, arguments: ["--allow-webhook", String(url.dropFirst("http://".count))]
            ) { project in
                try await Self.saveSecret(project)
                var webhooks = ""
                for (task, request) in [
                    ("mytask", "{url: '\(url)/', method: GET}"),
                    ("othertask", "{url: '\(url)/project{{.unknownKey}}', method: GET}"),
                    ("failedtask", "{url: '\(url)/500', method: GET}"),
                    ("unallowedtask", "{url: 'http://kubernetes.default.svc.cluster.local:443/v1', method: GET}"),
                    ("loopback", "{url: 'http://localhost:8080', method: GET}"),
                    ("loopback2", "{url: 'http://127.0.0.1:8080', method: GET}"),
                    ("loopback3", "{url: 'http://[::1]:8080', method: GET}"),
                ] {
                    let id = try await Self.subscribe(project, "\(task).triggered")
                    webhooks += Self.webhook(id, "\(task).triggered", [request])
                }
                let id = try await Self.subscribe(project, "mytask.finished")
                webhooks += Self.webhook(id, "mytask.finished", ["{url: '\(url)/500', method: GET}"])
                _ = try await Self.subscribe(project, "unknowntask.triggered")
                try await Self.write(webhooks, in: project)

                for task in Self.tasks {
                    let context = try await project.trigger("\(task)-sequence")
                    let data = try await Self.finished(task, of: context, in: project)
                    #expect(data["result"]?.stringValue == (task == "mytask" ? "pass" : "fail"), "\(task): \(data)")
                    #expect((data[task] != nil) == (task == "mytask"), "\(task)")
                    if task == "mytask" { continue }
                    #expect(data["status"] == "errored")
                    try await project.becomes("finished", context)
                }
                let lines = try await project.server.send("GET", "/controlPlane/v1/log?pageSize=50")
                let messages = (lines.json["logs"]?.elements ?? []).compactMap { $0["message"]?.stringValue }
                #expect(messages.count == Self.tasks.count, "one for each failure, the webhook on a .finished included")
            }
        }
    }

    @Test("Test_ExecutingWebhookTargetingClusterInternalAddressesFails")
    func internalAddress() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let id = try await Self.subscribe(project, "mytask.triggered")
            let url = "http://shipyard-controller:8080/v1/project/{{.data.project}}/stage/{{.data.stage}}"
            try await Self.write(
                Self.webhook(id, "mytask.triggered", ["{url: '\(url)', method: GET}"]), in: project, to: "")
            let context = try await project.trigger("mytask-sequence")
            let data = try await Self.finished("mytask", of: context, in: project)
            #expect(data["result"] == "fail")
            #expect(data["message"]?.stringValue?.contains("webhooks may not call shipyard-controller") == true)
        }
    }
}
