import ArgumentParser
import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

/// Which server a command talks to. On the machine of a server that was started without further settings nothing has to
/// be said: endpoint and token are found in its data folder.
struct ConnectionOptions: ParsableArguments {
    @OptionGroup var global: GlobalOptions

    @Option(
        help: """
            The server's API, such as http://127.0.0.1:8080/api \
            [env: KEPTN_ENDPOINT; else the current context's, else the local server's].
            """)
    var endpoint: String?

    @Option(
        name: [.long, .customLong("api-token")],
        help: "The API token [env: KEPTN_API_TOKEN; else the context's or the local server's].")
    var token: String?

    var terminal: Terminal { global.terminal }

    /// The endpoint and what to log in with: what is given, else the environment, the current context, the local
    /// server. A stored token or login goes only to the endpoint that it was stored for.
    func server() throws -> ServerContext {
        let environment = ProcessInfo.processInfo.environment
        let home = global.dataFolder
        let contexts = try global.contexts.read()
        let chosen = endpoint ?? environment["KEPTN_ENDPOINT"] ?? contexts.currentContext?.endpoint
        // Whoever names a server does not need the one of this machine.
        let local = chosen == nil ? try home.read(.endpoint) : try? home.read(.endpoint)
        guard let endpoint = chosen ?? local else {
            throw KeptnError(
                .unavailable,
                "No server is known (no \(home.path)/endpoint): start one with 'keptn server', or log in with "
                    + "'keptn auth --endpoint URL --api-token TOKEN'")
        }
        let known = ([contexts.currentContext].compactMap { $0 } + contexts.contexts).first { $0.endpoint == endpoint }
        if let given = token ?? environment["KEPTN_API_TOKEN"] {
            return ServerContext(name: known?.name ?? "", endpoint: endpoint, token: given)
        }
        if let known, known.token != nil || known.login != nil { return known }
        guard endpoint == local, let token = try home.read(.token) else {
            throw KeptnError(
                .unauthorized, "No API token is known for \(endpoint): say --api-token or set KEPTN_API_TOKEN")
        }
        return ServerContext(name: "", endpoint: endpoint, token: token)
    }

    /// A client of that server. A login that ends soon is renewed first, and stored.
    func client() async throws -> APIClient {
        var server = try server()
        if server.login?.isEnding(at: SystemTime().now) == true { server = try await renewed(server) }
        return APIClient(endpoint: server.endpoint, token: server.token, bearer: server.login?.tokens.verifiable)
    }

    /// A provider may take each token for renewal only once: of two commands one renews, and the other one waits and
    /// takes what is new.
    private func renewed(_ old: ServerContext) async throws -> ServerContext {
        let time = SystemTime()
        var server = old
        try await global.contexts.update { content in
            server = content.contexts.first { $0.name == old.name && $0.endpoint == old.endpoint } ?? old
            guard let login = server.login, login.isEnding(at: time.now) else { return }
            let renewal = OAuthLogin(
                discoveryURL: login.discoveryURL, client: login.client, requester: WebRequester(), time: time)
            do {
                server.login?.tokens = try await renewal.refresh(login.tokens)
            } catch let error as KeptnError {
                throw KeptnError(
                    error.code, "\(error.message); log in with 'keptn auth --oauth --endpoint \(server.endpoint)'")
            }
            content.replace(server)
        }
        return server
    }

    /// Runs `body` with a client of that server. When something is not there, the error names what of the place it is
    /// and what there is.
    /// - Parameter failure: what an error's message begins with, such as `Create service was unsuccessful.`
    func withClient<Value: Sendable>(
        at place: Place = Place(), failure: String? = nil, _ body: (APIClient) async throws -> Value
    ) async throws -> Value {
        let client = try await client()
        if global.verbose { terminal.error("Server: \(client.endpoint)") }
        do {
            return try await body(client)
        } catch let error as KeptnError {
            var message = error.message
            if error.code == .notFound, let missing = await place.missing(client) { message = missing }
            if error.code == .unauthorized, client.hasBearer { message += "; log in again with 'keptn auth --oauth'" }
            throw KeptnError(error.code, (failure.map { "\($0) " } ?? "") + message)
        }
    }
}

/// The data folder of a server on this machine.
struct DataFolder {
    let path: String

    enum File: String {
        /// The URL of the API, written while a server runs.
        case endpoint
        /// The API token, made at the first start.
        case token
    }

    init(given: String?) {
        let environment = ProcessInfo.processInfo.environment
        path = given ?? environment["KEPTN_HOME"] ?? "\(environment["HOME"] ?? ".")/.keptn"
    }

    /// Nil where there is no such file, or nothing in it. Throws where it cannot be read.
    func read(_ file: File) throws -> String? {
        guard let bytes = try FileReading.bytes(of: "\(path)/\(file.rawValue)") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
