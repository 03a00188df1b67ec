import CloudEvents
import Foundation
import TestSupport
import Testing

@Suite("What the command line asks and shows while it works", .timeLimit(.minutes(10)))
struct DialogueTests {
    @Test("Who is asked whether to approve is shown what waits; an id approves at once")
    func approvals() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = keptn.home.appending(path: "shipyard.yaml").path
            try """
            apiVersion: spec.keptn.sh/0.2.2
            kind: Shipyard
            metadata: {name: shop}
            spec:
              stages:
              - name: dev
                sequences:
                - name: ask
                  tasks:
                  - name: approval
                    properties: {pass: manual, warning: manual}
            """.write(toFile: shipyard, atomically: true, encoding: .utf8)
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "service", "cart", "--project", "shop")
                let answer = "send event approval.finished --project shop --stage dev".split(separator: " ")
                    .map(String.init)

                let first = try await Self.approval(keptn)
                let approved = try await keptn.keptn(answer + ["--id", first.id, "--labels", "by=me"])
                #expect(approved.code == 0 && approved.output.contains("Starting to send approval.finished event"))
                #expect(try await keptn.keptn("get", "sequence", first.context, "--watch").code == 0)
                let sent = try await keptn.keptn("get", "event", "approval.finished", "-c", first.context)
                #expect(sent.output.contains("\"by\": \"me\"") && sent.output.contains(first.id))

                let second = try await Self.approval(keptn)
                let nobody = try await keptn.keptn(answer + ["--service", "cart"])
                #expect(nobody.code == 1 && nobody.errors.contains("Nobody answered (1)"), "\(nobody.errors)")
                let declined = try await keptn.keptn(answer + ["--service", "cart"], input: "7\n1\nd\n")
                #expect(declined.code == 0, "\(declined.errors)")
                for text in [
                    "OPTION", "IMAGE", "EVALUATION", "(1)", "n/a", "'7' is none of 1", "(a)pprove or (d)ecline",
                ] {
                    #expect(declined.output.contains(text), "\(declined.output)")
                }
                #expect(try await keptn.keptn("get", "sequence", second.context, "--watch").code == 1)

                let third = try await Self.approval(keptn)
                let short = try await keptn.keptn(
                    "send", "approval", "-p", "shop", "-s", "dev", "--no-approve", "-m", "not today")
                #expect(short.code == 0 && short.output == "Declined.\n", "\(short.errors)")
                #expect(try await keptn.keptn("get", "sequence", third.context, "--watch").code == 1)
                return .gracefully
            }
        }
    }

    /// Lets a sequence wait for an approval.
    private static func approval(_ keptn: KeptnProcess) async throws -> (id: String, context: String) {
        let run = try await keptn.keptn(
            "trigger", "sequence", "ask", "--project", "shop", "--stage", "dev", "--service", "cart")
        let context = try #require(CommandTests.context(in: run.output), "\(run.errors)")
        var open: JSON = [:]
        try await KeptnProcess.eventually("something waits for an approval") {
            let events = try await keptn.keptn(
                "get", "event", "approval.triggered", "--project", "shop", "--stage", "dev", "-o", "json")
            open = (try? JSON(parsing: events.output)) ?? [:]
            return open["shkeptncontext"]?.stringValue == context
        }
        return (id: try #require(open["id"]?.stringValue), context: context)
    }

    @Test("A terminal sees how far an upload is; a log does not")
    func progress() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            let image = keptn.home.appending(path: "large").path
            try Data(repeating: 7, count: 3_000_000).write(to: URL(fileURLWithPath: image))
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "service", "cart", "--project", "shop")
                let call = [
                    "trigger", "delivery", "--project", "shop", "--service", "cart", "--sequence", "hold", "--image",
                    image,
                ]
                let logged = try await keptn.keptn(call)
                #expect(logged.code == 0 && logged.errors.isEmpty, "\(logged.errors)")
                let program = KeptnProcess.products.appending(path: "keptn").path
                let command = (["env", "TERM=xterm", "KEPTN_HOME=\(keptn.home.path)", program] + call)
                    .joined(separator: " ")
                let seen = try await output(
                    of: "script", ["--quiet", "--return", "--command", command, "/dev/null"])
                #expect(seen.contains("100 % of 3 MB"), "\(seen)")
                return .gracefully
            }
        }
    }
}
