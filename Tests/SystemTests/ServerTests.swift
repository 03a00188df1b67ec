import CloudEvents
import Foundation
import Subprocess
import Testing

@Suite("The built server and its command line", .timeLimit(.minutes(10)))
struct ServerTests {
    @Test("What was accepted is still there after a graceful stop and after kill -9")
    func restart() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try Self.writeShipyard(in: keptn.home)
            let first = try await keptn.withServer { keptn in
                let project = try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                #expect(project.code == 0, "\(project.errors)")
                let service = try await keptn.keptn("create", "service", "cart", "--project", "shop")
                #expect(service.code == 0, "\(service.errors)")
                return .gracefully
            }
            #expect(first.isSuccess)
            let context = Context()
            let second = try await keptn.withServer { keptn in
                let trigger = try await keptn.keptn(
                    "trigger", "sequence", "hold", "--project", "shop", "--stage", "dev", "--service", "cart",
                    "--output", "json")
                #expect(trigger.code == 0, "\(trigger.errors)")
                await context.set(try JSON(parsing: trigger.output)["keptnContext"]?.stringValue)
                return .killed
            }
            #expect(!second.isSuccess)
            let third = try await keptn.withServer { keptn in
                let id = try #require(await context.value)
                let list = try await keptn.keptn(
                    "get", "sequences", "--project", "shop", "--output", "json")
                let run = try #require(try JSON(parsing: list.output).elements.first)
                #expect(run["shkeptncontext"]?.stringValue == id)
                let open = try await keptn.keptn(
                    "get", "event", "nobody.triggered", "--project", "shop", "--output", "json")
                #expect(try JSON(parsing: open.output)["shkeptncontext"]?.stringValue == id)
                return .gracefully
            }
            #expect(third.isSuccess)
        }
    }

    @Test("Pause, resume and abort reach a running sequence, and its exit code tells how it ended")
    func control() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try Self.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "service", "cart", "--project", "shop")
                let trigger = try await keptn.keptn(
                    "trigger", "sequence", "hold", "--project", "shop", "--stage", "dev", "--service", "cart",
                    "--output", "json")
                let context = try #require(try JSON(parsing: trigger.output)["keptnContext"]?.stringValue)
                for (verb, state) in [("pause", "paused"), ("resume", "started"), ("abort", "aborted")] {
                    let done = try await keptn.keptn("sequence", verb, "--project", "shop", "--keptn-context", context)
                    #expect(done.code == 0, "\(done.errors)")
                    let shown = try await keptn.keptn("get", "sequence", context, "--output", "json")
                    #expect(try JSON(parsing: shown.output)["state"]?.stringValue == state)
                }
                let watched = try await keptn.keptn("get", "sequence", context, "--watch")
                #expect(watched.code == 3)
                #expect(watched.output.contains("dev hold: finished aborted"))
                return .gracefully
            }
        }
    }

    @Test("A user's mistake is told with what would be right")
    func mistakes() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try Self.writeShipyard(in: keptn.home)
            let broken = keptn.home.appending(path: "broken.yaml").path
            try "apiVersion: spec.keptn.sh/0.2.2\nkind: Shipyard\nspec:\n  stages:\n  - name: Dev\n"
                .write(toFile: broken, atomically: true, encoding: .utf8)
            let validated = try await keptn.keptn("validate", broken)
            #expect(validated.code == 1)
            #expect(validated.output.contains("broken.yaml:5:11: error:"))
            _ = try await keptn.withServer { keptn in
                let cases: [(arguments: [String], says: String)] = [
                    (["create", "project", "Shop", "--shipyard", shipyard], "lower case"),
                    (["create", "project", "shop", "--shipyard", broken], ":5:11"),
                    (["create", "service", "cart", "--project", "nowhere"], "nowhere"),
                    (["get", "stages", "--project", "nowhere"], "nowhere"),
                    (
                        ["trigger", "sequence", "x", "--project", "nowhere", "--stage", "dev", "--service", "cart"],
                        "nowhere"
                    ),
                    (["get", "sequence", "no-such-context"], "no-such-context"),
                    (["status", "--token", "wrong"], "unauthenticated"),
                ]
                for (arguments, says) in cases {
                    let result = try await keptn.keptn(arguments)
                    #expect(result.code == 1, "\(arguments)")
                    #expect(result.errors.contains(says), "\(arguments): \(result.errors)")
                }
                return .gracefully
            }
        }
    }

    /// A shipyard whose one sequence has a task that nobody takes.
    static func writeShipyard(in home: URL) throws -> String {
        let path = home.appending(path: "shipyard.yaml").path
        try """
        apiVersion: spec.keptn.sh/0.2.2
        kind: Shipyard
        metadata:
          name: shop
        spec:
          stages:
          - name: dev
            sequences:
            - name: hold
              tasks:
              - name: nobody
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

/// A value that one step of a test hands to the next.
private actor Context {
    private(set) var value: String?
    func set(_ value: String?) { self.value = value }
}
