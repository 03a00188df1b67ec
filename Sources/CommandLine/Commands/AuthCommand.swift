import ArgumentParser
import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

struct AuthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth",
        abstract: "Check an endpoint and its API token, and remember them for later commands.",
        discussion: """
            Without flags the server that is known already is checked, or the one on this machine.
            keptn auth --endpoint https://keptn.example.com/api --api-token TOKEN
            keptn auth --endpoint https://keptn.example.com/api --oauth --oauth-discovery https://id.example.com \
            --oauth-client-id keptn-cli
            """)

    @OptionGroup var global: GlobalOptions
    @Option(name: [.short, .long], help: "The server's API, such as https://keptn.example.com/api.")
    var endpoint: String?
    @Option(name: [.short, .long], help: "The API token.") var apiToken: String?
    @Option(help: "The name under which the server is remembered.") var context = "default"
    @Flag(name: [.customShort("c"), .long], help: "Print the endpoint and the token that later commands use.")
    var export = false
    @Flag(name: [.short, .long], help: "Accepted for Keptn's scripts; certificates are always checked.")
    var secure = false
    @Flag(name: [.customShort("i"), .long], help: "Accepted for Keptn's scripts; there are no namespaces to list.")
    var skipNamespaceListing = false

    @OptionGroup(title: "Identity provider") var login: OAuthOptions

    func run() async throws {
        let terminal = global.terminal
        if login.oauthLogout { return try await logOut() }
        var connection = ConnectionOptions()
        connection.global = global
        connection.endpoint = endpoint
        connection.token = apiToken
        if export {
            let server = try connection.server()
            terminal.line("Endpoint:  \(server.endpoint)")
            terminal.line("API Token:  \(server.token ?? "")")
            return
        }
        terminal.info("Starting to authenticate")
        let client = login.oauth ? try await logIn() : try await connection.client()
        try await client.authenticate()
        if !login.oauth, endpoint != nil || apiToken != nil {
            let server = try connection.server()
            try await remember(
                ServerContext(name: context, endpoint: client.endpoint, token: server.token, login: server.login))
        }
        // A token may do something else than read the metadata.
        let metadata = try? await client.get("v1/metadata")
        Self.lines(client.endpoint, metadata ?? .emptyObject).forEach { terminal.info($0) }
    }

    /// Logs in at the identity provider. An API token that is given goes along with the login.
    private func logIn() async throws -> APIClient {
        let content = try global.contexts.read()
        let old = content.contexts.first { $0.name == context }
        guard
            let endpoint = try endpoint ?? ProcessInfo.processInfo.environment["KEPTN_ENDPOINT"] ?? old?.endpoint
                ?? global.dataFolder.read(.endpoint)
        else {
            throw KeptnError(
                .invalidInput, "keptn auth --oauth needs --endpoint, such as https://keptn.example.com/api")
        }
        let login = try await login.logIn(after: old?.login, global.terminal)
        let client = APIClient(endpoint: endpoint, token: apiToken, bearer: login.tokens.verifiable)
        try await remember(ServerContext(name: context, endpoint: client.endpoint, token: apiToken, login: login))
        return client
    }

    private func logOut() async throws {
        try await global.contexts.update { content in
            guard var context = content.contexts.first(where: { $0.name == context }), context.login != nil else {
                throw KeptnError(.notFound, "There is no login in context \(context)")
            }
            context.login = nil
            content.replace(context)
        }
        global.terminal.info("Successfully logged out")
    }

    private func remember(_ context: ServerContext) async throws {
        try await global.contexts.update { $0.use(context) }
    }

    /// What a login tells (cli-wire-contract §3); the Bridge's URL only when the server has one.
    static func lines(_ endpoint: String, _ metadata: JSON) -> [String] {
        let done = "Successfully authenticated against \(endpoint)"
        guard !["", "N/A"].contains(metadata.text("bridgeversion")), var url = URLComponents(string: endpoint) else {
            return [done]
        }
        url.path = "/bridge"
        return [done, "Bridge URL: \(url.string ?? endpoint)"]
    }
}

extension APIClient {
    /// Asks the server whether it knows the token.
    func authenticate() async throws {
        do {
            _ = try await post("v1/auth", .emptyObject)
        } catch let error as KeptnError {
            throw KeptnError(error.code, "authentication was not successful: \(error.message)")
        }
    }
}

struct SetContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-context", abstract: "Name a server, or go over to one that has a name.",
        discussion: "With --endpoint and --api-token the server is remembered under the name, without asking it.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The context's name.") var name: String
    @Option(name: [.short, .long], help: "The server's API.") var endpoint: String?
    @Option(name: [.short, .long], help: "The API token.") var apiToken: String?

    func run() async throws {
        var used = ""
        try await global.contexts.update { content in
            let context = try context(among: content)
            content.use(context)
            used = context.endpoint
        }
        global.terminal.info("Context \(name): \(used)")
    }

    private func context(among content: ContextFile.Content) throws -> ServerContext {
        let old = content.contexts.first { $0.name == name }
        let isMoved = endpoint != nil && endpoint != old?.endpoint
        guard let endpoint = endpoint.map({ APIClient(endpoint: $0, token: "").endpoint }) ?? old?.endpoint else {
            let names = content.contexts.map(\.name).joined(separator: ", ")
            throw KeptnError(
                .notFound,
                "No context \(name); known: \(names.isEmpty ? "none" : names). "
                    + "To make it, say --endpoint and --api-token")
        }
        // A token is for the server it was given for.
        let (token, login) = (apiToken ?? (isMoved ? nil : old?.token), isMoved ? nil : old?.login)
        guard token != nil || login != nil else {
            throw KeptnError(.invalidInput, "--endpoint \(endpoint) needs --api-token")
        }
        return ServerContext(name: name, endpoint: endpoint, token: token, login: login)
    }
}

struct GetContextsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get-contexts", abstract: "List the servers that have a name; tokens are not shown.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var format: OutputOptions

    func run() throws {
        let content = try global.contexts.read()
        let data = JSON.array(
            content.contexts.map {
                [
                    "name": .string($0.name), "endpoint": .string($0.endpoint),
                    "current": .bool($0.name == content.current),
                ]
            })
        format.print(
            data, on: global.terminal,
            empty: "No contexts; make one with 'keptn set-context NAME --endpoint URL --api-token TOKEN'"
        ) {
            Table(
                header: ["CURRENT", "NAME", "ENDPOINT"],
                rows: content.contexts.map { [$0.name == content.current ? "*" : "", $0.name, $0.endpoint] })
        }
    }
}

struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change how the command line works.", subcommands: [SetConfigCommand.self])
}

struct SetConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Accepted for Keptn's scripts: this program asks nobody for versions and knows no kube context.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "AutomaticVersionCheck, KubeContextCheck or LastVersionCheck.") var key: String
    @Argument(help: "The value.") var value: String

    func run() throws {
        let known = ["automaticversioncheck", "kubecontextcheck", "lastversioncheck"]
        guard known.contains(key.lowercased()) else {
            throw KeptnError(
                .invalidInput,
                "Unsupported key \(key): AutomaticVersionCheck, KubeContextCheck or LastVersionCheck is needed")
        }
        global.terminal.info("\(key) has no effect here")
    }
}
