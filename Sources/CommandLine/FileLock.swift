import FoundationEssentials
import Glibc
import Ports

/// Keeps two commands from changing one file at the same time. The kernel gives the lock back however a command ends.
struct FileLock: ~Copyable {
    /// How long another command is waited for: it may be renewing a login.
    private static let waitMax = Duration.seconds(30)
    private static let pause = Duration.milliseconds(20)

    private let descriptor: CInt

    /// Throws `KeptnError.unavailable` when the lock cannot be had in time.
    init(_ path: String) async throws {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw KeptnError(.unavailable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        do { try await Self.wait(for: opened, path) } catch {
            close(opened)
            throw error
        }
        descriptor = opened
    }

    private static func wait(for descriptor: CInt, _ path: String) async throws {
        let deadline = ContinuousClock.now + waitMax
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK, ContinuousClock.now < deadline else {
                throw KeptnError(.unavailable, "\(path) is held by another command; try again when it has ended")
            }
            try await Task.sleep(for: pause)
        }
    }

    deinit { close(descriptor) }
}
