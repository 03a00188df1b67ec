import CloudEvents
package import Ports
import Testing

extension StoreContract {
    /// A filter, and the events that it finds in `sample`, newest first.
    package struct QueryCase: Sendable, CustomTestStringConvertible {
        package let testDescription: String
        let query: EventQuery
        let found: [String]

        init(_ name: String, _ found: [String], _ change: (inout EventQuery) -> Void) {
            testDescription = name
            self.found = found
            var query = EventQuery()
            change(&query)
            self.query = query
        }
    }

    private static let evaluated = "sh.keptn.event.evaluation.finished"

    private static let sample = [
        event("1", type: "sh.keptn.event.dev.delivery.triggered", context: "c1"),
        event("2", type: evaluated, context: "c1", triggeredID: "t2", result: "pass", time: time + .seconds(1)),
        event("3", source: "lighthouse", type: evaluated, context: "c1", triggeredID: "t3", result: "fail"),
        event("4", type: "sh.keptn.event.evaluation.invalidated", context: "c1", triggeredID: "t3"),
        event("5", context: "c2", stage: "staging", time: time + .seconds(5)),
        event("6", type: evaluated, context: "c2", service: "orders", result: "warning", time: nil),
        event("7", type: evaluated, context: "c3", project: "other", result: "pass", time: time + .seconds(7)),
        event("8", type: "com.example.thing", context: nil, project: nil, stage: nil, service: nil),
    ]

    package static let queryCases: [QueryCase] = [
        QueryCase("everything", ["8", "7", "6", "5", "4", "3", "2", "1"]) { _ in },
        QueryCase("id", ["5"]) { $0.id = "5" },
        QueryCase("unknown id", []) { $0.id = "55" },
        QueryCase("context", ["4", "3", "2", "1"]) { $0.context = "c1" },
        QueryCase("context and type", ["3", "2"]) { ($0.context, $0.type) = ("c1", evaluated) },
        QueryCase("type", ["7", "6", "3", "2"]) { $0.type = evaluated },
        QueryCase("type and project", ["6", "3", "2"]) { ($0.project, $0.type) = ("sockshop", evaluated) },
        QueryCase("project", ["6", "5", "4", "3", "2", "1"]) { $0.project = "sockshop" },
        QueryCase("unknown project", []) { $0.project = "nobody" },
        QueryCase("stage", ["5"]) { $0.stage = "staging" },
        QueryCase("service", ["6"]) { ($0.project, $0.service) = ("sockshop", "orders") },
        QueryCase("source", ["3"]) { $0.source = "lighthouse" },
        QueryCase("source in project", ["3"]) { ($0.project, $0.source) = ("sockshop", "lighthouse") },
        QueryCase("triggeredid", ["4", "3"]) { $0.triggeredID = "t3" },
        QueryCase("result", ["7", "2"]) { $0.results = ["pass"] },
        QueryCase("results", ["6", "2"]) {
            ($0.project, $0.type, $0.results) = ("sockshop", evaluated, ["pass", "warning"])
        },
        QueryCase("later than", ["7", "5"]) { $0.from = time + .seconds(1) },
        QueryCase("earlier than", ["8", "4", "3", "1"]) { $0.before = time + .seconds(1) },
        QueryCase("between", ["5", "2"]) { ($0.from, $0.before) = (time, time + .seconds(7)) },
        QueryCase("first of each context", ["7", "5", "1"]) { $0.rootOnly = true },
        QueryCase("first of each context in a project", ["5", "1"]) { ($0.rootOnly, $0.project) = (true, "sockshop") },
        QueryCase("not the first of its context", []) { ($0.rootOnly, $0.id) = (true, "2") },
        QueryCase("without invalidated ones", ["8", "7", "6", "5", "2", "1"]) { $0.excludeInvalidated = true },
        QueryCase("evaluations to compare with", ["6", "2"]) {
            ($0.project, $0.type, $0.excludeInvalidated) = ("sockshop", evaluated, true)
        },
        QueryCase("evaluations of a place", ["3", "2"]) {
            ($0.project, $0.stage, $0.service, $0.type) = ("sockshop", "dev", "carts", evaluated)
        },
        QueryCase("evaluations of a place to compare with", ["2"]) {
            ($0.project, $0.stage, $0.service, $0.type) = ("sockshop", "dev", "carts", evaluated)
            ($0.source, $0.excludeInvalidated) = ("test", true)
        },
        QueryCase("all at once", ["2"]) {
            ($0.id, $0.context, $0.type, $0.project, $0.stage) = ("2", "c1", evaluated, "sockshop", "dev")
            ($0.service, $0.source, $0.triggeredID, $0.results) = ("carts", "test", "t2", ["pass"])
            ($0.from, $0.before, $0.excludeInvalidated) = (time, time + .seconds(2), true)
        },
        QueryCase("empty means any", ["8", "7", "6", "5", "4", "3", "2", "1"]) {
            ($0.id, $0.context, $0.type, $0.project, $0.stage, $0.service) = ("", "", "", "", "", "")
            ($0.source, $0.triggeredID) = ("", "")
        },
    ]

    /// Every filter, whole and in pages.
    package static func queriesFind(_ cases: [QueryCase], in store: any Store) async throws {
        for event in sample { try await store.append([event]) }
        for one in cases {
            let page = try await store.page(one.query)
            #expect(ids(page.events) == one.found, "\(one.testDescription)")
            #expect(page.total == one.found.count, "\(one.testDescription)")
            for (offset, limit) in [(0, 1), (1, 2), (2, 20), (100, 5), (0, 0)] {
                var query = one.query
                (query.offset, query.limit) = (offset, limit)
                let page = try await store.page(query)
                #expect(ids(page.events) == Array(one.found.dropFirst(offset).prefix(limit)), "\(one.testDescription)")
                #expect(page.total == one.found.count, "\(one.testDescription) from \(offset), \(limit)")
                #expect(try await store.events(query) == page.events, "\(one.testDescription)")
                let documents = try await store.documents(query, counts: offset == 0)
                #expect(documents.events == page.events.map(\.event.structured), "\(one.testDescription)")
                #expect(documents.total == (offset == 0 ? page.total : nil), "\(one.testDescription)")
            }
        }
    }

    /// Roots and invalidations hold whatever order and transaction events come in.
    package static func factsAboutOthersHoldWithinATransaction(_ store: any Store) async throws {
        try await store.append([
            event("invalidation", type: "sh.keptn.event.evaluation.invalidated", context: "c", triggeredID: "t"),
            event("evaluation", type: evaluated, context: "c", triggeredID: "t"),
            event("later", context: "c"),
        ])
        var query = EventQuery()
        query.rootOnly = true
        #expect(ids(try await store.events(query)) == ["invalidation"])
        query.rootOnly = false
        query.excludeInvalidated = true
        #expect(try await store.events(query).map(\.event.id) == ["later"])
    }

    package static func oneIsFoundByItsID(_ store: any Store) async throws {
        for number in 0..<3 { try await store.append([event("\(number)")]) }
        try await store.append([event("1", source: "another")])
        var query = EventQuery()
        query.limit = 1
        query.id = "1"
        let newest = try await store.events(query)
        #expect(newest.map(\.position) == [Position(4)])
        #expect(newest.first?.event.source == "another")
        query.id = "2"
        #expect(try await store.events(query).map(\.position) == [Position(3)])
        query.offset = 1
        #expect(try await store.events(query).isEmpty)
        query.offset = 0
        query.project = "elsewhere"
        #expect(try await store.events(query).isEmpty)
        query.project = nil
        query.id = "missing"
        #expect(try await store.events(query).isEmpty)
    }

    package static func newestFirst(_ store: any Store) async throws {
        for batch in 0..<5 { try await store.append((0..<10).map { event("\(batch * 10 + $0)", time: nil) }) }
        var query = EventQuery()
        query.project = "sockshop"
        let page = try await store.page(query)
        #expect(ids(page.events) == (30..<50).reversed().map(String.init))
        #expect(page.total == 50)
    }
}
