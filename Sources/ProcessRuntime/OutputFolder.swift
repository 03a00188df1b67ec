package import CloudEvents
import NIOPosix
package import Ports

/// What programs have written, a file each.
package struct OutputFolder: AgingFiles {
    private let folder: String

    /// - Parameter folder: The log files of `ProcessCommand`s, and nothing else.
    package init(folder: String) { self.folder = folder }

    package func removeAll(savedBefore instant: Timestamp) async throws -> Int {
        let folder = folder
        return try await NIOThreadPool.singleton.runIfActive {
            try FileRemoval.removeAll(in: folder, changedBefore: instant)
        }
    }
}
