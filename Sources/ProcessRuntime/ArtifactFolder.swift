package import Core
import Crypto
import FoundationEssentials
import Glibc
import NIOPosix
package import Ports
import Synchronization

/// Artifacts as files: `sha256-HEX/content` holds the uploaded bytes, `sha256-HEX/files/` what they unpack to.
///
/// Nothing is ever removed: an artifact may be deployed again at any time.
package struct ArtifactFolder: ArtifactStore {
    /// What is unpacked or received, but not complete.
    private static let unfinished = "unfinished-"

    private let folder: String
    private let bytesMax: Int
    private let time: any TimeSource
    private let ids: any IDSource

    /// Creates the folder, and removes what an earlier run left unfinished. Blocks shortly.
    ///
    /// - Parameter bytesMax: The largest upload.
    package init(folder: String, bytesMax: Int = 1 << 30, time: any TimeSource, ids: any IDSource) throws {
        self.folder = folder
        self.bytesMax = bytesMax
        self.time = time
        self.ids = ids
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in try files.contentsOfDirectory(atPath: folder) where name.hasPrefix(Self.unfinished) {
            try files.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    package func store(
        _ content: any AsyncSequence<[UInt8], any Error> & Sendable, name: String
    ) async throws -> ArtifactReference {
        guard ArtifactReference.isFileName(name) else {
            throw KeptnError(
                .invalidInput,
                "'\(name)' cannot name an artifact: only letters, digits and . _ - + are allowed, at most "
                    + "\(ArtifactReference.nameLengthMax), not beginning with a dot")
        }
        let temporary = "\(folder)/\(Self.unfinished)\(ids.newID())"
        do {
            let digest = try await receive(content, into: temporary)
            guard let reference = ArtifactReference(name: name, digest: digest) else {
                throw KeptnError(.internalFailure, "'\(digest)' is no SHA-256 digest")
            }
            try await adopt(temporary, as: reference)
            return reference
        } catch {
            try await remove(temporary)
            guard let error = error as? SystemError else { throw error }
            throw KeptnError(.unavailable, "the artifact '\(name)' cannot be stored: \(error)")
        }
    }

    package func unpacked(_ artifact: ArtifactReference) async throws -> String {
        let content = "\(path(of: artifact))/content"
        guard let kind = try await onThread({ try ArtifactKind(ofFile: content) }) else {
            throw KeptnError(.notFound, "there is no artifact \(artifact) on this server")
        }
        let files = "\(path(of: artifact))/files"
        let isThere = "\(files)\(kind == .program ? "/\(artifact.name)" : "")"
        if try await onThread({ access(isThere, F_OK) == 0 }) { return files }
        let temporary = "\(folder)/\(Self.unfinished)\(ids.newID())"
        do {
            try await onThread {
                try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
            }
            switch kind {
            case .program:
                try await onThread { try Self.installProgram(content, named: artifact.name, in: files, by: temporary) }
            case .archive(let isCompressed):
                try await Archive(file: content, isCompressed: isCompressed, name: artifact.name)
                    .unpack(into: temporary, time: time)
                try await onThread { try Self.move(temporary, to: files) }
            }
        } catch {
            try await remove(temporary)
            throw error
        }
        try await remove(temporary)
        return files
    }
}

extension ArtifactFolder {
    private func path(of artifact: ArtifactReference) -> String { "\(folder)/sha256-\(artifact.digest)" }

    /// Returns the digest of the bytes, which are on disk then.
    private func receive(
        _ content: any AsyncSequence<[UInt8], any Error> & Sendable, into temporary: String
    ) async throws -> String {
        let writer = try await onThread {
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
            return ArtifactWriter(try DurableFile(creating: "\(temporary)/content"))
        }
        var count = 0
        for try await part in content {
            count += part.count
            guard count <= bytesMax else {
                throw KeptnError(.tooLarge, "an artifact may have at most \(bytesMax) bytes")
            }
            try await onThread { try writer.append(part) }
        }
        guard count > 0 else { throw KeptnError(.invalidInput, "the artifact is empty") }
        return try await onThread { try writer.finish() }
    }

    private func adopt(_ temporary: String, as artifact: ArtifactReference) async throws {
        let (folder, path) = (folder, path(of: artifact))
        try await onThread {
            try Self.move(temporary, to: path)
            try DurableFile.synchronizeFolder(path)
            try DurableFile.synchronizeFolder(folder)
        }
        try await remove(temporary)
    }

    /// Gives a folder its name, unless there is one of that name already: then that one is as good.
    private static func move(_ temporary: String, to path: String) throws {
        guard rename(temporary, path) != 0, errno != ENOTEMPTY, errno != EEXIST else { return }
        throw KeptnError(.unavailable, "\(path) cannot be written: \(SystemError.last)")
    }

    private static func installProgram(
        _ content: String, named name: String, in files: String, by temporary: String
    ) throws {
        let copy = "\(temporary)/\(name)"
        try FileManager.default.copyItem(atPath: content, toPath: copy)
        guard chmod(copy, 0o755) == 0 else { throw SystemError.last }
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
        guard rename(copy, "\(files)/\(name)") == 0 else { throw SystemError.last }
    }

    private func remove(_ path: String) async throws {
        try await onThread {
            guard FileManager.default.fileExists(atPath: path) else { return }
            try FileManager.default.removeItem(atPath: path)
        }
    }

    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

/// What an artifact's first bytes say that it is.
enum ArtifactKind: Equatable {
    case program
    case archive(isCompressed: Bool)

    /// Nil when there is no such file.
    init?(ofFile path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError.last
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(file, &bytes, 512, 0)
        guard count >= 0 else { throw SystemError.last }
        self.init(firstBytes: Array(bytes.prefix(count)))
    }

    /// gzip begins with 1F 8B (RFC 1952); a tar header has `ustar` at byte 257 (POSIX.1-1988 and GNU).
    init(firstBytes bytes: [UInt8]) {
        if bytes.starts(with: [0x1F, 0x8B]) {
            self = .archive(isCompressed: true)
        } else if bytes.dropFirst(257).starts(with: "ustar".utf8) {
            self = .archive(isCompressed: false)
        } else {
            self = .program
        }
    }
}

/// Writes and hashes in step. Used by one upload, from one thread of the pool at a time.
private final class ArtifactWriter: Sendable {
    private let state: Mutex<State>

    private struct State: ~Copyable {
        let file: DurableFile
        var hash = SHA256()
    }

    init(_ file: consuming sending DurableFile) { state = Mutex(State(file: file)) }

    func append(_ bytes: [UInt8]) throws {
        try state.withLock { state in
            try state.file.append(bytes)
            state.hash.update(data: bytes)
        }
    }

    func finish() throws -> String {
        try state.withLock { state in
            try state.file.synchronize()
            return state.hash.finalize().map { byte in
                let digits = String(byte, radix: 16)
                return byte < 16 ? "0\(digits)" : digits
            }.joined()
        }
    }
}
