import ArgumentParser
import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

/// Which server a command talks to. On the machine of a server that was started without further settings nothing has to
/// be said: endpoint and token are found in its data folder.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The server's API, such as http://127.0.0.1:8080/api [env: KEPTN_ENDPOINT; else the local server's].")
    var endpoint: String?

    @Option(help: "The API token [env: KEPTN_API_TOKEN; else the local server's].")
    var token: String?

    @Option(help: "The data folder of a local server [env: KEPTN_HOME; default ~/.keptn].")
    var home: String?

    /// Runs `body` with a client of that server.
    func withClient<Value: Sendable>(_ body: (APIClient) async throws -> Value) async throws -> Value {
        let environment = ProcessInfo.processInfo.environment
        let home = DataFolder(given: home)
        guard let endpoint = endpoint ?? environment["KEPTN_ENDPOINT"] ?? home.read(.endpoint) else {
            throw KeptnError(
                .unavailable,
                "No server is known (no \(home.path)/endpoint): start one with 'keptn server', or say --endpoint"
            )
        }
        guard let token = token ?? environment["KEPTN_API_TOKEN"] ?? home.read(.token) else {
            throw KeptnError(.unauthorized, "No API token: say --token or set KEPTN_API_TOKEN")
        }
        return try await body(APIClient(endpoint: endpoint, token: token))
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

    func read(_ file: File) -> String? {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(file.rawValue)") else { return nil }
        let text = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
