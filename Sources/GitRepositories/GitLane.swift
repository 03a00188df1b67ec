import NIOPosix

/// A thread of its own for blocking calls, and the repositories that are open on it: libgit2 wants an opened repository
/// to be used by one thread at a time.
actor GitLane {
    private static let openMax = 256

    private let executor = ThreadExecutor()
    let folder: RepositoryFolder
    private var open: [String: GitRepository] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(folder: RepositoryFolder) { self.folder = folder }

    func with<Value: Sendable>(
        _ name: String, _ body: @Sendable (GitRepository) throws -> Value
    ) throws -> Value {
        if let repository = open[name] { return try body(repository) }
        let repository = try GitRepository(opening: name, in: folder)
        if open.count >= Self.openMax { open.removeAll() }
        open[name] = repository
        return try body(repository)
    }

    func onFolder<Value: Sendable>(_ body: @Sendable (RepositoryFolder) throws -> Value) throws -> Value {
        try body(folder)
    }

    func run<Value: Sendable>(_ body: @Sendable (isolated GitLane) throws -> Value) throws -> Value { try body(self) }

    /// Closes a repository that was removed or made anew.
    func forget(_ name: String) { open[name] = nil }
}

/// Runs an actor on a thread of its own instead of the few that everything else shares. (Serial Dispatch queues would
/// do the same, but under load grow to a hundred threads.)
private final class ThreadExecutor: SerialExecutor {
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() { thread.start() }

    deinit { thread.shutdownGracefully { _ in } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        thread.submit { _ in job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
