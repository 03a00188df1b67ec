import CloudEvents
import Core
import KeptnModel
import Ports
import Testing

/// What the editors of the Bridge ask of the API.
@Suite("Editing files with the API", .timeLimit(.minutes(5)))
struct EditorTests {
    @Test("A file is checked, its mistakes have lines")
    func validation() async throws {
        let bench = try await AccessBench()
        func verdict(_ file: String, _ content: String) async throws -> JSON {
            let answer = try await bench.send(
                "POST", "/api/v1/validate", ["file": .string(file), "content": .string(content)])
            #expect(answer.status == 200, "\(answer)")
            return answer.json
        }
        let good = try await verdict("slo.yaml", "spec_version: '1.0'\nobjectives:\n  - sli: errors\n")
        #expect(good["valid"] == true && good["kind"] != nil)
        let bad = try await verdict("slo.yaml", "spec_version: '1.0'\nobjectives:\n  - sli: errors\n    pass: many\n")
        #expect(bad["valid"] == false && bad["kind"] == nil)
        let diagnostic = try #require(bad["diagnostics"]?.elements.first)
        #expect(diagnostic["line"] == 4 && diagnostic["severity"] == "error" && diagnostic["message"] != nil)
        #expect(try await verdict("x.yaml", "a: [")["valid"] == false)
        #expect(try await bench.send("POST", "/api/v1/validate", ["file": "slo.yaml"]).status == 400)
    }

    @Test("A file's commits are told, newest first, with what was done to it")
    func history() async throws {
        let bench = try await AccessBench()
        let file = "/api/resource-service/v1/project/sockshop/stage/dev/service/carts/resource/slo.yaml"
        var commits: [JSON?] = []
        for content in ["YQ==", "Yg=="] {
            commits.insert(
                try await bench.send("PUT", file, ["resourceContent": .string(content)]).json["commitID"], at: 0)
        }
        let other = file.replacing("slo.yaml", with: "other.yaml")
        #expect(try await bench.send("PUT", other, ["resourceContent": "YQ=="]).status == 200)
        commits.insert(try await bench.send("DELETE", file).json["commitID"], at: 0)

        let path = "/api/v1/overview/project/sockshop/history"
        let place = "stage=dev&service=carts"
        let found = try await bench.send("GET", "\(path)?file=slo.yaml&\(place)").json["revisions"]?.elements ?? []
        #expect(found.map { $0["commit"] } == commits)
        #expect(found.map { $0["isDeletion"] } == [true, false, false])
        #expect(found.first?["message"] == "Deleted resources" && found.last?["message"] == "Updated resource")
        let first = try await bench.send("GET", "\(path)?file=slo.yaml&\(place)&pageSize=1").json["revisions"]?.elements
        #expect(first?.map { $0["commit"] } == [commits[0]])
        let project = try await bench.send("GET", "\(path)?file=shipyard.yaml").json["revisions"]?.elements
        #expect(project?.count == 1)
        #expect(try await bench.send("GET", "\(path)?file=none.yaml").json["revisions"] == [])
        #expect(try await bench.send("GET", path).status == 400)
        #expect(try await bench.send("GET", "\(path)?file=slo.yaml&stage=nope").status == 404)
    }

    private static let webhooks = """
        apiVersion: webhookconfig.keptn.sh/v1beta1
        kind: WebhookConfig
        metadata: {name: w}
        spec:
          webhooks:
            - type: sh.keptn.event.deployment.finished
              subscriptionID: mine
              envFrom: [{name: token, secretRef: {name: chat, key: token}}]
              requests:
                - url: https://tool.example.org/{{.data.stage}}
                  method: POST
                  headers: [{key: Authorization, value: 'Bearer {{.env.token}}'}]
                  payload: '{{.data.service}}'
                - url: https://tool.example.org/{{.data.nothing}}
                  method: GET
        """

    @Test("A dry run of a webhook shows its requests without secrets, and where a template fails")
    func preview() async throws {
        let bench = try await AccessBench()
        let event: JSON = [
            "specversion": "1.0", "id": "e", "source": "test", "type": "sh.keptn.event.deployment.finished",
            "data": ["project": "sockshop", "stage": "dev", "service": "carts"],
        ]
        func preview(_ id: String, _ content: String = Self.webhooks) async throws -> (status: Int, json: JSON) {
            try await bench.send(
                "POST", "/api/v1/webhooks/preview",
                ["subscriptionID": .string(id), "content": .string(content), "event": event])
        }
        let answer = try await preview("mine")
        let requests = answer.json["requests"]?.elements ?? []
        #expect(requests.map { $0["url"] } == ["https://tool.example.org/dev"])
        #expect(requests.first?["body"] == "carts" && requests.first?["method"] == "POST")
        #expect(requests.first?["headers"]?.elements.first?["value"] == "Bearer ***")
        #expect(answer.json["mistake"]?.stringValue?.contains("nothing") == true)
        #expect(try await preview("other").status == 404)
        let broken = try await preview("mine", "kind: WebhookConfig\nspec: 1\n")
        #expect(broken.status == 400 && broken.json["message"]?.stringValue?.contains("webhook.yaml:") == true)
    }
}
