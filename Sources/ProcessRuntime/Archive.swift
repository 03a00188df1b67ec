import FoundationEssentials
import Glibc
import NIOPosix
import Ports
import Subprocess

/// A tar archive of a user's. Debian's tar unpacks it: it strips leading slashes, refuses members with `..` and creates
/// symbolic links last, so that nothing is written through them. What came out is checked again before anybody uses it.
struct Archive: Sendable {
    private static let unpackTime = Duration.seconds(300)
    private static let errorBytesMax = 1 << 20

    let file: String
    let isCompressed: Bool
    /// For messages.
    let name: String

    func unpack(into folder: String, time: any TimeSource) async throws {
        let arguments =
            ["--extract", "--file", file, "--directory", folder, "--no-same-owner", "--no-same-permissions"]
            + (isCompressed ? ["--gzip"] : [])
        let result = try await time.withDeadline(Self.unpackTime, "unpacking \(name)") {
            try await run(
                .name("tar"), arguments: Arguments(arguments), output: .discarded,
                error: .string(limit: Self.errorBytesMax))
        }
        guard result.terminationStatus.isSuccess else {
            let reason = result.standardError.split(whereSeparator: \.isNewline).first ?? "tar gave no reason"
            throw KeptnError(.invalidInput, "the archive '\(name)' cannot be unpacked: \(reason)")
        }
        try await NIOThreadPool.singleton.runIfActive { try check(folder) }
    }

    /// Only files, folders, and links that stay inside.
    private func check(_ folder: String) throws {
        guard let root = realpath(folder, nil) else { throw SystemError.last }
        defer { free(root) }
        let inside = String(cString: root) + "/"
        for entry in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            var info = stat()
            let path = "\(folder)/\(entry)"
            guard lstat(path, &info) == 0 else { throw SystemError.last }
            switch info.st_mode & S_IFMT {
            case S_IFREG, S_IFDIR: continue
            case S_IFLNK:
                let target = realpath(path, nil)
                defer { free(target) }
                guard let target, (String(cString: target) + "/").hasPrefix(inside) else {
                    throw refused(entry, "is a link that does not lead to a file of the archive")
                }
            default: throw refused(entry, "is neither a file nor a folder nor a link")
            }
        }
    }

    private func refused(_ entry: String, _ reason: String) -> KeptnError {
        KeptnError(.invalidInput, "the archive '\(name)' cannot be used: '\(entry)' \(reason)")
    }
}
