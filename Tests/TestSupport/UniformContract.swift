package import CloudEvents
package import Core
package import Ports
import Testing

/// What every implementation of `UniformStore` and `IntegrationLog` promises, on an empty one.
package enum UniformContract {
    package static let now = Timestamp(seconds: 1_700_000_000)

    package static func integration(
        _ id: String, name: String? = nil, hears events: [String] = []
    ) -> UniformIntegration {
        UniformIntegration(
            id: id, name: name ?? id, metadata: .init(hostname: "node", namespace: "keptn", lastSeen: now),
            subscriptions: events.map { UniformSubscription(id: "\(id)-\($0)", event: $0, projects: ["p"]) })
    }

    package static func changesAreKept(_ store: any UniformStore) async throws {
        #expect(try await store.registry() == UniformRegistry())
        let first = try await store.change { $0.register(integration("a", hears: ["x"])) }
        #expect(first == (id: "a", isNew: true))
        _ = try await store.change { $0.register(integration("b")) }
        #expect(try await store.registry() == UniformRegistry([integration("a", hears: ["x"]), integration("b")]))
        _ = try await store.change { $0.ping("a", at: now + .seconds(1)) }
        #expect(try await store.registry()["a"]?.metadata.lastSeen == now + .seconds(1))
        try await store.change { $0.remove("a") }
        #expect(try await store.registry().sorted.map(\.id) == ["b"])
    }

    package static func aFailedChangeLeavesNothing(_ store: any UniformStore) async throws {
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await store.change { registry in
                _ = registry.register(integration("a"))
                throw Refused()
            }
        }
        #expect(try await store.registry().sorted.isEmpty)
    }

    package static func changesComeOneAfterTheOther(_ store: any UniformStore) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await store.change { $0.register(integration("i\(number)", name: "same")).isNew }
                }
            }
            var newcomers = 0
            for try await isNew in group where isNew { newcomers += 1 }
            #expect(newcomers == 1)
        }
        #expect(try await store.registry().sorted.count == 1)
    }

    private static func entry(_ integration: String, _ message: String, _ seconds: Int64) -> LogEntry {
        LogEntry(integrationID: integration, message: message, time: now + .seconds(seconds))
    }

    package static func linesAreFound(_ log: any IntegrationLog) async throws {
        let lines = [entry("a", "1", 1), entry("b", "2", 2), entry("a", "3", 3), entry("a", "4", 3)]
        try await log.append(lines, oldest: now, readUpTo: nil)
        func found(_ change: (inout LogQuery) -> Void) async throws -> (messages: [String], total: Int) {
            var query = LogQuery()
            change(&query)
            let page = try await log.entries(query)
            return (page.entries.map(\.message), page.total)
        }
        #expect(try await found { _ in } == (["4", "3", "2", "1"], 4))
        #expect(try await log.entries(LogQuery()).entries == lines.reversed())
        #expect(try await found { $0.integrationID = "a" } == (["4", "3", "1"], 3))
        #expect(try await found { $0.integrationID = "" } == (["4", "3", "2", "1"], 4))
        #expect(try await found { $0.from = now + .seconds(1) } == (["4", "3", "2"], 3))
        #expect(try await found { $0.before = now + .seconds(3) } == (["2", "1"], 2))
        #expect(try await found { ($0.offset, $0.limit) = (1, 2) } == (["3", "2"], 4))
        #expect(try await found { $0.integrationID = "nobody" } == ([], 0))
    }

    package static func linesAreWrittenOnceAndAge(_ log: any IntegrationLog) async throws {
        #expect(try await log.position() == .start)
        var task = entry("a", "no disk", 1)
        task.triggeredID = "t"
        var again = task
        again.time = now + .seconds(9)
        try await log.append([task, again, entry("a", "free", 1)], oldest: now, readUpTo: Position(7))
        try await log.append([again, entry("a", "free", 1), entry("a", "free", 2)], oldest: now, readUpTo: nil)
        #expect(try await log.entries(LogQuery()).entries.map(\.message) == ["free", "free", "no disk"])
        #expect(try await log.position() == Position(7))
        try await log.append([], oldest: now + .seconds(2), readUpTo: Position(8))
        #expect(try await log.entries(LogQuery()).entries == [entry("a", "free", 2)])
        #expect(try await log.position() == Position(8))
    }
}
