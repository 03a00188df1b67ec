import Glibc
import Ports
import Synchronization

/// Keeps a second process, and a second store of this one, out of a data folder. The kernel gives the lock back
/// however the process ends.
final class FolderLock: Sendable {
    private let descriptor: Mutex<CInt?>

    init(_ folder: String) throws {
        let path = folder + "/keptn.db.lock"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw KeptnError(.unavailable, "unable to open \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            Glibc.close(descriptor)
            if reason == EWOULDBLOCK {
                throw KeptnError(
                    .unavailable,
                    "the data folder \(folder) is in use by another keptn server: stop that one, or choose another "
                        + "folder")
            }
            throw KeptnError(.unavailable, "unable to lock \(path): \(String(cString: strerror(reason)))")
        }
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor {
                // A process that is being started shares the descriptor until its `exec`; closing ours would not do.
                flock(open, LOCK_UN)
                Glibc.close(open)
            }
            descriptor = nil
        }
    }
}
