import CloudEvents
import Foundation
import Subprocess
import SystemPackage
import Testing

/// The built program as a user has it: started as a process, spoken to over HTTP and by its own command line.
struct KeptnProcess {
    let home: URL

    /// The folder with the programs of the build that these tests belong to.
    static let products: URL = {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = sequence(first: bundle) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.appending(path: "keptn").path) }
            ?? bundle
    }()

    static var program: FilePath { FilePath(products.appending(path: "keptn").path) }

    /// The root of the checkout: where the examples are.
    static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Gives the body a home folder of its own and removes it afterwards.
    static func withHome<Value>(_ body: (KeptnProcess) async throws -> Value) async throws -> Value {
        let home = FileManager.default.temporaryDirectory.appending(path: "keptn-system-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        return try await body(KeptnProcess(home: home))
    }

    /// What a command printed and how it ended.
    struct CommandResult {
        var status: TerminationStatus
        var output: String
        var errors: String

        var code: Int32 {
            switch status {
            case .exited(let code): Int32(code)
            case .signaled(let signal): -Int32(signal)
            }
        }
    }

    /// Runs one command of the CLI against this home.
    @discardableResult
    func keptn(_ arguments: String...) async throws -> CommandResult { try await keptn(arguments) }

    /// - Parameters:
    ///   - input: what somebody types; nothing comes after it.
    ///   - environment: variables besides the home folder's.
    @discardableResult
    func keptn(
        _ arguments: [String], input: String = "", environment: [Environment.Key: String] = [:]
    ) async throws -> CommandResult {
        let own: [Environment.Key: String] = ["KEPTN_HOME": home.path, "NO_COLOR": "1"]
        let result = try await Subprocess.run(
            .path(Self.program), arguments: Arguments(arguments),
            environment: .inherit.updating(own.merging(environment) { $1 }.mapValues(Optional.some)),
            input: .string(input),
            output: .string(limit: 4 << 20), error: .string(limit: 1 << 20))
        return CommandResult(
            status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
    }

    /// What another program prints.
    static func output(of program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20))
        try #require(result.terminationStatus.isSuccess, "\(program): \(result.standardError)")
        return result.standardOutput
    }

    /// A file that a server wrote into this home for whoever comes from this machine: `endpoint`, `token`.
    func read(_ file: String) throws -> String {
        try String(contentsOf: home.appending(path: file), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// How the body wants the server to end.
    enum End { case gracefully, killed }

    /// Runs a server on this home while the body works, ends it as the body says, and returns its exit status.
    func withServer(
        _ arguments: [String] = [], _ body: @Sendable @escaping (KeptnProcess) async throws -> End
    ) async throws -> TerminationStatus {
        let endpoint = home.appending(path: "endpoint")
        try? FileManager.default.removeItem(at: endpoint)
        let result = try await Subprocess.run(
            .path(Self.program), arguments: Arguments(["server", "--listen", "127.0.0.1:0"] + arguments),
            environment: .inherit.updating(["KEPTN_HOME": home.path]),
            input: .none, output: .discarded, error: .discarded
        ) { execution in
            try await Self.eventually("the server says where it is") {
                FileManager.default.fileExists(atPath: endpoint.path)
            }
            let end = try await body(self)
            try execution.send(signal: end == .killed ? .kill : .terminate)
        }
        return result.terminationStatus
    }

    /// The one place where tests wait: asks again until it is so, and fails after the deadline.
    static func eventually(
        _ what: String, within seconds: Int = 180, _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "not within \(seconds) s: \(what)")
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
    }
}
