import CloudEvents
import Core
import Ports
import ShipyardService
import Synchronization

/// What the store throws when the process is to die at a commit.
struct Crash: Error {}

/// Decides at which commits the process dies, and remembers what each commit stood on.
final class Faults: Sendable {
    enum Moment: CaseIterable, Sendable {
        /// Nothing is stored.
        case before
        /// Everything is stored, and nobody has heard of it.
        case after
    }

    fileprivate struct State {
        var commits = 0
        var crash: (commit: Int, moment: Moment)?
        /// How far the log was handled when an event was emitted.
        var handled: [String: Position] = [:]
    }

    private let state = Mutex(State())

    var commits: Int { state.withLock(\.commits) }

    /// The next commit but `skipping` dies.
    func crash(_ moment: Moment, skipping: Int = 0) {
        state.withLock { $0.crash = ($0.commits + 1 + skipping, moment) }
    }

    func stop() {
        state.withLock { $0.crash = nil }
    }

    func handled(whenEmitting eventID: String) -> Position? {
        state.withLock { $0.handled[eventID] }
    }

    func beforeCommit(_ transaction: Transaction) throws {
        try state.withLock { state in
            state.commits += 1
            if let own = transaction.progress.first(where: { $0.subscription == ShipyardService.subscription }) {
                for event in transaction.events { state.handled[event.id] = own.position }
            }
            try state.die(.before)
        }
    }

    func afterCommit(_ transaction: Transaction) throws {
        try state.withLock { try $0.die(.after) }
    }
}

extension Faults.State {
    fileprivate mutating func die(_ moment: Faults.Moment) throws {
        guard let crash, crash.commit == commits, crash.moment == moment else { return }
        self.crash = nil
        throw Crash()
    }
}
