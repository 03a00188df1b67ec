package import CloudEvents
import FoundationEssentials
import Glibc
import KeptnModel
import NIOPosix
package import Ports

/// The reports of tests, a file each.
package struct ReportFolder: TestReports {
    private let folder: String

    package init(folder: String) { self.folder = folder }

    package func save(_ report: [UInt8], id: String) async throws {
        let (file, folder) = (try path(of: id), folder)
        try await NIOThreadPool.singleton.runIfActive {
            do {
                try Data(report).write(to: URL(filePath: file), options: .atomic)
                for path in [file, folder] { try Self.synchronize(path) }
            } catch let error as KeptnError {
                throw error
            } catch {
                throw KeptnError(
                    .unavailable, "the report \(file) cannot be written: \(FileFailure.reason(error))")
            }
        }
    }

    package func report(id: String) async throws -> [UInt8]? {
        guard let file = try? path(of: id) else { return nil }
        return try await NIOThreadPool.singleton.runIfActive {
            try FileReading.bytes(of: file)
        }
    }

    package func removeAll(savedBefore instant: Timestamp) async throws -> Int {
        let folder = folder
        return try await NIOThreadPool.singleton.runIfActive {
            try FileRemoval.removeAll(in: folder, changedBefore: instant)
        }
    }

    /// Ids come from events, and events from anybody: only plain ones name a file.
    private func path(of id: String) throws -> String {
        guard Names.isPlain(id: id) else {
            throw KeptnError(.invalidInput, "'\(id)' cannot be the id of a report")
        }
        return "\(folder)/\(id).json"
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw KeptnError(.unavailable, "\(path) cannot be synced: \(String(cString: strerror(errno)))")
        }
    }
}
