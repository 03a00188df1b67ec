/// Work that begins at a fixed rate, whatever becomes of what began before, so that queueing shows.
enum OpenLoop {
    /// - Parameters:
    ///   - rate: How many a second.
    ///   - work: Is told its number and the instant at which it was due.
    static func run<Result: Sendable>(
        rate: Double, count: Int,
        _ work: @escaping @Sendable (_ number: Int, _ due: ContinuousClock.Instant) async throws -> Result
    ) async throws -> [Result] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Result.self) { group in
            // One sleeper: thousands of them at once would be load of their own.
            for number in 0..<count {
                let due = start + .nanoseconds(Int64(Double(number) / rate * 1e9))
                try await ContinuousClock().sleep(until: due)
                group.addTask { try await work(number, due) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
