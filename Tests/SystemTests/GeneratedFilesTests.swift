import CloudEvents
import Foundation
import KeptnModel
import RemoteClients
import Testing

@Suite("What the command line writes into files", .timeLimit(.minutes(5)))
struct GeneratedFilesTests {
    @Test("A support archive tells versions, projects, integrations and their log, and nothing secret")
    func supportArchive() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "secret", "planted", "--from-literal", "password=planted-1")
                let made = try await keptn.keptn("token", "create", "ci", "--scopes", "read")
                let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
                let text =
                    "call failed: Authorization: Bearer planted-2, api_token=planted-3, http://u:planted-4@host/x, "
                    + "key \(token)"
                let log: JSON = [
                    "logs": [["integrationid": "my-service", "message": .string(text)]]
                ]
                let first = try keptn.read("token")
                _ = try await APIClient(endpoint: try keptn.read("endpoint"), token: first)
                    .post("controlPlane/v1/log", log)
                let missing = try await keptn.keptn("generate", "support-archive", "--dir", "/nowhere")
                #expect(missing.code == 1 && missing.errors.contains("/nowhere"))
                let done = try await keptn.keptn("generate", "support-archive", "--dir", keptn.home.path)
                #expect(done.code == 0, "\(done.errors)")
                let path = try #require(done.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
                let content = try await Self.unpacked(path)
                for part in [
                    "keptnversion", "\"shop\"", "my-service", "call failed", "sequences/shop.json", "***@host",
                ] {
                    #expect(content.contains(part), "\(part)")
                }
                let secrets = ["planted-1", "planted-2", "planted-3", "planted-4", token, first]
                for secret in secrets { #expect(!content.contains(secret), "\(secret)") }
                return .gracefully
            }
        }
    }

    /// Names and contents of all files, as another program unpacks them.
    private static func unpacked(_ path: String) async throws -> String {
        let script = """
            import sys, zipfile
            z = zipfile.ZipFile(sys.argv[1])
            assert z.testzip() is None
            for n in z.namelist(): print(n, z.read(n).decode())
            """
        return try await KeptnProcess.output(of: "python3", ["-c", script, path])
    }

    @Test("The document about events has an example of each, which is an event")
    func eventReference() async throws {
        try await KeptnProcess.withHome { keptn in
            let folder = keptn.home.appending(path: "ce-docs")
            let made = try await keptn.keptn("generate", "cloud-events-spec", "--dir", folder.path)
            #expect(made.code == 0 && made.output.contains("Docs have been written to: \(folder.path)"))
            let text = try String(contentsOf: folder.appending(path: "cloudevents.md"), encoding: .utf8)
            let examples = text.components(separatedBy: "```json\n").dropFirst()
                .map { $0.components(separatedBy: "\n```")[0] }
            #expect(examples.count > 15)
            for example in examples {
                let event = try CloudEvent(structured: try JSON(parsing: example))
                #expect(EventType(event.type) != nil, "\(event.type)")
                let isAnswer = !event.type.hasSuffix(".triggered")
                #expect((event.triggeredID != nil) == isAnswer, "\(event.type)")
            }
        }
    }
}
