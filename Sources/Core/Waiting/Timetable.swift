package import CloudEvents

/// What is due when, each thing under its id.
package struct Timetable<Entry: Sendable>: Sendable {
    /// The latest first, so that the next one is taken from the end.
    private var entries: [(at: Timestamp, id: String, entry: Entry)] = []
    private var ids: Set<String> = []

    package init() {}

    package var count: Int { entries.count }
    package var next: Timestamp? { entries.last?.at }

    /// An id that is there already stays as it is.
    package mutating func insert(_ entry: Entry, id: String, at instant: Timestamp) {
        guard ids.insert(id).inserted else { return }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at > instant { low = middle + 1 } else { high = middle }
        }
        entries.insert((instant, id, entry), at: low)
    }

    /// Takes out the earliest entry if it is due.
    package mutating func popDue(at now: Timestamp) -> (id: String, entry: Entry)? {
        guard let last = entries.last, last.at <= now else { return nil }
        entries.removeLast()
        ids.remove(last.id)
        return (last.id, last.entry)
    }
}
