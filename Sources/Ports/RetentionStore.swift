package import CloudEvents

/// Files that are kept until they are old.
package protocol AgingFiles: Sendable {
    /// Removes the files that were saved before this instant; says how many those were.
    func removeAll(savedBefore instant: Timestamp) async throws -> Int
}

/// Where what is old can be removed.
package protocol RetentionStore: Sendable {
    /// Removes runs from the store: of each context its events, executions and pauses, all together. Events without a
    /// context count as a run each.
    ///
    /// A run stays when any of its events is not older than the instant, when any execution of it is open, when one of
    /// its events is the newest of its type at its place, from which is known what is deployed there, and when it holds
    /// the newest event of all.
    ///
    /// - Parameters:
    ///   - position: Only runs that have an event behind it.
    ///   - count: So many events are looked at, at most.
    /// - Returns: How many events were removed, and the position to go on behind; nil when nothing is old any more.
    func removeRuns(olderThan instant: Timestamp, after position: Position, lookingAt count: Int) async throws
        -> (removed: Int, next: Position?)
}
