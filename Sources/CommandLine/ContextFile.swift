import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

/// A server that the command line knows by name.
struct ServerContext: Equatable {
    var name: String
    var endpoint: String
    /// An API token; nil when only the login counts.
    var token: String?
    var login: StoredLogin?
}

/// A login at an identity provider, with what is needed to renew it.
struct StoredLogin: Equatable {
    var discoveryURL: String
    var client: OAuthLogin.Client
    var tokens: OAuthTokens

    /// A token that ends so soon is renewed before it is used.
    private static let marginBeforeEnd = Duration.seconds(30)

    func isEnding(at now: Timestamp) -> Bool {
        tokens.expiresAt.map { $0 - Self.marginBeforeEnd <= now } ?? false
    }

    init(discoveryURL: String, client: OAuthLogin.Client, tokens: OAuthTokens) {
        self.discoveryURL = discoveryURL
        self.client = client
        self.tokens = tokens
    }

    /// Nil when it is something else.
    init?(decoding json: JSON) {
        guard let tokens = json["tokens"].flatMap(OAuthTokens.init(decoding:)) else { return nil }
        self.tokens = tokens
        discoveryURL = json.text("discovery")
        client = OAuthLogin.Client(
            id: json.text("clientId"), secret: json["clientSecret"]?.stringValue,
            scopes: (json["scopes"]?.elements ?? []).compactMap(\.stringValue))
    }

    var encoded: JSON {
        [
            "discovery": .string(discoveryURL), "clientId": .string(client.id),
            "clientSecret": client.secret.map { .string($0) }, "scopes": .array(client.scopes.map { .string($0) }),
            "tokens": tokens.encoded,
        ]
    }
}

/// The servers that `keptn auth` and `keptn set-context` wrote down, in a file that only its owner reads.
struct ContextFile {
    let path: String

    init(given: String?, in folder: DataFolder) {
        let environment = ProcessInfo.processInfo.environment
        path = given ?? "\(environment["KEPTN_CONFIG_HOME"] ?? folder.path)/contexts.json"
    }

    /// All contexts, and the name of the one that commands use.
    struct Content: Equatable {
        var current: String?
        var contexts: [ServerContext] = []

        var currentContext: ServerContext? { contexts.first { $0.name == current } }

        /// Takes the place of a context of the same name, and is the one used from now on.
        mutating func use(_ context: ServerContext) {
            replace(context)
            current = context.name
        }

        /// Takes the place of a context of the same name.
        mutating func replace(_ context: ServerContext) {
            contexts.removeAll { $0.name == context.name }
            contexts.append(context)
            contexts.sort { $0.name < $1.name }
        }

        init(current: String? = nil, contexts: [ServerContext] = []) {
            self.current = current
            self.contexts = contexts
        }

        init(decoding json: JSON) {
            current = json["current"]?.stringValue
            contexts = (json["contexts"]?.elements ?? []).map {
                ServerContext(
                    name: $0.text("name"), endpoint: $0.text("endpoint"), token: $0["token"]?.stringValue,
                    login: $0["login"].flatMap(StoredLogin.init(decoding:)))
            }
        }

        var encoded: JSON {
            [
                "current": current.map { .string($0) },
                "contexts": .array(
                    contexts.map {
                        [
                            "name": .string($0.name), "endpoint": .string($0.endpoint),
                            "token": $0.token.map { .string($0) }, "login": $0.login?.encoded,
                        ]
                    }),
            ]
        }
    }

    /// Without a file there are no contexts. Throws `invalidInput` when the file holds something else.
    func read() throws -> Content {
        guard let bytes = try FileReading.bytes(of: path) else { return Content() }
        do {
            return Content(decoding: try JSON(parsing: bytes))
        } catch let error as JSONError {
            throw KeptnError(
                .invalidInput, "\(path) is not JSON: \(error); remove it, then log in again with 'keptn auth'")
        }
    }

    /// Changes what the file holds, and nobody else does in between.
    func update(_ change: (inout Content) async throws -> Void) async throws {
        try makeFolder()
        let lock = try await FileLock("\(path).lock")
        var content = try read()
        let old = content
        try await change(&content)
        if content != old { try write(content) }
        _ = consume lock
    }

    private func makeFolder() throws {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard !folder.isEmpty else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw KeptnError(.unavailable, "the folder \(folder) cannot be made: \(FileFailure.reason(error))")
        }
    }

    /// Replaces the file at once; it is never readable by others, not even while it is written.
    private func write(_ content: Content) throws {
        let part = "\(path).\(UUID().uuidString)"
        do {
            guard
                FileManager.default.createFile(
                    atPath: part, contents: Data("\(content.encoded.pretty())\n".utf8),
                    attributes: [.posixPermissions: 0o600])
            else { throw KeptnError(.unavailable, "\(part) cannot be created") }
            try InputFile.move(part, onto: path)
        } catch {
            throw KeptnError(.unavailable, "\(path) cannot be written: \(error)")
        }
    }
}
