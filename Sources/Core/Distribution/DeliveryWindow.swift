/// The bookkeeping of one subscription: what was read from the log, what was handed out, and what is done.
///
/// At every moment everything up to `cursor` was handed out or is of no interest; of that, the open ones are not done.
/// So the cursor and the open ones are all that has to be stored, and a crash loses nothing.
package struct DeliveryWindow<Item: Sendable>: Sendable {
    package typealias Entry = (position: Int64, item: Item)

    /// After so many events of no interest the cursor is worth storing for its own sake.
    package static var skippedMax: Int { 1024 }

    /// The most items that are handed out and not settled.
    package let size: Int
    /// Everything up to here was read from the log.
    package private(set) var readUpTo: Int64
    /// Handed out in an earlier life, not settled then; ascending.
    private var again: ArraySlice<Entry>
    /// Read and not yet handed out; ascending.
    private var fresh: ArraySlice<Entry> = []
    /// Who holds what is not settled: one of those who share the subscription, or nobody (any more).
    private var open: [Int64: String?]
    /// Events of no interest, or left alone, since the cursor was last stored.
    private var skipped = 0

    /// Begins at stored progress, with the items that were open then.
    ///
    /// - Parameter held: What is open and stays with its holder, who is given it no second time.
    package init(size: Int, cursor: Int64, open: [Entry] = [], held: [Int64: String] = [:]) {
        self.size = max(1, size)
        readUpTo = cursor
        again = open.sorted { $0.position < $1.position }[...]
        self.open = held.mapValues { $0 }
        for entry in open { self.open[entry.position] = .some(nil) }
    }

    /// Everything up to here was handed out or is of no interest.
    package var cursor: Int64 { fresh.first.map { $0.position - 1 } ?? readUpTo }

    /// Handed out, in this life or an earlier one, and not settled.
    package var openCount: Int { open.count }

    package var hasRoom: Bool { open.count < size }

    /// Whether something can be handed out now.
    package var isReady: Bool { !again.isEmpty || (!fresh.isEmpty && hasRoom) }

    /// Whether the log has to be read on before anything can be handed out.
    package var needsMore: Bool { again.isEmpty && fresh.isEmpty && hasRoom }

    package var isCursorWorthStoring: Bool { skipped >= Self.skippedMax }

    /// Takes what was read behind `readUpTo`: the items of interest, out of `count` events up to `position`.
    package mutating func read(_ items: [Entry], outOf count: Int, upTo position: Int64) {
        fresh.append(contentsOf: items)
        skipped += count - items.count
        readUpTo = position
    }

    /// These were left alone: they count as of no interest.
    package mutating func passed(over positions: [Int64]) {
        for position in positions where open.removeValue(forKey: position) != nil { skipped += 1 }
        again.removeAll { entry in positions.contains(entry.position) }
    }

    /// What is held by others than this one.
    package func held(byOthersThan holder: String) -> [Int64: String] {
        open.compactMapValues { $0 }.filter { $0.value != holder }
    }

    /// Hands out what is next, at most `count` and no more than there is room for.
    package mutating func handOut(upTo count: Int, to holder: String = "") -> [Item] {
        let first = again.prefix(count)
        again = again.dropFirst(first.count)
        let second = fresh.prefix(max(0, min(count - first.count, size - open.count)))
        fresh = fresh.dropFirst(second.count)
        for entry in first + second { open[entry.position] = holder }
        return first.map(\.item) + second.map(\.item)
    }

    /// The progress to store when these are done: the cursor, and what stays open, ascending.
    package func progress(settling done: [Int64] = []) -> (cursor: Int64, open: [Int64]) {
        (cursor, Set(open.keys).subtracting(done).sorted())
    }

    /// These are done, and that is stored together with the cursor.
    package mutating func stored(settling done: [Int64] = []) {
        for position in done { open[position] = nil }
        again.removeAll { entry in done.contains(entry.position) }
        skipped = 0
    }
}
