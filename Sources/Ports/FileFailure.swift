package import CloudEvents
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the system says of a file that it would not read, write or make, in a few words: `Read-only file system`.
package enum FileFailure {
    package static func reason(_ error: any Error) -> String {
        code(of: error).map(text) ?? "\(error)"
    }

    /// - Parameter code: An `errno`.
    package static func text(of code: Int32) -> String { String(cString: strerror(code)) }

    fileprivate static func code(of error: any Error) -> Int32? {
        switch error {
        case let error as CocoaError: error.underlying.flatMap(code)
        case let error as POSIXError: error.code.rawValue
        default: nil
        }
    }
}

/// Reading whole files that may not be there.
package enum FileReading {
    /// Nil only where there is no file: one that is there and cannot be read must not be taken for none, and be written
    /// anew. Blocks. Throws `KeptnError.unavailable`.
    package static func bytes(of path: String) throws(KeptnError) -> [UInt8]? {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            if let code = FileFailure.code(of: error), [ENOENT, ENOTDIR].contains(code) { return nil }
            throw KeptnError(.unavailable, "\(path) cannot be read: \(FileFailure.reason(error))")
        }
    }
}

/// Removing files that nobody has written to for long.
package enum FileRemoval {
    /// How many those were. Blocks. Throws `KeptnError.unavailable`.
    package static func removeAll(in folder: String, changedBefore instant: Timestamp) throws(KeptnError) -> Int {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw KeptnError(.unavailable, "\(folder) cannot be read: \(FileFailure.reason(error))")
        }
        let old = names.map { "\(folder)/\($0)" }.filter { changed($0).map { $0 < instant } ?? false }
        for file in old where unlink(file) != 0 && errno != ENOENT {
            throw KeptnError(.unavailable, "\(file) cannot be removed: \(FileFailure.text(of: errno))")
        }
        return old.count
    }

    private static func changed(_ file: String) -> Timestamp? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        return Timestamp(nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}
