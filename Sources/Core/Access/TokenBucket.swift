package import CloudEvents

/// A token bucket as a value: `burst` at once, refilled with `perSecond`.
package struct TokenBucket: Sendable, Hashable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    package private(set) var usedAt: Timestamp

    package init(perSecond: Double, burst: Double, at now: Timestamp) {
        self.perSecond = perSecond
        self.burst = burst
        tokens = burst
        usedAt = now
    }

    /// Takes one; false when there is none.
    package mutating func take(at now: Timestamp) -> Bool {
        let elapsed = Double(max(0, now.nanoseconds - usedAt.nanoseconds)) / 1e9
        tokens = min(burst, tokens + elapsed * perSecond)
        usedAt = max(usedAt, now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}

/// Who may try a token again (K §2.2): wrong tokens are limited per client; a right one clears the client's record.
package struct WrongTokenLimit: Sendable {
    /// Clients that are remembered at most; the longest silent ones are forgotten first.
    private static let clientsMax = 4096

    private let perSecond: Double
    private let burst: Double
    private var clients: [String: TokenBucket] = [:]

    package init(perSecond: Double = 1, burst: Double = 2) {
        self.perSecond = perSecond
        self.burst = burst
    }

    package mutating func noteRight(_ client: String) { clients[client] = nil }

    /// False when the client has been wrong too often.
    package mutating func noteWrong(_ client: String, at now: Timestamp) -> Bool {
        if clients[client] == nil, clients.count >= Self.clientsMax,
            let oldest = clients.min(by: { $0.value.usedAt < $1.value.usedAt })?.key
        {
            clients[oldest] = nil
        }
        return clients[client, default: TokenBucket(perSecond: perSecond, burst: burst, at: now)].take(at: now)
    }
}
