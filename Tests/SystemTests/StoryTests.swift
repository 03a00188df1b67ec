import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("The long stories", .timeLimit(.minutes(15)))
struct StoryTests {
    @Test("The demo delivers three versions and observes every promised outcome")
    func demo() async throws {
        let result = try await Subprocess.run(
            .path(KeptnProcess.program), arguments: ["demo"],
            workingDirectory: FilePath(KeptnProcess.checkout.path), output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20))
        #expect(
            result.terminationStatus.isSuccess,
            "\(result.standardOutput)\n\(result.standardError)")
    }

    @Test("A demo that is interrupted ends what it has deployed, and takes its folder away")
    func interruptedDemo() async throws {
        try await KeptnProcess.withHome { keptn in
            let folder = keptn.home.appending(path: "temporary").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let result = try await Subprocess.run(
                .path(KeptnProcess.program), arguments: ["demo"], environment: .inherit.updating(["TMPDIR": folder]),
                workingDirectory: FilePath(KeptnProcess.checkout.path), input: .none, output: .discarded,
                error: .string(limit: 1 << 20)
            ) { execution in
                try await KeptnProcess.eventually("the first version is deployed") { Self.runs(below: folder) }
                try execution.send(signal: .interrupt)
            }
            #expect(result.terminationStatus == .exited(130))
            #expect(result.standardError == "Interrupted.\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            #expect(!Self.runs(below: folder))
        }
    }

    /// Whether a program of this folder is running.
    private static func runs(below folder: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            guard Int(process) != nil else { return false }
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
            return program?.hasPrefix(folder + "/") == true
        }
    }

    @Test("A problem of production goes from a real Prometheus through a real Alertmanager to its repair")
    func remediationDemo() async throws {
        let result = try await Subprocess.run(
            .path(KeptnProcess.program), arguments: ["demo", "remediation"],
            workingDirectory: FilePath(KeptnProcess.checkout.path), output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20))
        #expect(
            result.terminationStatus.isSuccess,
            "\(result.standardOutput)\n\(result.standardError)")
    }

    @Test("Twenty times kill -9 under load loses nothing, doubles nothing and leaves nothing waiting")
    func torture() async throws { try await bench("torture", "--kills", "20") }

    @Test("Nor when integrations that pull, are pushed to and follow the stream die too, with a hundred sequences")
    func tortureOfIntegrations() async throws {
        try await bench("torture-integrations", "--kills", "15", "--sequences", "100")
    }

    private func bench(_ arguments: String...) async throws {
        let program = KeptnProcess.products.appending(path: "keptn-bench").path
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20))
        #expect(
            result.terminationStatus.isSuccess,
            "\(result.standardOutput)\n\(result.standardError)")
    }
}
