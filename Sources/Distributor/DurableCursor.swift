import CloudEvents
import Core
import Ports

/// One subscription's way through the log.
actor DurableCursor {
    /// Events that are read from the log at once.
    private static let batchMax = 256

    private let name: String
    private let store: any EventLog & SubscriptionStore
    private var filter = SubscriptionFilter(patterns: [])
    private var window: DeliveryWindow<Delivery>?
    /// What is stored tells what was settled, not what was handed out: up to here the process before this one may have
    /// done so.
    private var doubtfulUpTo = Position.start
    /// Nobody before this process can have been handed anything.
    private var isNew = false
    /// The session of each who shares the subscription; raised by each `open`.
    private var sessions: [String: Int] = [:]
    /// What was read for an earlier window is not for this one.
    private var windowNumber = 0
    /// Nobody is handed anything meanwhile.
    private var isHandingBack = false
    /// Advances with every settling and every opening: wakes who waits for room.
    private let changes = PositionSignal()
    private var changeCount: Int64 = 0
    /// The settling that waits for its turn, and takes others along.
    private var nextSettling: Settling?
    private var isCommitting = false
    private var commitQueue: [CheckedContinuation<Void, Never>] = []

    /// What several subscribers settle in one transaction.
    private final class Settling {
        static let eventsMax = 256

        var done: [Int64]
        var events: [CloudEvent]
        /// Resumed with whether it was stored.
        var followers: [CheckedContinuation<Bool, Never>] = []

        init(done: [Int64], events: [CloudEvent]) {
            self.done = done
            self.events = events
        }
    }

    /// What was handed out, by this process or one before it, and is not settled.
    var openCount: Int { window?.openCount ?? 0 }

    init(name: String, store: any EventLog & SubscriptionStore) {
        self.name = name
        self.store = store
    }

    /// Takes over what this client held, and returns its new session.
    func open(_ request: SubscriptionRequest) async throws -> Int {
        await beginCommit()
        defer { endCommit() }
        try await handBack(
            of: request.client, size: request.window,
            filter: SubscriptionFilter(
                patterns: request.patterns, projects: request.projects, stages: request.stages,
                services: request.services))
        let session = (sessions[request.client] ?? 0) + 1
        sessions[request.client] = session
        return session
    }

    /// Hands out again what this client holds, and ends its session.
    func leave(_ client: String) async throws {
        await beginCommit()
        defer { endCommit() }
        guard let window, let session = sessions[client] else { return }
        try await handBack(of: client, size: window.size, filter: filter)
        sessions[client] = session + 1
    }

    /// Only for who holds the turn to commit.
    private func handBack(of client: String, size: Int, filter: SubscriptionFilter) async throws {
        isHandingBack = true
        defer {
            isHandingBack = false
            noteChange()
        }
        let progress = try await currentProgress()
        let held = window?.held(byOthersThan: client) ?? [:]
        let lost = progress.open.filter { held[$0.value] == nil }
        let open = lost.isEmpty ? [] : try await store.events(at: lost)
        window = DeliveryWindow(
            size: size, cursor: progress.position.value,
            open: open.filter { filter.matches($0) }.map { ($0.position.value, Delivery($0, isRepeated: true)) },
            held: held)
        self.filter = filter
        windowNumber += 1
    }

    /// Stores where a new subscription begins.
    func begin() async throws {
        await beginCommit()
        defer { endCommit() }
        guard window == nil, try await store.progress(of: name) == nil else { return }
        _ = try await storedStart()
    }

    func next(upTo count: Int, client: String, session: Int) async throws -> [Delivery] {
        while true {
            try Task.checkCancellation()
            guard session == sessions[client], let window else {
                throw KeptnError(.conflict, "the subscription '\(name)' was opened by somebody else")
            }
            if !isHandingBack, window.isReady {
                return self.window?.handOut(upTo: max(1, count), to: client) ?? []
            }
            if !isHandingBack, window.needsMore {
                try await read(after: Position(window.readUpTo))
            } else {
                try await changes.wait(for: Position(changeCount + 1))
            }
        }
    }

    /// Whoever comes while another one waits for the turn to commit goes with that one. Where that fails each goes
    /// alone: only one of them may be to blame.
    func settle(_ positions: [Position], sending events: [CloudEvent]) async throws {
        let done = positions.map(\.value)
        if let next = nextSettling, next.events.count + events.count <= Settling.eventsMax {
            next.done += done
            next.events += events
            if await withCheckedContinuation({ next.followers.append($0) }) { return }
        } else {
            let settling = Settling(done: done, events: events)
            nextSettling = settling
            do { return try await commit(settling) } catch  where !settling.followers.isEmpty {}
        }
        try await commit(Settling(done: done, events: events))
    }

    func pass(over positions: [Position]) async throws {
        window?.passed(over: positions.map(\.value))
        noteChange()
        try await storeCursorIfWorthwhile()
    }

    private func commit(_ settling: Settling) async throws {
        await beginCommit()
        defer { endCommit() }
        if nextSettling === settling { nextSettling = nil }
        var isStored = false
        defer { for follower in settling.followers { follower.resume(returning: isStored) } }
        try await commit(settling: settling.done, sending: settling.events)
        isStored = true
        noteChange()
    }

    /// Reads the next events, or waits until there are some.
    private func read(after position: Position) async throws {
        let number = windowNumber
        let events = try await store.events(after: position, limit: Self.batchMax)
        guard let last = events.last else {
            let filter = self.filter
            return try await store.waitForEvents(after: position) { filter.matches($0) }
        }
        // Somebody may have opened the subscription, or read as far, in the meantime.
        guard !isHandingBack, number == windowNumber, window?.readUpTo == position.value else { return }
        let matching = events.filter { filter.matches($0) }.map {
            ($0.position.value, Delivery($0, isRepeated: $0.position <= doubtfulUpTo))
        }
        window?.read(matching, outOf: events.count, upTo: last.position.value)
        try await storeCursorIfWorthwhile()
    }

    private func storeCursorIfWorthwhile() async throws {
        guard window?.isCursorWorthStoring == true else { return }
        await beginCommit()
        defer { endCommit() }
        try await commit(settling: [], sending: [])
    }

    // MARK: Storing

    /// Only for who holds the turn to commit: a later one's progress says that the earlier one's is stored.
    private func commit(settling done: [Int64], sending events: [CloudEvent]) async throws {
        guard let (cursor, open) = window?.progress(settling: done) else { return }
        let progress = SubscriptionProgress(
            subscription: name, position: Position(cursor), open: open.map { Position($0) })
        let isProgress = !done.isEmpty || window?.isCursorWorthStoring == true
        let transaction = Transaction(events: events, progress: isProgress ? [progress] : [])
        guard !transaction.isEmpty else { return }
        try await store.commit(transaction)
        if isProgress { self.window?.stored(settling: done) }
    }

    /// What is known here is newer than what is stored.
    private func currentProgress() async throws -> SubscriptionProgress {
        if let (cursor, open) = window?.progress() {
            return SubscriptionProgress(
                subscription: name, position: Position(cursor), open: open.map { Position($0) })
        }
        if let stored = try await store.progress(of: name) {
            if !isNew { doubtfulUpTo = try await store.head() }
            return stored
        }
        return try await storedStart()
    }

    /// The very first opening stores the log's head, so that nothing after it is missed.
    private func storedStart() async throws -> SubscriptionProgress {
        let start = SubscriptionProgress(subscription: name, position: try await store.head(), open: [])
        try await store.commit(Transaction(progress: [start]))
        isNew = true
        return start
    }

    private func beginCommit() async {
        guard isCommitting else {
            isCommitting = true
            return
        }
        await withCheckedContinuation { commitQueue.append($0) }
    }

    /// Passes the turn on to the one who has waited longest.
    private func endCommit() {
        guard !commitQueue.isEmpty else {
            isCommitting = false
            return
        }
        commitQueue.removeFirst().resume()
    }

    private func noteChange() {
        changeCount += 1
        changes.advance(to: Position(changeCount))
    }
}

extension SubscriptionFilter {
    func matches(_ recorded: RecordedEvent) -> Bool {
        let facts = recorded.facts
        return matches(type: recorded.event.type, project: facts.project, stage: facts.stage, service: facts.service)
    }
}
