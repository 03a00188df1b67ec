import Foundation
import Subprocess
import SystemPackage
import Testing

/// The Bridge in a real browser: Debian's Chromium, driven by the PyPI package `selenium`, held against axe from
/// `axe-playwright-python`. `KEPTN_TEST_PYTHON` names an interpreter that has both; in CI it must. Pictures of all
/// screens are left in `.build/bridge`.
@Suite("The Bridge in a browser", .timeLimit(.minutes(25)))
struct BridgeTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let python = environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isWanted = python != nil || !(environment["CI"] ?? "").isEmpty

    @Test(
        "What people do in the Bridge works, and every screen is good to look at for everybody",
        .enabled(if: isWanted))
    func browser() async throws {
        let python = try #require(Self.python, "KEPTN_TEST_PYTHON must be set in CI")
        try await KeptnProcess.withHome { keptn in
            // The tests themselves are the executors.
            let without = ["process-service", "jmeter-service", "lighthouse-service"].flatMap { ["--without", $0] }
            _ = try await keptn.withServer(without) { keptn in
                let endpoint = try keptn.read("endpoint")
                let folder = KeptnProcess.checkout.appending(path: "Tests/SystemTests/Bridge").path
                let result = try await Subprocess.run(
                    .path(FilePath(python)),
                    arguments: ["-m", "unittest", "discover", "-s", folder, "-p", "*_test.py"],
                    environment: .inherit.updating([
                        "KEPTN_BRIDGE_URL": String(endpoint.dropLast("/api".count)),
                        "KEPTN_BRIDGE_TOKEN": try keptn.read("token"),
                        "KEPTN_BRIDGE_PROGRAM": KeptnProcess.program.string,
                        "KEPTN_BRIDGE_SHOTS": KeptnProcess.checkout.appending(path: ".build/bridge").path,
                        "PYTHONDONTWRITEBYTECODE": "1",
                    ]), input: .none, output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
                #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
                return .gracefully
            }
        }
    }
}
