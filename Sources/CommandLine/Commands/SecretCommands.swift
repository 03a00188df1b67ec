import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

/// A secret as `create` and `update` take it.
struct SecretOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The secret's name.") var name: String
    @Option(help: "A member of the secret, name=value; repeatable.") var fromLiteral: [String] = []
    @Option(name: [.short, .long], help: "Who may read it.") var scope = "keptn-default"

    func validate() throws {
        for pair in fromLiteral where !pair.contains("=") || pair.hasPrefix("=") {
            // What follows may be a value that nobody else should see.
            throw ValidationError("--from-literal: name=value is needed, such as token=abc")
        }
    }

    /// Only the first `=` splits, and dots do not nest: values are taken as they are.
    var body: JSON {
        let members = fromLiteral.map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (key: String(parts[0]), value: JSON?.some(.string(String(parts[1]))))
        }
        return ["name": .string(name), "scope": .string(scope), "data": .object(members)]
    }
}

struct CreateSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "secret", abstract: "Create a secret.")
    @OptionGroup var secret: SecretOptions

    func run() async throws {
        try await secret.connection.withClient { _ = try await $0.post("secrets/v1/secret", secret.body) }
        secret.connection.terminal.info("Secret \(secret.name) created successfully")
    }
}

struct UpdateSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "secret", abstract: "Replace the members of a secret.")
    @OptionGroup var secret: SecretOptions

    func run() async throws {
        try await secret.connection.withClient { _ = try await $0.put("secrets/v1/secret", secret.body) }
        secret.connection.terminal.info("Secret \(secret.name) updated successfully")
    }
}

struct DeleteSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "secret", abstract: "Delete a secret.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The secret's name.") var name: String
    @Option(name: [.short, .long], help: "Its scope.") var scope = "keptn-default"

    func run() async throws {
        try await connection.withClient { client in
            _ = try await client.delete(
                "secrets/v1/secret?name=\(client.segment(name))&scope=\(client.segment(scope))")
        }
        connection.terminal.info("Secret \(name) has been deleted")
    }
}

struct GetSecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "List the secrets: names, scopes and keys, never values.",
        aliases: ["secret"])
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        let answer = try await connection.withClient { try await $0.get("secrets/v1/secret") }
        let secrets = (answer["Secrets"] ?? answer["secrets"])?.elements ?? []
        format.print(["secrets": .array(secrets)], on: connection.terminal, empty: "No secrets found") {
            Table(
                header: ["NAME", "SCOPE", "KEYS"], narrow: 1,
                rows: secrets.map {
                    [
                        $0.text("name"), $0.text("scope"),
                        ($0["keys"]?.elements ?? []).compactMap(\.stringValue).joined(separator: ","),
                    ]
                })
        }
    }
}
