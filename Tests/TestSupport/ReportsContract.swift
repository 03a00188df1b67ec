import CloudEvents
package import Ports
import Testing

/// What every implementation of `EventReports` promises of the log that it reports on.
package enum ReportsContract {
    private static let time = StoreContract.time
    private static let asked = "sh.keptn.event.get-sli.triggered"
    private static let answered = "sh.keptn.event.get-sli.finished"

    package static func eventsAreCounted(_ store: any EventLog & EventReports) async throws {
        try await store.append([
            StoreContract.event("1", type: "x"), StoreContract.event("2", type: "x", time: time + .seconds(1)),
            StoreContract.event("3", source: "other", type: "x"),
            StoreContract.event("4", type: "y", service: "orders"),
            StoreContract.event("5", type: "x", project: "another"), StoreContract.event("6", type: "x", project: nil),
            StoreContract.event("7", type: "x", service: nil), StoreContract.event("8", type: "x", service: ""),
            StoreContract.event("9", type: "x", time: nil),
            StoreContract.event("early", type: "x", time: time - .seconds(1)),
            StoreContract.event("late", type: "x", time: time + .seconds(2)),
        ])
        func count(_ project: String, _ service: String, _ type: String, _ source: String, _ count: Int) -> EventCount {
            EventCount(project: project, service: service, type: type, source: source, count: count)
        }
        #expect(
            try await store.counts(from: time, to: time + .seconds(2)) == [
                count("another", "carts", "x", "test", 1), count("sockshop", "carts", "x", "other", 1),
                count("sockshop", "carts", "x", "test", 2), count("sockshop", "orders", "y", "test", 1),
            ])
        #expect(
            try await store.counts(from: time, to: time + .seconds(2), project: "another") == [
                count("another", "carts", "x", "test", 1)
            ])
        #expect(try await store.counts(from: time + .seconds(3), to: time + .seconds(4)).isEmpty)
    }

    package static func requestsAreOpenUntilTheyAreFinished(_ store: any EventLog & EventReports) async throws {
        try await store.append([
            StoreContract.event("old", type: asked, time: time - .seconds(1)),
            StoreContract.event("a", type: asked, time: time + .seconds(2)),
            StoreContract.event("b", type: asked, stage: "staging", time: time + .seconds(1)),
            StoreContract.event("of a sequence", source: "shipyard-controller", type: asked, time: time + .seconds(1)),
            StoreContract.event("other task", type: "sh.keptn.event.test.triggered", time: time + .seconds(1)),
            StoreContract.event("done", type: asked, time: time + .seconds(1)),
            StoreContract.event("answer", type: answered, triggeredID: "done"),
            StoreContract.event("start", type: "sh.keptn.event.get-sli.started", triggeredID: "a"),
            StoreContract.event("stranger", type: "sh.keptn.event.test.finished", triggeredID: "b"),
        ])
        func open(_ change: (inout OpenRequestQuery) -> Void = { _ in }) async throws -> [String] {
            var query = OpenRequestQuery(task: "get-sli", since: time)
            change(&query)
            return try await store.openRequests(query).map(\.id)
        }
        #expect(try await open() == ["a", "b"])
        #expect(try await open { $0.id = "b" } == ["b"])
        #expect(try await open { ($0.project, $0.stage, $0.service) = ("sockshop", "dev", "carts") } == ["a"])
        #expect(try await open { $0.stage = "" } == ["a", "b"])
        #expect(try await open { $0.project = "another" } == [])
        try await store.append([StoreContract.event("late answer", type: answered, triggeredID: "a")])
        #expect(try await open() == ["b"])
    }

    package static func newestOfEachPlaceIsFound(_ store: any Store & EventReports) async throws {
        try await store.append([
            StoreContract.event("1", type: "x", context: "one"),
            StoreContract.event("2", type: "x", context: "two", result: "fail", time: time + .seconds(1)),
            StoreContract.event("3", type: "y", context: "two", result: "fail"),
            StoreContract.event("4", type: "x", project: "another"),
            StoreContract.event("5", type: "x", context: "two", stage: "staging", service: nil, time: nil),
        ])
        func latest(
            _ id: String, _ type: String, stage: String = "dev", service: String? = "carts", _ time: Timestamp? = time,
            unfailed: String?, result: String? = "fail"
        ) -> LatestEvent {
            LatestEvent(
                stage: stage, service: service, type: type, id: id, context: "two", time: time,
                unfailedContext: unfailed, project: "sockshop", result: result)
        }
        #expect(
            try await store.latestEvents(in: "sockshop") == [
                latest("5", "x", stage: "staging", service: nil, nil, unfailed: "two", result: nil),
                latest("3", "y", unfailed: nil), latest("2", "x", time + .seconds(1), unfailed: "one"),
            ])
        func ids(_ stage: String?, _ services: [String]) async throws -> [String] {
            try await store.latestEvents(in: "sockshop", stage: stage, services: services).map(\.id)
        }
        #expect(try await ids("dev", []) == ["3", "2"])
        #expect(try await ids("", ["carts"]) == ["3", "2"])
        #expect(try await ids("dev", ["orders", "carts"]) == ["3", "2"])
        #expect(try await ids("staging", ["carts"]) == [])
        #expect(try await store.latestEvents(in: "nope").isEmpty)
        try await store.deleteProject("sockshop")
        #expect(try await store.latestEvents(in: "sockshop").isEmpty)
        try await store.append([StoreContract.event("6", type: "x", context: "two", result: "fail")])
        #expect(try await store.latestEvents(in: "sockshop") == [latest("6", "x", unfailed: nil)])
        #expect(try await store.latestEvents(in: "another").map(\.id) == ["4"])
    }
    package static func stagesOfRunsAreToldInOneAnswer(_ store: any Store & EventReports) async throws {
        let evaluation = StageReport.evaluationType
        try await store.append([
            StoreContract.event("1", type: "x", context: "one"),
            StoreContract.event("2", type: evaluation, context: "one", result: "pass"),
            StoreContract.event("3", type: evaluation, context: "one", result: "fail", time: time + .seconds(1)),
            StoreContract.event("4", type: "y", context: "one", time: nil),
            StoreContract.event("5", type: "x", context: "one", stage: "staging", result: "fail"),
            StoreContract.event("6", type: "x", context: "two", result: "pass"),
            StoreContract.event("7", type: "x", context: "one", project: "another"),
            StoreContract.event("8", type: "x", context: "one", stage: nil),
            StoreContract.event("9", type: "x", context: "three"),
        ])
        func told(_ id: String, _ type: String, _ time: Timestamp? = time) -> StageReport.Event {
            StageReport.Event(id: id, type: type, time: time)
        }
        let reports = try await store.stageReports(of: ["one", "two", "nope"], in: "sockshop")
            .sorted { ($0.context, $0.stage) < ($1.context, $1.stage) }
        #expect(reports.map(\.context) == ["one", "one", "two"] && reports.map(\.stage) == ["dev", "staging", "dev"])
        #expect(reports.map(\.latest) == [told("4", "y", nil), told("5", "x"), told("6", "x")])
        #expect(
            reports.map(\.latestFailed) == [told("3", evaluation, time + .seconds(1)), told("5", "x"), nil])
        #expect(reports.map { $0.evaluation?["result"] } == ["fail", nil, nil])
        #expect(try await store.stageReports(of: [], in: "sockshop").isEmpty)
    }
}
