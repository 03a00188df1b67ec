import FoundationEssentials
import Ports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Files of the user: those named on the command line, and those written for them.
enum InputFile {
    static func read(_ path: String) throws -> [UInt8] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw KeptnError(.invalidInput, "File \(path) not found on local file system")
        }
        guard !isFolder else {
            throw KeptnError(.invalidInput, "\(path) is a folder; a file is needed, such as one of \(path)/*")
        }
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw KeptnError(.invalidInput, "File \(path) cannot be read: \(FileFailure.reason(error))")
        }
    }

    /// Renames a file over another one, in one step.
    static func move(_ source: String, onto target: String) throws {
        guard rename(source, target) == 0 else {
            throw KeptnError(.unavailable, "\(source) cannot be renamed to \(target): \(FileFailure.text(of: errno))")
        }
    }

    /// Writes files into a folder, which is made if it is not there.
    static func write(_ files: [(name: String, text: String)], into folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in files {
                try Data(file.text.utf8).write(to: URL(filePath: "\(folder)/\(file.name)"), options: .atomic)
            }
        } catch {
            throw KeptnError(.invalidInput, "--dir \(folder) cannot be written: \(FileFailure.reason(error))")
        }
    }
}
