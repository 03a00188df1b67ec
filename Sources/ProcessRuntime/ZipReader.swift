import FoundationEssentials
import Glibc
import NIOPosix
package import Ports
import Subprocess

/// Zip archives, read by Info-ZIP's `unzip`: Debian keeps it safe (it refuses overlapping members), it needs no
/// development files, and as a process of its own it cannot hurt ours. It writes to a pipe only, never to the disk, so
/// that no path or link of an archive leads anywhere; and what comes out of the pipe is counted, so that no archive
/// can lie about its size.
package struct ZipReader: ZipArchives {
    private let folder: String
    private let time: any TimeSource
    private let ids: any IDSource
    private static let timeMax = Duration.seconds(60)
    private static let listingMax = 1 << 20

    /// - Parameter folder: For archives while they are read.
    package init(folder: String, time: any TimeSource, ids: any IDSource) {
        self.folder = folder
        self.time = time
        self.ids = ids
    }

    package func files(of archive: [UInt8], bytesMax: Int) async throws -> [String: [UInt8]] {
        let path = "\(folder)/\(ids.newID()).zip"
        try await NIOThreadPool.singleton.runIfActive { try Data(archive).write(to: URL(filePath: path)) }
        do {
            let files = try await read(path, bytesMax: bytesMax)
            try await remove(path)
            return files
        } catch {
            try await remove(path)
            throw error
        }
    }

    private func remove(_ path: String) async throws {
        try await NIOThreadPool.singleton.runIfActive { _ = unlink(path) }
    }

    private func read(_ path: String, bytesMax: Int) async throws -> [String: [UInt8]] {
        let listing = try await unzip(["-Z1", path], bytesMax: Self.listingMax)
        guard let text = String(validating: listing, as: UTF8.self) else {
            throw Self.refused("the names in it are not UTF-8")
        }
        let names = text.split(separator: "\n").map { String($0) }.filter { !$0.hasSuffix("/") }
        guard names.count <= ZipLimits.filesMax else {
            throw Self.refused("it holds \(names.count) files; at most \(ZipLimits.filesMax) are read")
        }
        for name in names {
            do { _ = try RepositoryPath(name) } catch { throw Self.refused(error.message) }
        }
        var files: [String: [UInt8]] = [:]
        var room = bytesMax
        for name in names {
            let bytes = try await unzip(["-p", path, Self.literal(name)], bytesMax: room)
            room -= bytes.count
            files[name] = bytes
        }
        return files
    }

    /// A name that stands for itself where `unzip` expects a pattern, and is no option.
    private static func literal(_ name: String) -> String {
        name.reduce(into: "") { out, character in
            // A class of one character: also a dash in front is none of an option then.
            if "[*?-".contains(character) { out += "[\(character)]" } else { out.append(character) }
        }
    }

    private func unzip(_ arguments: [String], bytesMax: Int) async throws -> [UInt8] {
        do {
            let result = try await time.withDeadline(Self.timeMax, "reading the zip archive") {
                try await run(
                    .name("unzip"), arguments: Arguments(arguments), output: .bytes(limit: bytesMax),
                    error: .string(limit: 1 << 16))
            }
            guard result.terminationStatus.isSuccess else {
                let reason = result.standardError.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("[") }
                throw Self.refused(reason.map { String($0.drop(while: \.isWhitespace)) } ?? "unzip cannot read it")
            }
            return result.standardOutput
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw Self.refused("it holds more than may be unpacked")
        }
    }

    private static func refused(_ reason: String) -> KeptnError {
        KeptnError(.unsupportedMediaType, "the zip archive cannot be used: \(reason)")
    }
}
