import FoundationEssentials
import Ports
import ServiceLifecycle

/// The data folder of a server, and the two files by which commands on the same machine find it.
struct HomeFolder: Service {
    let path: String

    init(_ path: String) throws {
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        try Self.make(self.path)
    }

    func subfolder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try Self.make(folder)
        return folder
    }

    private static func make(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw KeptnError(.unavailable, "the data folder \(folder) cannot be made: \(error)")
        }
    }

    /// The API token, made at the first start.
    func token() throws -> String {
        let file = "\(path)/token"
        if let data = FileManager.default.contents(atPath: file) {
            let text = String(decoding: data, as: UTF8.self).filter { !$0.isWhitespace }
            guard text.isEmpty else { return text }
        }
        let token = (0..<4).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        guard
            FileManager.default.createFile(
                atPath: file, contents: Data("\(token)\n".utf8), attributes: [.posixPermissions: 0o600])
        else { throw KeptnError(.unavailable, "the token cannot be written to \(file)") }
        return token
    }

    /// Tells commands on this machine where the API is.
    func announce(_ url: String) {
        try? Data("\(url)\n".utf8).write(to: URL(filePath: "\(path)/endpoint"), options: .atomic)
    }

    /// Takes the announcement back when the server ends.
    func run() async throws {
        try? await gracefulShutdown()
        try? FileManager.default.removeItem(atPath: "\(path)/endpoint")
    }
}
