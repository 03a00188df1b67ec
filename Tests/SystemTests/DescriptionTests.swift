import CloudEvents
import Foundation
import Subprocess
import SystemPackage
import Testing

/// The running server held against the description that it gives of itself, by Schemathesis (PyPI). `KEPTN_TEST_PYTHON`
/// names an interpreter that has it.
@Suite("The API's description and the built server", .timeLimit(.minutes(15)))
struct DescriptionTests {
    private static let checks = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    ]
    /// They answer when something happens, and may wait longer than a tester wants to.
    private static let waiting = [
        "/api/v1/stream", "/api/v1/subscriptions/{name}/pull", "/api/v1/subscriptions/{name}/stream",
    ]

    @Test(
        "Whatever is sent, no answer is a server's fault, undocumented, or of another shape than the description says")
    func conforms() async throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["KEPTN_TEST_PYTHON"], "KEPTN_TEST_PYTHON: run 'make test'")
        try await ProjectUnderTest.with(shipyard: SequenceTests.deliveries) { project in
            let server = project.server
            _ = try await project.trigger("delivery")
            let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-schema-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            // So that it reaches what lies behind an existing project, which it is not to delete.
            try "[parameters]\nproject = \"shop\"\nstage = \"dev\"\nservice = \"cart\"\n".write(
                to: folder.appending(path: "schemathesis.toml"), atomically: true, encoding: .utf8)
            // One worker: two threads that parse at the same time can trip over a bug of Python 3.11's ast module.
            let arguments =
                [
                    "-m", "schemathesis.cli", "run", "\(server.endpoint)/openapi.json", "-H",
                    "x-token: \(server.token)", "--checks", Self.checks.joined(separator: ","), "--phases", "fuzzing",
                    "--seed", "1", "--max-examples", "10", "--no-shrink", "--no-color",
                    "--request-timeout", "60", "--generation-database", "none", "--exclude-operation-id",
                    "deleteApiControlPlaneV1ProjectProject",
                ] + Self.waiting.flatMap { ["--exclude-path", $0] }
            let result = try await Subprocess.run(
                .path(FilePath(python)), arguments: Arguments(arguments),
                workingDirectory: FilePath(folder.path), output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20))
            #expect(result.terminationStatus.isSuccess, "\(result.standardOutput)\n\(result.standardError)")
            #expect(result.standardOutput.contains("generated"), "\(result.standardOutput)")
        }
    }

    @Test("Who pulls under the name of a part of the server takes nothing over")
    func ownNames() async throws {
        try await ProjectUnderTest.with(shipyard: SequenceTests.deliveries) { project in
            for name in ["approval-service", "process-service", "shipyard-service"] {
                let pulled = try await project.server.send(
                    "POST", "/v1/subscriptions/\(name)/pull",
                    ["events": ["sh.keptn.event.*.triggered"], "waitSeconds": 0, "restart": true])
                #expect(pulled.status == 200)
            }
            let context = try await project.trigger("approved")
            _ = try await project.task("approval", of: context)
            try await KeptnProcess.eventually("the server's approval-service has taken the task") {
                try await project.latest("approval.started", of: context) != nil
            }
        }
    }
}
