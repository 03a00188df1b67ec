import CloudEvents
import Ports
import Synchronization

/// The newest events, kept in memory: whoever follows the log closely never asks the disk. Knows the head of the log
/// and wakes those who wait for it.
final class RecentEvents: Sendable {
    static let countMax: Int64 = 4096
    static let bytesMax = 16 << 20

    /// A ring: the event at a position stands in slot `position % countMax`.
    private struct Ring {
        var slots = [StoredEvent?](repeating: nil, count: Int(countMax))
        /// The positions that are here.
        var range: Range<Int64>
        /// The newest event of each id.
        var positions: [String: Int64] = [:]
        var bytes = 0

        func slot(_ position: Int64) -> Int { Int(position % countMax) }

        mutating func add(_ event: StoredEvent) {
            if range.count == countMax { dropOldest() }
            slots[slot(range.upperBound)] = event
            positions[event.recorded.event.id] = range.upperBound
            bytes += event.bytes
            range = range.lowerBound..<range.upperBound + 1
            while bytes > bytesMax { dropOldest() }
        }

        private mutating func dropOldest() {
            let slot = slot(range.lowerBound)
            if let event = slots[slot] {
                bytes -= event.bytes
                let id = event.recorded.event.id
                if positions[id] == range.lowerBound { positions[id] = nil }
            }
            slots[slot] = nil
            range = range.lowerBound + 1..<range.upperBound
        }
    }

    private let ring: Mutex<Ring>
    let signal: EventSignal

    init(head: Position) {
        ring = Mutex(Ring(range: head.value + 1..<head.value + 1))
        signal = EventSignal(at: head)
    }

    var head: Position { signal.head }

    /// Takes committed events, which follow the head without a gap, and wakes everybody who waits.
    func add(_ events: [StoredEvent]) {
        guard !events.isEmpty else { return }
        ring.withLock { ring in
            for event in events { ring.add(event) }
        }
        signal.advance(with: events.map(\.recorded))
    }

    /// The newest event with an id; nil when it is not here, or not any more.
    func event(_ id: String) -> RecordedEvent? {
        ring.withLock { ring in ring.positions[id].flatMap { ring.slots[ring.slot($0)]?.recorded } }
    }

    /// The next events behind a position; nil when some of them are not here any more.
    func events(after position: Position, limit: Int) -> [RecordedEvent]? {
        guard position < head, limit > 0 else { return [] }
        return ring.withLock { ring in
            guard position.value + 1 >= ring.range.lowerBound else { return nil }
            return (position.value + 1..<ring.range.upperBound).prefix(limit).compactMap { position in
                ring.slots[ring.slot(position)]?.recorded
            }
        }
    }
}

/// A new event of a commit, with the length of its body.
struct StoredEvent: Sendable {
    let recorded: RecordedEvent
    let bytes: Int
}
