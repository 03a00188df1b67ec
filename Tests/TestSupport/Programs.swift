package import Subprocess
import SystemPackage
import Testing

/// Runs git in a repository and returns what it prints, errors included.
package func git(_ repository: String, input: String? = nil, _ arguments: String...) async throws -> String {
    let variables: [Environment.Key: String] = [
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "somebody", "GIT_AUTHOR_EMAIL": "somebody@example.com",
        "GIT_COMMITTER_NAME": "somebody", "GIT_COMMITTER_EMAIL": "somebody@example.com",
    ]
    return try await output(of: "git", ["--git-dir", repository] + arguments, variables, input: input ?? "")
}

/// What a program prints, errors included; it has to succeed.
@discardableResult
package func output(
    of program: String, _ arguments: [String], _ variables: [Environment.Key: String] = [:], input: String = ""
) async throws -> String {
    let result = try await run(
        program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
        environment: .inherit.updating(variables.mapValues(Optional.some)), input: .string(input),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let text = result.standardOutput + result.standardError
    try #require(result.terminationStatus.isSuccess, "\(program) \(arguments.joined(separator: " ")): \(text)")
    return text
}
