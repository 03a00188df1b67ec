import ArgumentParser
import CloudEvents
import Ports
import RemoteClients

struct BridgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract: "Open the Bridge in the browser, logged in.",
        discussion: """
            The link that is opened logs in once, within two minutes, with the rights of the token in use. The Bridge \
            itself is at /bridge of the server.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Flag(name: .customLong("no-open"), help: "Print the link, and open nothing.") var isPrintedOnly = false

    func run() async throws {
        let terminal = connection.terminal
        let link = try await connection.withClient { try await BridgeLink.make($0) }
        guard !isPrintedOnly else { return terminal.line(link) }
        terminal.line(link)
        await OAuthOptions.open(link)
    }
}

/// Where the Bridge of a server is.
enum BridgeLink {
    /// A link that logs in once. Its code is behind the hash, which browsers send to nobody.
    static func make(_ client: APIClient) async throws -> String {
        let code = try await client.post("v1/session/code", .emptyObject).text("code")
        return "\(address(of: client.endpoint))#login=\(code)"
    }

    static func address(of endpoint: String) -> String {
        (endpoint.hasSuffix("/api") ? String(endpoint.dropLast(4)) : endpoint) + "/bridge/"
    }
}
