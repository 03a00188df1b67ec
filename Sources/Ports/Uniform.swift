package import CloudEvents
package import Core

/// Where the registered integrations are kept.
package protocol UniformStore: Sendable {
    func registry() async throws -> UniformRegistry

    /// Changes the registry: what the body did is on the disk when it returns, all or nothing, one change after the
    /// other. What the body throws is thrown, and nothing is stored.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (inout UniformRegistry) throws -> Value
    ) async throws -> Value
}

/// Hears of the orphans: answers for which no task was waiting (implemented by api).
package protocol OrphanListener: Sendable {
    /// The same answer may come several times.
    func note(orphans: [RecordedEvent]) async throws
}

/// Where the lines that integrations write about their failures are kept.
package protocol IntegrationLog: Sendable {
    /// Stores lines, durable when it returns; lines with the identity of a stored one are left out. Removes what is
    /// older than `oldest`.
    ///
    /// - Parameter position: How far the event log was read to write these lines; stored with them.
    func append(_ entries: [LogEntry], oldest: Timestamp, readUpTo position: Position?) async throws

    /// How far the event log has been read.
    func position() async throws -> Position

    /// Newest first.
    func entries(_ query: LogQuery) async throws -> LogPage
}

/// Which lines; nil means any.
package struct LogQuery: Sendable, Hashable {
    package var integrationID: String?
    /// Strictly after.
    package var from: Timestamp?
    /// Strictly before.
    package var before: Timestamp?
    package var offset = 0
    package var limit = 20

    package init() {}
}

package struct LogPage: Sendable, Hashable {
    package var entries: [LogEntry]
    /// How many lines match, on all pages.
    package var total: Int

    package init(entries: [LogEntry], total: Int) {
        self.entries = entries
        self.total = total
    }
}
