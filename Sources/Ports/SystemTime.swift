package import CloudEvents
import Glibc

/// The machine's own clock.
package struct SystemTime: TimeSource {
    /// A sleeper looks at the clock at least this often: somebody may set it, or the machine may have been asleep.
    private static let napMax = Duration.seconds(60)

    package init() {}

    package var now: Timestamp {
        var time = timespec()
        // Cannot fail: the clock exists and the pointer is good.
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package func sleep(until instant: Timestamp) async throws {
        try Task.checkCancellation()
        while true {
            let remaining = instant - now
            guard remaining > .zero else { return }
            try await Task.sleep(for: min(remaining, Self.napMax), tolerance: .zero)
        }
    }
}

/// Random UUIDs of version 7 (RFC 9562 section 5.7). They begin with the time, so those that are made one after the
/// other stand side by side in an index and not all over it.
package struct SystemIDs: IDSource {
    private let time = SystemTime()

    package init() {}

    package func newID() -> String {
        var random = SystemRandomNumberGenerator()
        let milliseconds = UInt64(clamping: time.now.milliseconds)
        return uuid(
            high: milliseconds << 16 | 0x7000 | random.next() & 0x0FFF,
            low: 0x8000_0000_0000_0000 | random.next() >> 2)
    }
}

/// The text of a UUID, lower case.
func uuid(high: UInt64, low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
        var index = 0
        for word in [high, low] {
            for shift in stride(from: 60, through: 0, by: -4) {
                if [8, 13, 18, 23].contains(index) {
                    buffer[index] = UInt8(ascii: "-")
                    index += 1
                }
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift) & 0xF)
                buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                index += 1
            }
        }
        return index
    }
}
