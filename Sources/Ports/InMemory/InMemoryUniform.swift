package import CloudEvents
package import Core
import Synchronization

/// Integrations and their lines, for tests.
package final class InMemoryUniform: UniformStore, IntegrationLog {
    private struct State {
        var registry = UniformRegistry()
        /// Oldest first.
        var entries: [LogEntry] = []
        var identities: Set<LogEntry.Identity> = []
        var position = Position.start
    }

    private let state = Mutex(State())

    package init() {}

    package func registry() async throws -> UniformRegistry { state.withLock { $0.registry } }

    package func change<Value: Sendable>(
        _ body: @escaping @Sendable (inout UniformRegistry) throws -> Value
    ) async throws -> Value {
        try state.withLock { state in
            var registry = state.registry
            let value = try body(&registry)
            state.registry = registry
            return value
        }
    }

    package func append(_ entries: [LogEntry], oldest: Timestamp, readUpTo position: Position?) async throws {
        state.withLock { state in
            for entry in entries where state.identities.insert(entry.identity).inserted { state.entries.append(entry) }
            state.entries.removeAll { $0.time < oldest }
            state.identities = Set(state.entries.map(\.identity))
            if let position { state.position = position }
        }
    }

    package func position() async throws -> Position { state.withLock { $0.position } }

    package func entries(_ query: LogQuery) async throws -> LogPage {
        let matching = state.withLock { $0.entries }.enumerated().filter { query.matches($0.element) }
            .sorted { ($0.element.time, $0.offset) > ($1.element.time, $1.offset) }.map(\.element)
        return LogPage(entries: Array(matching.dropFirst(query.offset).prefix(query.limit)), total: matching.count)
    }
}

extension LogQuery {
    fileprivate func matches(_ entry: LogEntry) -> Bool {
        (integrationID.wanted ?? entry.integrationID) == entry.integrationID
            && from.map { entry.time > $0 } ?? true && before.map { entry.time < $0 } ?? true
    }
}
