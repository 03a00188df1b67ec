import FoundationEssentials
import Ports

/// Files that the user names on the command line.
enum InputFile {
    static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw KeptnError(.invalidInput, "File \(path) not found on local file system, or not readable")
        }
        return Array(data)
    }
}
