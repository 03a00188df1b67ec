import CloudEvents
import Core
import KeptnModel
package import Ports
import Testing

/// What every implementation of `Overviews` promises; each function wants an empty store.
package enum OverviewsContract {
    private static let staging = Scope(project: "sockshop", stage: "staging", service: "orders")
    private static let elsewhere = Scope(project: "other", stage: "prod", service: "carts")

    private static func saveSample(in store: any Store) async throws {
        try await StoreContract.save(
            StoreContract.execution("a", context: "aa1", at: 3, task: "approval", deadline: StoreContract.time),
            StoreContract.execution("b", in: staging, context: "aa2", name: "remediation", at: 2),
            StoreContract.execution("c", context: "b%", at: 1, state: .waiting),
            StoreContract.execution("d", context: "aa1", at: 4, state: .finished),
            StoreContract.execution("e", in: elsewhere, context: "aa1", at: 5, task: "approval"),
            in: store)
    }

    package static func openOnesAreCountedAndListed(_ store: any Store) async throws {
        try await saveSample(in: store)
        func count(_ stage: String, _ sequence: String, _ state: SequenceExecution.State) -> OpenCount {
            OpenCount(project: "sockshop", stage: stage, sequence: sequence, state: state, count: 1)
        }
        #expect(
            try await store.openCounts(in: ["sockshop", "nobody"]) == [
                count("dev", "delivery", .started), count("dev", "delivery", .waiting),
                count("staging", "remediation", .started),
            ])
        #expect(try await store.openCounts(in: []).isEmpty)
        func open(_ change: (inout OpenQuery) -> Void) async throws -> [String] {
            var query = OpenQuery()
            change(&query)
            let page = try await store.open(query)
            if query.offset == 0, query.limit > page.total { #expect(page.executions.count == page.total) }
            return page.executions.map(\.id)
        }
        #expect(try await open { _ in } == ["c", "b", "a", "e"])
        #expect(try await open { $0.task = "approval" } == ["a", "e"])
        #expect(try await open { $0.sequence = "remediation" } == ["b"])
        #expect(try await open { $0.projects = ["other"] } == ["e"])
        #expect(try await open { $0.projects = [] } == [])
        #expect(try await open { $0.services = ["orders", "nobody"] } == ["b"])
        #expect(try await open { ($0.offset, $0.limit) = (1, 2) } == ["b", "a"])
        #expect(try await open { ($0.task, $0.offset) = ("approval", 1) } == ["e"])
    }

    package static func endedRemediationsAreListed(_ store: any Store) async throws {
        func ended(_ id: String, in scope: Scope, _ name: String = "remediation", at: Int64, context: String? = nil)
            throws -> SequenceExecution
        {
            try StoreContract.execution(id, in: scope, context: context ?? id, name: name, at: at, state: .finished)
        }
        try await StoreContract.save(
            ended("a", in: staging, at: 1), ended("b", in: elsewhere, at: 3), ended("c", in: staging, at: 2),
            ended("d", in: staging, "delivery", at: 4), ended("e", in: staging, at: 5),
            // The run of e goes on: a later sequence of it is open. That of d began with something else.
            StoreContract.execution("f", in: staging, context: "e", name: "follower", at: 6),
            ended("g", in: staging, at: 7, context: "d"),
            StoreContract.execution("h", in: staging, context: "h", name: "remediation", at: 8), in: store)
        func listed(_ projects: [String], offset: Int = 0, limit: Int = 9, total: Int) async throws -> [String] {
            let page = try await store.endedRemediations(in: projects, offset: offset, limit: limit)
            #expect(page.total == total)
            return page.runs.map(\.context)
        }
        #expect(try await listed(["sockshop", "other"], total: 3) == ["b", "c", "a"])
        #expect(try await listed(["sockshop", "other"], offset: 1, limit: 1, total: 3) == ["c"])
        #expect(try await listed(["sockshop"], total: 2) == ["c", "a"])
        #expect(try await listed([], total: 0).isEmpty)
    }

    package static func runsAreFoundByTheirContexts(_ store: any Store) async throws {
        try await saveSample(in: store)
        func found(_ text: String, _ projects: [String] = ["sockshop", "other"], limit: Int = 9) async throws
            -> [String]
        {
            try await store.runs(beginningWith: text, in: projects, limit: limit).map(\.id)
        }
        #expect(try await found("aa") == ["e", "a", "b"])
        #expect(try await found("aa1") == ["e", "a"])
        #expect(try await found("aa", ["sockshop"]) == ["a", "b"])
        #expect(try await found("aa", limit: 1) == ["e"])
        #expect(try await found("%").isEmpty)
        #expect(try await found("b%") == ["c"])
    }

    package static func newestEventsAreFoundByTypeAndService(_ store: any Store) async throws {
        func event(_ id: String, _ type: String, project: String = "sockshop", service: String, result: String)
            -> CloudEvent
        {
            StoreContract.event(
                id, type: type, context: id, project: project, service: service, result: result,
                time: StoreContract.time + .seconds(Int64(id) ?? 0))
        }
        try await store.append([
            event("1", "x", service: "carts", result: "pass"), event("2", "x", service: "carts", result: "fail"),
            event("3", "y", service: "carts", result: "pass"), event("4", "x", service: "orders", result: "warning"),
            event("5", "x", project: "other", service: "carts", result: "pass"),
        ])
        func latest(_ change: (inout LatestEventQuery) -> Void) async throws -> [LatestEvent] {
            var query = LatestEventQuery(projects: ["sockshop", "other"])
            change(&query)
            return try await store.latestEvents(query)
        }
        #expect(try await latest { _ in }.map(\.id) == ["5", "4", "3", "2"])
        let ofType = try await latest { ($0.types, $0.projects) = (["x"], ["sockshop"]) }
        #expect(ofType.map(\.id) == ["4", "2"])
        #expect(ofType.map(\.result) == ["warning", "fail"])
        #expect(ofType.map(\.unfailedContext) == ["4", "1"])
        #expect(ofType.map(\.project) == ["sockshop", "sockshop"])
        #expect(try await latest { ($0.types, $0.services) = (["x", "y"], ["carts"]) }.map(\.id) == ["5", "3", "2"])
        #expect(try await latest { $0.services = ["orders"] }.map(\.id) == ["4"])
        let stage = try #require(try await latest { _ in }.first?.stage)
        func count(_ project: String, _ result: String) -> ResultCount {
            ResultCount(project: project, stage: stage, result: result, count: 1)
        }
        #expect(
            try await store.latestResults(of: "x", in: ["sockshop", "other"]) == [
                count("other", "pass"), count("sockshop", "fail"), count("sockshop", "warning"),
            ])
        #expect(try await store.latestResults(of: "y", in: ["other"]).isEmpty)
        #expect(try await latest { $0.projects = [] }.isEmpty)
    }

    package static func runsAreFoundByTheirResults(_ store: any Store) async throws {
        try await StoreContract.save(
            StoreContract.execution("a1", context: "a", at: 1, state: .finished, result: .pass),
            StoreContract.execution("a2", context: "a", at: 2, state: .finished, result: .fail),
            StoreContract.execution("a3", context: "a", at: 3, state: .finished, result: .pass),
            StoreContract.execution("b1", context: "b", at: 4, state: .finished, result: .warning),
            StoreContract.execution("b2", context: "b", at: 5),
            StoreContract.execution("c1", context: "c", at: 6, state: .finished, result: .pass),
            StoreContract.execution("d1", context: "d", at: 7), in: store)
        func found(_ results: KeptnResult...) async throws -> [String] {
            var query = RunQuery(project: "sockshop")
            query.results = results
            let page = try await store.runs(query)
            #expect(page.total == page.runs.count)
            #expect(page.runs.allSatisfy { $0.result.map(results.contains) == true || results.isEmpty })
            return page.runs.map(\.context)
        }
        #expect(try await found() == ["d", "c", "b", "a"])
        #expect(try await found(.fail) == ["a"])
        #expect(try await found(.warning) == ["b"])
        #expect(try await found(.pass) == ["c"])
        #expect(try await found(.fail, .pass) == ["c", "a"])
    }
}
