import Ports
import Subprocess

/// Debian's git as a child process, for the parts of the protocol that libgit2 has not: serving a fetch, and taking in
/// a foreign pack, which is safer outside of our own memory.
struct GitProcess: Sendable {
    private static let errorBytesMax = 64 << 10
    /// The machine's and the user's own settings are none of ours; whoever serves branches shows branches only.
    private static let settings = [
        "-c", "core.fsync=all", "-c", "gc.auto=0", "-c", "transfer.hideRefs=refs",
        "-c", "transfer.hideRefs=!refs/heads",
    ]

    let folder: String
    let time: any TimeSource
    /// How long it may run; then it is killed.
    let timeMax: Duration

    /// Feeds it and gives what it answers, whole.
    func answer(_ arguments: [String], input: [UInt8] = [], _ version: GitProtocolVersion = .original) async throws
        -> [UInt8]
    {
        let result = try await time.withDeadline(timeMax, "git \(arguments[0])") {
            try await run(
                configuration(arguments, version), input: .array(input), output: .bytes(limit: 64 << 20),
                error: .string(limit: Self.errorBytesMax))
        }
        try check(arguments, result.terminationStatus, result.standardError)
        return result.standardOutput
    }

    /// Feeds it and hands out what it answers, piece by piece.
    @concurrent func stream(
        _ arguments: [String], input: [UInt8], _ version: GitProtocolVersion, _ write: APIResponse.Writer
    ) async throws {
        let result = try await run(
            configuration(arguments, version), input: .array(input), output: .sequence,
            error: .string(limit: Self.errorBytesMax)
        ) { execution in
            async let _ = killWhenOverdue { try execution.send(signal: .kill) }
            for try await piece in execution.standardOutput {
                try await write(piece.withUnsafeBytes { Array($0) })
            }
        }
        try check(arguments, result.terminationStatus, result.standardError)
    }

    /// Feeds it piece by piece. What comes after it has ended is taken all the same: whoever sends listens only then.
    @concurrent func feed(
        _ arguments: [String], _ next: @concurrent () async throws -> [UInt8]?
    ) async throws {
        let result = try await run(
            configuration(arguments, .original), input: .inputWriter, output: .discarded,
            error: .string(limit: Self.errorBytesMax)
        ) { execution in
            async let _ = killWhenOverdue { try execution.send(signal: .kill) }
            var isListening = true
            while let piece = try await next() {
                guard isListening else { continue }
                do {
                    _ = try await execution.standardInputWriter.write(piece)
                } catch is SubprocessError {
                    isListening = false
                }
            }
            try await execution.standardInputWriter.finish()
        }
        try check(arguments, result.terminationStatus, result.standardError)
    }

    private func killWhenOverdue(_ kill: @Sendable () throws -> Void) async {
        // One that has ended by itself cannot be killed, and need not be.
        if (try? await time.sleep(for: timeMax)) != nil { try? kill() }
    }

    private func configuration(_ arguments: [String], _ version: GitProtocolVersion) -> Subprocess.Configuration {
        var variables: [Environment.Key: String] = [
            "GIT_DIR": folder, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        ]
        if version == .two { variables["GIT_PROTOCOL"] = "version=2" }
        return Subprocess.Configuration(
            executable: .name("git"), arguments: Arguments(Self.settings + arguments),
            environment: .custom(variables))
    }

    private func check(_ arguments: [String], _ status: TerminationStatus, _ errors: String) throws {
        guard !status.isSuccess else { return }
        let lines = errors.split(whereSeparator: \.isNewline).prefix(5).joined(separator: "; ")
        throw GitFailure(what: arguments[0], reason: lines.isEmpty ? "\(status)" : lines)
    }
}

/// What git said before it failed.
struct GitFailure: Error, CustomStringConvertible {
    let what: String
    let reason: String

    var description: String { "git \(what) failed: \(reason)" }
}
