import FoundationEssentials
import Glibc
import NIOPosix
package import Ports
import Subprocess

/// Charts by Debian's gzip and tar, as processes of their own.
///
/// Gzip writes to a pipe whose bytes are counted, so that nothing can lie about its size; what tar then lays down in a
/// fresh folder is taken only when it is made of plain files and folders.
package struct TarCharts: ChartArchives {
    private static let timeMax = Duration.seconds(60)
    private static let errorBytesMax = 64 << 10

    private let folder: String
    private let bytesMax: Int
    private let time: any TimeSource
    private let ids: any IDSource

    /// - Parameters:
    ///   - folder: For charts while they are packed or unpacked.
    ///   - bytesMax: The size of a chart unpacked.
    package init(
        folder: String, bytesMax: Int = ChartLimits.bytesMax, time: any TimeSource, ids: any IDSource
    ) {
        self.folder = folder
        self.bytesMax = bytesMax
        self.time = time
        self.ids = ids
    }

    package func files(ofChart archive: [UInt8]) async throws -> [RepositoryPath: [UInt8]] {
        let plain: [UInt8]
        do {
            plain = try await output("gzip", ["--decompress", "--stdout"], archive)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw Self.refused("it holds more than \(bytesMax) bytes")
        }
        return try await inFolder { place in
            let extraction = [
                "--extract", "--file", "-", "--directory", place, "--no-same-owner", "--no-same-permissions",
            ]
            _ = try await output("tar", extraction, plain)
            return try await onThread { try collect(place) }
        }
    }

    package func archive(ofChart name: String, _ files: [RepositoryPath: [UInt8]]) async throws -> [UInt8] {
        try await inFolder { place in
            try await onThread {
                for (path, bytes) in files {
                    let file = URL(filePath: "\(place)/\(name)/\(path)")
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(bytes).write(to: file)
                }
            }
            let plain = try await output(
                "tar",
                [
                    "--create", "--file", "-", "--directory", place, "--sort=name", "--mtime=@0", "--owner=0",
                    "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX", "--format=gnu", "--", name,
                ])
            return try await output("gzip", ["--stdout", "--no-name"], plain)
        }
    }

    private func inFolder<Value: Sendable>(_ body: (_ place: String) async throws -> Value) async throws -> Value {
        let place = "\(folder)/\(ids.newID())"
        try await onThread { try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true) }
        do {
            let value = try await body(place)
            try await onThread { try FileManager.default.removeItem(atPath: place) }
            return value
        } catch {
            try await onThread { try FileManager.default.removeItem(atPath: place) }
            throw error
        }
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive { try body() }
    }

    private func output(_ program: String, _ arguments: [String], _ input: [UInt8] = []) async throws -> [UInt8] {
        let result = try await time.withDeadline(Self.timeMax, "\(program) with a chart") {
            try await run(
                .name(program), arguments: Arguments(arguments), input: .array(input),
                output: .bytes(limit: bytesMax), error: .string(limit: Self.errorBytesMax))
        }
        guard result.terminationStatus.isSuccess else {
            // It also says what it does about a name, before it says what is wrong with it.
            let reason = result.standardError.split(whereSeparator: \.isNewline).first { !$0.contains(": Removing ") }
            throw Self.refused(reason.map(String.init) ?? "\(program) gave no reason")
        }
        return result.standardOutput
    }

    /// The files below the only folder of a place.
    private func collect(_ place: String) throws -> [RepositoryPath: [UInt8]] {
        let top = try FileManager.default.contentsOfDirectory(atPath: place)
        guard top.count == 1, let root = top.first.map({ "\(place)/\($0)" }), try Self.kind(root).isFolder else {
            throw Self.refused(
                "a chart has exactly one folder at the top; this has \(top.sorted().joined(separator: ", "))")
        }
        var files: [RepositoryPath: [UInt8]] = [:]
        var room = bytesMax
        for entry in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let (isFolder, size) = try Self.kind("\(root)/\(entry)")
            if isFolder { continue }
            room -= size
            guard room >= 0, files.count < ChartLimits.filesMax else {
                throw Self.refused("it holds more than \(bytesMax) bytes or \(ChartLimits.filesMax) files")
            }
            let path: RepositoryPath
            do { path = try RepositoryPath(entry) } catch { throw Self.refused(error.message) }
            guard let bytes = FileManager.default.contents(atPath: "\(root)/\(entry)") else { throw SystemError.last }
            files[path] = Array(bytes)
        }
        guard !files.isEmpty else { throw Self.refused("there is no file in it") }
        return files
    }

    private static func kind(_ path: String) throws -> (isFolder: Bool, size: Int) {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw SystemError.last }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: return (true, 0)
        // A second name of the same file would be a link, too.
        case S_IFREG where info.st_nlink == 1: return (false, Int(info.st_size))
        default:
            let name = path.split(separator: "/").last ?? ""
            throw refused("'\(name)' is neither a plain file nor a folder")
        }
    }

    private static func refused(_ reason: String) -> KeptnError {
        KeptnError(.invalidInput, "the chart cannot be used: \(reason)")
    }
}
