import Synchronization

/// Keeps what was asked for lately, within a limit. Two generations: what is asked for again moves to the young one;
/// when that is full it becomes the old one, and what was old and not asked for again is gone.
package final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Generations {
        var young: [Key: Value] = [:]
        var old: [Key: Value] = [:]
        var youngCost = 0
    }

    private let generations = Mutex(Generations())
    private let costMax: Int
    private let cost: @Sendable (Value) -> Int

    /// - Parameters:
    ///   - costMax: of a generation; values that cost more are not kept at all.
    ///   - cost: in any unit, at least 1.
    package init(costMax: Int, cost: @escaping @Sendable (Value) -> Int = { _ in 1 }) {
        self.costMax = costMax
        self.cost = cost
    }

    /// The kept value, or the one made now. Nothing is kept of a failure.
    package func value(_ key: Key, orMake make: () async throws -> Value) async throws -> Value {
        if let kept = find(key) { return kept }
        let made = try await make()
        keep(made, key)
        return made
    }

    package func removeAll() { generations.withLock { $0 = Generations() } }

    private func find(_ key: Key) -> Value? {
        let (value, isOld) = generations.withLock { generations in
            generations.young[key].map { ($0, false) } ?? (generations.old[key], true)
        }
        if let value, isOld { keep(value, key) }
        return value
    }

    private func keep(_ value: Value, _ key: Key) {
        let cost = cost(value)
        guard cost <= costMax else { return }
        generations.withLock { generations in
            if generations.youngCost + cost > costMax {
                generations.old = generations.young
                generations.young = [:]
                generations.youngCost = 0
            }
            if generations.young.updateValue(value, forKey: key) == nil { generations.youngCost += cost }
        }
    }
}
