import GRDB
import Ports
import Synchronization

/// The one writer. Whoever comes while it is busy waits in a queue, and the whole queue shares the next SQLite
/// transaction and its sync of the disk.
///
/// A transaction without any event is written and not synced: what it says follows from the log and is worked out
/// again, or is progress whose loss means another delivery. It outlives the process as it is, and the next event's sync
/// takes it along, so that no event is ever on the disk without what was stored before it.
final class GroupCommit: Sendable {
    /// Beyond these a batch is closed, so that nobody waits for too much work of others.
    static let rowsMax = 512
    static let bytesMax = 4 << 20

    private struct Queued {
        let change: StoreChange
        let caller: CheckedContinuation<[AppendReceipt], any Error>
    }

    private struct State {
        var queue: [Queued] = []
        /// Whether a batch is under way, which will look at the queue again.
        var isWriting = false
        /// Whether commits of the connection outlive the process only.
        var isLowered = false
        /// The summaries have come this far, or further.
        var summarized: Int64
        var statistics = StoreStatistics()

        mutating func takeBatch() -> [Queued] {
            var rows = 0
            var bytes = 0
            let fits = queue.prefix { queued in
                rows += queued.change.rows
                bytes += queued.change.bytes
                return rows <= rowsMax && bytes <= bytesMax
            }
            let batch = Array(queue.prefix(max(fits.count, 1)))
            queue.removeFirst(batch.count)
            isWriting = !batch.isEmpty
            return batch
        }
    }

    private let pool: DatabasePool
    private let recent: RecentEvents
    private let state: Mutex<State>

    /// - Precondition: The summaries are at the head.
    init(pool: DatabasePool, recent: RecentEvents) {
        self.pool = pool
        self.recent = recent
        state = Mutex(State(summarized: recent.head.value))
    }

    var statistics: StoreStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.queued = state.queue.count
            return statistics
        }
    }

    /// Returns when the change is on the disk. Cancelling does not help: others may be in the same batch.
    @discardableResult
    func commit(_ change: StoreChange) async throws -> [AppendReceipt] {
        try await withCheckedThrowingContinuation { caller in
            let isIdle = state.withLock { state in
                state.queue.append(Queued(change: change, caller: caller))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if isIdle { writeNext() }
        }
    }

    /// Returns when the summaries say all that is in the log now.
    func summarize() async throws {
        guard state.withLock(\.summarized) < recent.head.value else { return }
        try await commit(.summaries)
    }

    private func writeNext() {
        pool.asyncWriteWithoutTransaction { db in
            let batch = self.state.withLock { $0.takeBatch() }
            guard !batch.isEmpty else { return }
            self.write(batch, db)
            // Not a loop: others who want the writer, such as a checkpoint, get their turn in between.
            self.writeNext()
        }
    }

    private func write(_ batch: [Queued], _ db: Database) {
        do {
            let answers = try commitTogether(batch.map(\.change), db)
            for (queued, answer) in zip(batch, answers) { queued.caller.resume(with: answer) }
        } catch {
            // Something in the batch cannot be stored: each for itself, so that only the guilty one hears of it.
            for queued in batch {
                do {
                    let answers = try commitTogether([queued.change], db)
                    for answer in answers { queued.caller.resume(with: answer) }
                } catch {
                    queued.caller.resume(throwing: StoreFailure.translated(error, doing: "storing"))
                }
            }
        }
    }

    /// Applies the changes in one SQLite transaction. Those that lost a race fail alone, before they write anything;
    /// every other error rolls back all of them and is thrown.
    private func commitTogether(
        _ changes: [StoreChange], _ db: Database
    ) throws -> [Result<[AppendReceipt], any Error>] {
        var writer = ChangeWriter(head: recent.head, db: db)
        var answers: [Result<[AppendReceipt], any Error>] = []
        var summarized = state.withLock(\.summarized)
        let isSynced = changes.contains(where: \.needsSync)
        try synced(isSynced, db) {
            try db.inTransaction(.immediate) {
                for change in changes {
                    do {
                        answers.append(.success(try writer.apply(change)))
                    } catch let conflict as StoreConflict {
                        answers.append(.failure(conflict))
                    }
                }
                if writer.last - summarized >= Summaries.lagMax || changes.contains(where: \.isSummaries) {
                    try Summaries.update(db)
                    summarized = writer.last
                }
                return .commit
            }
        }
        recent.add(writer.events)
        state.withLock { state in
            state.summarized = summarized
            state.statistics.commits += 1
            if isSynced { state.statistics.syncs += 1 }
            state.statistics.events += writer.events.count
        }
        return answers
    }

    /// Outside of this every commit of the connection is synced.
    private func synced(_ isSynced: Bool, _ db: Database, _ body: () throws -> Void) throws {
        // So that no event is taken for synced after raising it again has failed once.
        if state.withLock(\.isLowered) { try raise(db) }
        guard !isSynced else { return try body() }
        state.withLock { $0.isLowered = true }
        try Durability.outlivesProcess.set(db)
        let result = Result(catching: body)
        // Where this fails the callers do it again, which does no harm.
        try raise(db)
        try result.get()
    }

    private func raise(_ db: Database) throws {
        try Durability.outlivesPower.set(db)
        state.withLock { $0.isLowered = false }
    }
}
