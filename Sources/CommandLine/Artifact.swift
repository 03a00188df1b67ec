import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients
import Subprocess

/// What `--image` names: something to upload first, or an image name that goes on as it is.
struct Artifact {
    let given: String

    /// Packing a folder may take so long.
    static let packingMax = Duration.seconds(120)

    init(_ given: String) { self.given = given }

    /// The reference that the event carries: `NAME@sha256:…` for what was uploaded, else the given name.
    func upload(with client: APIClient, on terminal: Terminal) async throws -> String {
        if given.hasPrefix("http://") || given.hasPrefix("https://") {
            let name = given.prefix { $0 != "?" }.split(separator: "/").last.map(String.init) ?? "artifact"
            return try await client.upload(url: given, name: name)
        }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: given, isDirectory: &isFolder) else {
            guard !given.hasPrefix("/"), !given.hasPrefix("."), !given.hasSuffix("/") else {
                throw KeptnError(.invalidInput, "--image \(given): there is no such file or folder")
            }
            return given
        }
        let name = given.split(separator: "/").last.map(String.init) ?? "artifact"
        func upload(file: String) async throws -> String {
            defer { terminal.progress(nil) }
            return try await client.upload(file: file, name: name) { sent, total in
                terminal.progress(Self.bar(name, sent, total))
            }
        }
        guard isFolder else { return try await upload(file: given) }
        let archive = FileManager.default.temporaryDirectory.path + "/keptn-\(UUID().uuidString).tar"
        defer { try? FileManager.default.removeItem(atPath: archive) }
        try await pack(into: archive)
        return try await upload(file: archive)
    }

    /// How far an upload is: `carts [#######...] 70 % of 12 MB`.
    private static func bar(_ name: String, _ sent: Int, _ total: Int) -> String {
        let share = total == 0 ? 1 : Double(sent) / Double(total)
        let done = Int(share * 30)
        let bar = String(repeating: "#", count: done) + String(repeating: ".", count: 30 - done)
        return "\(name) [\(bar)] \(Int(share * 100)) % of \((total + 999_999) / 1_000_000) MB"
    }

    /// A reference for a table: as much of the digest as tells versions apart.
    static func short(_ reference: String) -> String {
        guard let mark = reference.firstRange(of: "@sha256:") else { return reference }
        return String(reference[..<mark.upperBound] + reference[mark.upperBound...].prefix(12))
    }

    /// A tar archive whose bytes depend only on the files: the same folder is the same artifact.
    private func pack(into archive: String) async throws {
        let folder = given
        let status = try await SystemTime().withDeadline(Self.packingMax, "packing \(folder)") {
            try await Subprocess.run(
                .name("tar"),
                arguments: [
                    "--create", "--file", archive, "--directory", folder, "--sort=name", "--mtime=@0", "--owner=0",
                    "--group=0", "--numeric-owner", "--dereference", ".",
                ],
                output: .discarded, error: .string(limit: 4096))
        }
        guard status.terminationStatus.isSuccess else {
            throw KeptnError(.invalidInput, "--image \(folder): tar failed: \(status.standardError)")
        }
    }
}
