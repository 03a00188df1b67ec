import CloudEvents
import Foundation
import SystemPackage
import Testing

@Suite("The flags of every command", .timeLimit(.minutes(5)))
struct GlobalFlagTests {
    @Test("They count before the command, between its words and behind it")
    func places() async throws {
        try await KeptnProcess.withHome { keptn in
            let file = keptn.home.appending(path: "elsewhere.json").path
            let told = "Context far: http://127.0.0.1:1/api\n"
            let set = ["far", "-e", "http://127.0.0.1:1", "-a", "t"]
            for (arguments, output) in [
                (["--config-file", file, "set-context"] + set, told),
                (["--config-file=\(file)", "-n", "keptn", "set-context"] + set, told),
                (["-q", "set-context"] + set + ["--config-file", file], ""),
                (["set-context"] + set + ["--config-file", file, "--quiet"], ""),
            ] {
                let result = try await keptn.keptn(arguments)
                #expect(result.code == 0 && result.output == output, "\(arguments): \(result.errors)")
            }
            let listed = try await keptn.keptn("--home", keptn.home.path, "get-contexts", "--config-file", file)
            #expect(listed.output.contains("far"), "\(listed.errors)")
            #expect(try await keptn.keptn("get-contexts").output.hasPrefix("No contexts; make one with"))
            for arguments in [["-q", "-v", "status"], ["get", "-q", "projects", "--verbose"]] {
                let both = try await keptn.keptn(arguments)
                #expect(both.code == 1 && both.errors.contains("exclude each other"), "\(both.errors)")
            }
            let hung = try await keptn.keptn("--home")
            #expect(hung.code == 1 && hung.errors.contains("--home"), "\(hung.errors)")
        }
    }

    @Test("Nothing is coloured where NO_COLOR is set, or where nobody looks at a screen")
    func colours() async throws {
        try await KeptnProcess.withHome { keptn in
            let shipyard = try ServerTests.writeShipyard(in: keptn.home)
            _ = try await keptn.withServer { keptn in
                try await keptn.keptn("create", "project", "shop", "--shipyard", shipyard)
                try await keptn.keptn("create", "service", "cart", "--project", "shop")
                let trigger = ["trigger", "sequence", "hold", "-p", "shop", "-s", "dev", "--service", "cart"]
                let run = try await keptn.keptn(trigger + ["-o", "json"])
                let context = try #require(try JSON(parsing: run.output)["keptnContext"]?.stringValue)
                let script = "import os, pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
                func shown(_ variables: String...) async throws -> String {
                    let command = [
                        ["-c", script, "env"], variables, ["TERM=xterm", "KEPTN_HOME=\(keptn.home.path)"],
                        [KeptnProcess.program.string, "get", "sequence", context],
                    ]
                    return try await KeptnProcess.output(of: "python3", command.flatMap(\.self))
                }
                #expect(try await shown("-u", "NO_COLOR").contains("\u{1B}["))
                #expect(try await shown("NO_COLOR=1").contains("\u{1B}[") == false)
                #expect(try await keptn.keptn("get", "sequence", context).output.contains("\u{1B}[") == false)
                return .gracefully
            }
        }
    }
}
