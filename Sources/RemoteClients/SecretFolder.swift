import FoundationEssentials
import KeptnKit
import NIOPosix
import Ports

/// The secrets of this machine: a folder for each, in it a file for each key, as Kubernetes mounts them.
struct SecretFolder: Sendable {
    let path: String

    /// The values by their keys, without a line break at their end; nil when there is no such folder.
    func values(of name: String) async throws -> [String: String]? {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
        let folder = "\(path)/\(name)"
        return try await NIOThreadPool.singleton.runIfActive { try Self.read(folder) }
    }

    /// Blocks. Kubernetes keeps what it swaps in names that begin with a dot.
    private static func read(_ folder: String) throws -> [String: String]? {
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw ControlPlaneError(.rejected, "\(folder) cannot be read: \(FileFailure.reason(error))")
        }
        var values: [String: String] = [:]
        for name in names where !name.hasPrefix(".") {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
                var text = String(bytes: data, encoding: .utf8)
            else {
                throw ControlPlaneError(.rejected, "\(folder)/\(name) cannot be read as text")
            }
            if text.hasSuffix("\n") { text.removeLast() }
            values[name] = text
        }
        return values
    }
}
