import CloudEvents
import FoundationEssentials
import Ports

/// A server that the command line knows by name.
struct ServerContext: Equatable {
    var name: String
    var endpoint: String
    var token: String
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
            contexts.removeAll { $0.name == context.name }
            contexts.append(context)
            contexts.sort { $0.name < $1.name }
            current = context.name
        }

        init(current: String? = nil, contexts: [ServerContext] = []) {
            self.current = current
            self.contexts = contexts
        }

        init(decoding json: JSON) {
            current = json["current"]?.stringValue
            contexts = (json["contexts"]?.elements ?? []).map {
                ServerContext(name: $0.text("name"), endpoint: $0.text("endpoint"), token: $0.text("token"))
            }
        }

        var encoded: JSON {
            [
                "current": current.map { .string($0) },
                "contexts": .array(
                    contexts.map {
                        ["name": .string($0.name), "endpoint": .string($0.endpoint), "token": .string($0.token)]
                    }),
            ]
        }
    }

    /// Without a file there are no contexts. Throws `invalidInput` when the file holds something else.
    func read() throws -> Content {
        guard let data = FileManager.default.contents(atPath: path) else { return Content() }
        do {
            return Content(decoding: try JSON(parsing: Array(data)))
        } catch let error as JSONError {
            throw KeptnError(
                .invalidInput, "\(path) is not JSON: \(error); remove it, then log in again with 'keptn auth'")
        }
    }

    /// Replaces the file at once; it is never readable by others, not even while it is written.
    func write(_ content: Content) throws {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let part = "\(path).\(UUID().uuidString)"
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
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
