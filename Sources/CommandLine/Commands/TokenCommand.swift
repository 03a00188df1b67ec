import ArgumentParser
import CloudEvents
import RemoteClients

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list, renew and end API tokens.",
        discussion: """
            A token may do what its scopes say, such as events:write; 'read', 'write' and 'admin' stand for many at \
            once. Changes count at once. A token's text is shown when it is made and never again.
            """,
        subcommands: [
            CreateTokenCommand.self, ListTokensCommand.self, RevokeTokenCommand.self, RotateTokenCommand.self,
        ])
}

struct CreateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "create", abstract: "Make a token and print it.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The token's name, such as the program that will use it.") var name: String
    @Option(parsing: .upToNextOption, help: "What it may do: read, write, admin, or scopes such as events:write.")
    var scopes: [String]
    @Option(parsing: .upToNextOption, help: "The only projects it may see and change; without it all.")
    var projects: [String] = []
    @Option(help: "How long it counts, such as 720h; without it until it is revoked.") var expiresIn: String?

    func run() async throws {
        let made = try await connection.withClient { client in
            try await client.post(
                "v1/tokens",
                [
                    "name": .string(name), "scopes": TokenText.list(scopes),
                    "projects": projects.isEmpty ? nil : TokenText.list(projects),
                    "expiresIn": expiresIn.map { .string($0) },
                ])
        }
        TokenText.show(made, output)
    }
}

struct ListTokensCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show all tokens: what they may do, until when, and when they were last used.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tokens = try await connection.withClient { try await $0.get("v1/tokens") }["tokens"] ?? []
        output.print(tokens, on: connection.terminal, empty: "No tokens") {
            Table(
                header: ["NAME", "SCOPES", "PROJECTS", "EXPIRES", "LAST USED"],
                rows: tokens.elements.map { token in
                    func text(_ name: String) -> String? { token[name]?.stringValue }
                    func texts(_ name: String) -> String? {
                        token[name]?.elements.compactMap(\.stringValue).joined(separator: ",")
                    }
                    let expiry = text("expiresAt").map { token["expired"] == true ? "expired" : $0 }
                    return [
                        text("name") ?? "", texts("scopes") ?? "", texts("projects") ?? "all", expiry ?? "never",
                        text("lastUsedAt") ?? "never",
                    ]
                })
        }
    }
}

struct RevokeTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "End a token, at once.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The token's name.") var name: String

    func run() async throws {
        _ = try await connection.withClient { client in
            try await client.delete("v1/tokens/\(client.segment(name))")
        }
        connection.terminal.info("Token \(name) was revoked")
    }
}

struct RotateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Give a token another text and print it; the old one ends at once.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The token's name.") var name: String
    @Option(help: "How long it counts from now on, such as 720h; without it as long as before.") var expiresIn: String?

    func run() async throws {
        let made = try await connection.withClient { client in
            try await client.post(
                "v1/tokens/\(client.segment(name))/rotate", ["expiresIn": expiresIn.map { .string($0) }])
        }
        TokenText.show(made, output)
    }
}

private enum TokenText {
    /// Words that were given apart or with commas between them.
    static func list(_ words: [String]) -> JSON {
        .array(words.flatMap { $0.split(separator: ",") }.map { .string(String($0)) })
    }

    /// The text alone goes to standard output, so that a script has it.
    static func show(_ made: JSON, _ output: OutputOptions) {
        let terminal = Terminal()
        output.print(made, on: terminal) { [made["token"]?.stringValue ?? ""] }
        if !output.isData {
            terminal.error("This is the only time that token \(made["name"]?.stringValue ?? "") is shown.")
        }
    }
}
