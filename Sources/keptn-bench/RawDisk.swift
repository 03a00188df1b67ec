import Glibc
import Ports

/// What the disk does without Keptn.
enum RawDisk {
    /// A thousand times 4 KiB written over a file that is there, each synced.
    static func syncs(in folder: String) throws -> Samples {
        let path = folder + "/raw-disk"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw KeptnError(.internalFailure, "\(path) cannot be written") }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 4096)
        var samples = Samples()
        for number in 0..<1000 {
            let start = ContinuousClock.now
            guard pwrite(descriptor, page, page.count, number % 256 * page.count) == page.count,
                fdatasync(descriptor) == 0
            else { throw KeptnError(.internalFailure, "\(path) cannot be written") }
            samples.add(ContinuousClock.now - start)
        }
        return samples
    }
}
