import FoundationEssentials
import Glibc
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
            throw KeptnError(.unavailable, "the data folder \(folder) cannot be made: \(FileFailure.reason(error))")
        }
    }

    /// The API token, made at the first start.
    func token() throws -> String { try secretText(in: "token") }

    /// The key of the secrets' encryption, 256 bits, made at the first start.
    func secretKey() throws -> [UInt8] {
        let text = try secretText(in: "secret.key")
        let digits = Array(text)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        guard digits.count == 64, bytes.count == 32 else {
            throw KeptnError(
                .internalFailure, "\(path)/secret.key has to hold 64 hexadecimal digits: bring back the file's copy")
        }
        return bytes
    }

    /// The text of a file that only its owner reads; at the first time 256 random bits in hexadecimal digits.
    private func secretText(in name: String) throws -> String {
        let file = "\(path)/\(name)"
        if let bytes = try FileReading.bytes(of: file) {
            let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
            guard text.isEmpty else { return text }
        }
        let text = (0..<4).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        // Under its name only when it is whole: half a token would be taken for one.
        let part = "\(file).part"
        guard
            FileManager.default.createFile(
                atPath: part, contents: Data("\(text)\n".utf8), attributes: [.posixPermissions: 0o600])
        else { throw KeptnError(.unavailable, "\(part) cannot be written") }
        // What is encrypted under a key must not outlive it, not even when the power fails.
        try Self.synchronize(part)
        guard rename(part, file) == 0 else {
            throw KeptnError(.unavailable, "\(file) cannot be written: \(FileFailure.text(of: errno))")
        }
        try Self.synchronize(path)
        return text
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw KeptnError(.unavailable, "\(path) cannot be synced: \(String(cString: strerror(errno)))")
        }
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
