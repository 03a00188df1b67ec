import Glibc

/// A file that is being written and that nobody sees under its name before it is complete and on disk. Blocking: for
/// the thread pool only.
struct DurableFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Creates the file; there must be none yet.
    init(creating path: String) throws(SystemError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError.last }
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError.last
            }
            rest = rest.dropFirst(count)
        }
    }

    func synchronize() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError.last }
    }

    /// Replaces a file at once: whoever reads it, also after a crash, sees either the old or the new content.
    static func replace(_ path: String, with bytes: [UInt8], temporaryName: String) throws(SystemError) {
        let folder = Self.folder(of: path)
        let temporary = "\(folder)/\(temporaryName)"
        do throws(SystemError) {
            let file = try DurableFile(creating: temporary)
            try file.append(bytes)
            try file.synchronize()
            guard rename(temporary, path) == 0 else { throw SystemError.last }
        } catch {
            unlink(temporary)
            throw error
        }
        try synchronizeFolder(folder)
    }

    /// Makes new names in a folder durable.
    static func synchronizeFolder(_ path: String) throws(SystemError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw SystemError.last }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw SystemError.last }
    }

    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
