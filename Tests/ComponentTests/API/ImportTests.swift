import CloudEvents
import HTTPTypes
import Ports
import Testing

@testable import API

@Suite("Importing packages", .timeLimit(.minutes(5)))
struct ImportTests {
    private static let registration = "/api/controlPlane/v1/uniform/registration"

    private static let good = [
        "manifest.yaml": """
        apiVersion: v1beta1
        tasks:
        - id: service
          type: api
          action: keptn-api-v1-create-service
          payload: service.json
          context: {name: orders}
        - id: hook
          type: api
          action: keptn-api-v1-uniform-create-webhook-subscription
          payload: hook.json
        - id: everywhere
          type: resource
          resource: note.txt
          resourceUri: note.txt
          context: {id: "[[ .Tasks.hook.Response.id ]]"}
        - id: one
          type: resource
          resource: note.txt
          resourceUri: note.txt
          stage: dev
          service: "[[ .Tasks.service.Context.name ]]"
          context: {id: one}
        - {id: secret, type: api, action: keptn-api-v1-uniform-create-secret, payload: secret.json}
        """,
        "service.json": #"{"serviceName":"[[ .Context.name ]]"}"#,
        "hook.json": #"{"event":"x","filter":{"projects":["[[ .Inputs.project ]]"]}}"#,
        "note.txt": "[[ .Context.id ]]",
        "secret.json": #"{"name":"slack","scope":"keptn-default","data":{"token":"t"}}"#,
    ]

    private static func form(_ zip: String, field: String = "configPackage") -> String {
        "--B\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n"
            + "--B\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"p.zip\"\r\n"
            + "Content-Type: application/zip\r\n\r\n\(zip)\r\n--B--\r\n"
    }

    private func send(
        _ bench: UniformBench, _ zip: String, project: String = "?project=sockshop"
    ) async throws -> (status: Int, json: JSON) {
        try await bench.send(
            .post, "/api/v1/import" + project, Self.form(zip),
            headers: [.contentType: "multipart/form-data; boundary=B"])
    }

    @Test("A package does what its manifest says, and the answer tells it")
    func good() async throws {
        let bench = try await UniformBench(zips: ["good": Self.good])
        _ = try await bench.send(
            .post, Self.registration,
            #"""
            {"name":"webhook-service","metadata":{"hostname":"n","kubernetesmetadata":{"namespace":"k"}}}
            """#)
        let answer = try await send(bench, "good")
        #expect(answer.status == 200, "\(answer.json)")
        #expect(answer.json["outcome"] == "success")
        let tasks = answer.json["tasks"]?.elements ?? []
        #expect(
            tasks.compactMap { $0["task", "id"]?.stringValue } == ["service", "hook", "everywhere", "one", "secret"])
        let id = tasks[1]["response", "id"]?.stringValue ?? ""
        let secrets = try await bench.send(.get, "/api/secrets/v1/secret").json["Secrets"]?.elements
        #expect(secrets?.first?["name"] == "slack")
        for (place, text) in [("dev", id), ("prod", id), ("dev/service/orders", "one")] {
            let path = "/api/resource-service/v1/project/sockshop/stage/\(place)/resource/note.txt"
            let content = try await bench.send(.get, path).json["resourceContent"]?.stringValue
            #expect(content == Base64.encode(text.utf8), "\(place)")
        }
    }

    @Test(
        "What cannot be imported is refused with the status of Keptn",
        arguments: [
            ("good", "", 400, "'project'"), ("good", "?project=nope", 404, "nope"),
            ("no zip", "?project=sockshop", 415, "zip"), ("empty", "?project=sockshop", 415, "manifest.yaml"),
            ("bad", "?project=sockshop", 415, "never closed"), ("yaml", "?project=sockshop", 415, "manifest.yaml:1"),
            ("good", "?project=sockshop", 400, "webhook-service"),
        ])
    func refused(zip: String, project: String, status: Int, says: String) async throws {
        var bad = Self.good
        bad["note.txt"] = "[[ "
        let bench = try await UniformBench(zips: [
            "good": Self.good, "empty": [:], "bad": bad, "yaml": ["manifest.yaml": "tasks: 1"],
        ])
        let answer = try await send(bench, zip, project: project)
        #expect(answer.status == status)
        #expect(answer.json["message"]?.stringValue?.contains(says) == true, "\(answer.json)")
        if status == 400, zip == "good", !project.isEmpty {
            #expect(answer.json["outcome"] == "failure")
            #expect(answer.json["tasks"]?.elements.count == 1, "the service was created")
        }
    }

    @Test("A body that is no form with the package is refused")
    func forms() async throws {
        let bench = try await UniformBench()
        let path = "/api/v1/import?project=sockshop"
        #expect(try await bench.send(.post, path, "x").status == 415)
        let form = Self.form("x", field: "file")
        let headers: HTTPFields = [.contentType: "multipart/form-data; boundary=B"]
        #expect(try await bench.send(.post, path, form, headers: headers).status == 400)
    }

    @Test(
        "The boundary of a form",
        arguments: [
            ("multipart/form-data; boundary=abc", "abc"), ("Multipart/Form-Data;boundary=\"a b\"; charset=x", "a b"),
            ("multipart/form-data", nil), ("multipart/form-data; boundary=", nil), ("text/plain; boundary=x", nil),
            ("multipart/form-data; boundary=\(String(repeating: "b", count: 71))", nil),
        ])
    func boundaries(type: String, boundary: String?) {
        #expect(Multipart.boundary(of: type) == boundary)
    }

    @Test("Field contents keep every byte, and a form that is cut off has none")
    func fields() {
        let body = Array(Self.form("a\r\n--\r\n\r\n-B\r\n").utf8)
        #expect(
            Multipart.field("configPackage", in: body, boundary: "B").map(Array.init)
                == Array("a\r\n--\r\n\r\n-B\r\n".utf8))
        #expect(Multipart.field("other", in: body, boundary: "B").map(Array.init) == Array("x".utf8))
        #expect(Multipart.field("nobody", in: body, boundary: "B") == nil)
        for length in 0..<body.count - 10 {
            let found = Multipart.field("configPackage", in: Array(body.prefix(length)), boundary: "B")
            #expect(found == nil, "\(length)")
        }
    }
}
