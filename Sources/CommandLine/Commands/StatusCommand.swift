import ArgumentParser
import CloudEvents
import RemoteClients

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Check that the server answers and the token is right.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        let terminal = connection.terminal
        if !format.isData { terminal.info("Starting to authenticate") }
        let (endpoint, metadata) = try await connection.withClient { client in
            try await client.authenticate()
            return (client.endpoint, try await client.get("v1/metadata"))
        }
        format.print(metadata.setting("endpoint", to: .string(endpoint)), on: terminal) {
            AuthCommand.lines(endpoint, metadata) + ["Keptn cluster version: \(metadata.text("keptnversion"))"]
        }
    }
}

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the versions of this command and of the server.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        let terminal = connection.terminal
        var server: JSON?
        var problem = ""
        do {
            server = try await connection.withClient { try await $0.get("v1/metadata") }["keptnversion"]
        } catch {
            problem = "\(error)"
        }
        format.print(["cli": .string(Version.text), "server": server], on: terminal) {
            [
                "Keptn CLI version: \(Version.text)",
                "Keptn cluster version: \(server?.stringValue ?? "unknown (\(problem))")",
            ]
        }
    }
}
