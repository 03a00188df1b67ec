import CloudEvents
import Foundation
import Ports
import RemoteClients
import Subprocess
import Testing

/// Keptn's own test cases of these names (K §6.5), against the built server over HTTP.
@Suite("Upstream: uniform and import", .timeLimit(.minutes(5)))
struct UniformAndImportTests {
    private static let registration = "/controlPlane/v1/uniform/registration"

    /// A server with the project `shop`, its stages dev and prod, and its service `cart`.
    private static func withShop(_ body: @Sendable @escaping (ServerOverHTTP) async throws -> Void) async throws {
        try await KeptnProcess.withHome { keptn in
            _ = try await keptn.withServer { keptn in
                let server = try ServerOverHTTP(keptn)
                let stages = ["dev", "prod"].map {
                    "  - {name: \($0), sequences: [{name: delivery, tasks: [{name: deployment}]}]}\n"
                }
                let shipyard =
                    "apiVersion: spec.keptn.sh/0.2.2\nkind: Shipyard\nmetadata: {name: shop}\nspec:\n  stages:\n"
                    + stages.joined()
                let project: JSON = ["name": "shop", "shipyard": .string(Base64.encode(shipyard.utf8))]
                #expect(try await server.send("POST", "/controlPlane/v1/project", project).status == 201)
                try await body(server)
                return .gracefully
            }
        }
    }

    @Test("Test_UniformRegistration_TestAPI")
    func uniformRegistration() async throws {
        try await Self.withShop { server in
            let integration: JSON = [
                "name": "my-uniform-service",
                "metadata": [
                    "hostname": "node", "distributorversion": "0.15.0",
                    "kubernetesmetadata": ["namespace": "my-namespace", "podname": "p", "deploymentname": "d"],
                ],
                "subscriptions": [
                    [
                        "event": "sh.keptn.event.test.triggered",
                        "filter": ["projects": ["shop"], "stages": ["dev"], "services": ["cart"]],
                    ]
                ],
            ]
            let made = try await server.send("POST", Self.registration, integration)
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.stringValue)
            #expect(try await server.send("POST", Self.registration, integration).status == 200)
            for (query, count) in [
                ("id=\(id)", 1), ("name=my-uniform-service", 1), ("project=shop", 1), ("project=shop&stage=dev", 1),
                ("project=shop&stage=dev&service=cart", 1), ("project=other", 0), ("project=shop&stage=prod", 0),
            ] {
                let found = try await server.send("GET", "\(Self.registration)?\(query)")
                #expect(found.status == 200)
                #expect(found.json.elements.count == count, "\(query)")
            }
            let names = try await server.send("GET", Self.registration).json.elements.map { $0["name"]?.stringValue }
            #expect(names.contains("lighthouse-service"), "what is part of the server is there too")

            let subscription: JSON = ["event": "sh.keptn.event.other.triggered", "filter": [:]]
            let one = "\(Self.registration)/\(id)/subscription"
            let second = try await server.send("POST", one, subscription)
            #expect(second.status == 201)
            let ping = try await server.send("PUT", "\(Self.registration)/\(id)/ping")
            #expect(ping.status == 200)
            #expect(ping.json["subscriptions"]?.elements.count == 2)
            let secondID = second.json["id"]?.stringValue ?? ""
            #expect(try await server.send("DELETE", "\(one)/\(secondID)").status == 200)
            #expect(try await server.send("GET", one).json.elements.count == 1)
            #expect(try await server.send("DELETE", "\(Self.registration)/\(id)").status == 200)
            #expect(try await server.send("PUT", "\(Self.registration)/\(id)/ping").status == 404)
            var nameless = integration
            nameless = nameless.setting("name", to: nil)
            #expect(try await server.send("POST", Self.registration, nameless).status == 400)
        }
    }

    /// What Kubernetes would show of it is asked of the API: names and keys, never values.
    @Test("Test_ManageSecrets_CreateUpdateAndDeleteSecret")
    func secrets() async throws {
        try await KeptnProcess.withHome { keptn in
            _ = try await keptn.withServer { keptn in
                let server = try ServerOverHTTP(keptn)
                func shown() async throws -> [String] {
                    let secrets = try await server.send("GET", "/secrets/v1/secret").json["Secrets"]?.elements ?? []
                    return secrets.map { $0.text }.sorted()
                }
                func secret(_ name: String, _ key: String) -> String {
                    #"{"name":"\#(name)","scope":"keptn-default","keys":["\#(key)"]}"#
                }
                for (words, code) in [
                    ("create secret my-new-secret --from-literal=mykey1=myvalue1", 0),
                    ("create secret my-new-secret-2 --from-literal=mykey2=myvalue2", 0),
                    ("create secret my-new-secret --from-literal=mykey1=other", 1),
                    ("create secret my-new-secret-3 --from-literal=k=v --scope=unknown", 1),
                    ("update secret my-new-secret --from-literal=mykey3=changed-value", 0),
                    ("update secret my-new-secret-3 --from-literal=mykey1=changed-value", 1),
                ] {
                    #expect(
                        try await keptn.keptn(words.split(separator: " ").map(String.init)).code == code, "\(words)")
                }
                #expect(
                    try await shown()
                        == [secret("my-new-secret", "mykey3"), secret("my-new-secret-2", "mykey2")].sorted())
                for name in ["my-new-secret", "my-new-secret-2"] {
                    #expect(try await keptn.keptn("delete", "secret", name).code == 0)
                    #expect(try await keptn.keptn("delete", "secret", name).code == 1)
                }
                #expect(try await shown() == [])
                return .gracefully
            }
        }
    }

    @Test("Test_ImportCorrectManifest")
    func importCorrectManifest() async throws {
        try await Self.withShop { server in
            let answer = try await server.importPackage(try await Self.package(), project: "shop")
            #expect(answer.status == 200, "\(answer.json)")
            #expect(answer.json["outcome"] == "success")
            #expect(answer.json["tasks"]?.elements.count == 3)
            let service = try await server.send("GET", "/controlPlane/v1/project/shop/stage/dev/service/orders")
            #expect(service.status == 200)
            let file = try await server.send(
                "GET", "/resource-service/v1/project/shop/stage/prod/resource/webhook%2Fwebhook.yaml")
            let id = try #require(answer.json["tasks"]?.elements[1]["response", "id"]?.stringValue)
            let content = try #require(file.json["resourceContent"]?.stringValue.flatMap(Base64.decode))
            #expect(String(decoding: content, as: UTF8.self).contains("subscriptionID: \(id)\n"))
        }
    }

    @Test("Test_ImportCorrectManifestNonExistingProject")
    func importNonExistingProject() async throws {
        try await Self.withShop { server in
            let answer = try await server.importPackage(try await Self.package(), project: "nowhere")
            #expect(answer.status == 404)
            #expect(answer.json["message"]?.stringValue?.contains("nowhere") == true)
        }
    }

    @Test("Test_ImportMalformedZipFileCorrectName")
    func importMalformedZip() async throws {
        try await Self.withShop { server in
            let answer = try await server.importPackage(Array("this is no zip".utf8), project: "shop")
            #expect(answer.status == 415)
            #expect(answer.json["code"] == 415)
        }
    }

    /// A service, a webhook for it, and the webhook's file in every stage.
    private static func package() async throws -> [UInt8] {
        let script = """
            import io, sys, zipfile
            out = io.BytesIO()
            z = zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED)
            z.writestr('manifest.yaml', '''
            apiVersion: v1beta1
            tasks:
            - {id: service, type: api, action: keptn-api-v1-create-service, payload: api/service.json,
               context: {name: orders}}
            - {id: hook, type: api, action: keptn-api-v1-uniform-create-webhook-subscription, payload: api/hook.json}
            - id: file
              type: resource
              resource: resources/webhook.yaml
              resourceUri: webhook/webhook.yaml
              context: {id: "[[ .Tasks.hook.Response.id ]]"}
            ''')
            z.writestr('api/service.json', '{"serviceName": "[[ .Context.name ]]"}')
            z.writestr('api/hook.json',
                '{"event": "sh.keptn.event.x.triggered", "filter": {"projects": ["[[ .Inputs.project ]]"]}}')
            z.writestr('resources/webhook.yaml', '''
            apiVersion: webhookconfig.keptn.sh/v1beta1
            kind: WebhookConfig
            metadata: {name: hook}
            spec:
              webhooks:
              - type: sh.keptn.event.x.triggered
                subscriptionID: [[ .Context.id ]]
                requests: [{url: "https://example.com/{{.data.project}}", method: POST}]
            ''')
            z.close()
            sys.stdout.buffer.write(out.getvalue())
            """
        let result = try await Subprocess.run(
            .name("python3"), arguments: ["-c", script], output: .bytes(limit: 1 << 20),
            error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput
    }
}

/// The API of a server that runs on this home, as any HTTP client sees it.
struct ServerOverHTTP: Sendable {
    let endpoint: String
    let token: String

    init(_ keptn: KeptnProcess) throws {
        func text(_ file: String) throws -> String {
            try String(contentsOf: keptn.home.appending(path: file), encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        endpoint = try text("endpoint")
        token = try text("token")
    }

    func send(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> (status: Int, json: JSON) {
        try await send(method, path, contentType: "application/json", body.map { Array($0.bytes) } ?? [])
    }

    func send(
        _ method: String, _ path: String, contentType: String, _ body: [UInt8]
    ) async throws -> (status: Int, json: JSON) {
        let answer = try await WebRequester().send(
            OutgoingRequest(
                method: method, url: endpoint + path, headers: ["x-token": token, "content-type": contentType],
                body: body, timeout: .seconds(60)))
        return (answer.status, (try? JSON(parsing: answer.body)) ?? .null)
    }

    func metrics() async throws -> String {
        let answer = try await WebRequester().send(
            OutgoingRequest(url: String(endpoint.dropLast("/api".count)) + "/metrics"))
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Sends a package as curl does: `curl -F configPackage=@package.zip`.
    func importPackage(_ bytes: [UInt8], project: String) async throws -> (status: Int, json: JSON) {
        let head =
            "--form\r\nContent-Disposition: form-data; name=\"configPackage\"; filename=\"package.zip\"\r\n"
            + "Content-Type: application/zip\r\n\r\n"
        return try await send(
            "POST", "/v1/import?project=\(project)", contentType: "multipart/form-data; boundary=form",
            Array(head.utf8) + bytes + Array("\r\n--form--\r\n".utf8))
    }
}
