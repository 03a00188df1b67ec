import ArgumentParser
import CloudEvents
import KeptnModel
import Logging
import Ports
import RemoteClients
import SQLiteStore
import Subprocess

/// How long queries take over a long log.
struct QueriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queries", abstract: "Fill a store with events and measure the API's queries, one at a time.")

    @Option(help: "Events in the store.") var events = 1_000_000
    @Option(help: "Queries of each kind.") var count = 500
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let history = History(count: events)
        let report = try await withTemporaryFolder { home in
            try await history.write(to: home)
            return try await ServerUnderTest.run(program: ServerUnderTest.program(keptn), home: home) { server in
                (try await measure(server, history), .terminate)
            }
        }
        Output.report(report, asJSON: json)
    }

    private func measure(_ server: ServerUnderTest, _ history: History) async throws -> JSON {
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        var random = SplitMix(state: 1)
        var results: [(key: String, value: JSON?)] = []
        for kind in Kind.allCases {
            var samples = Samples()
            for number in -20..<count {
                let (path, query) = kind.request(history, number: max(number, 0), &random)
                let start = ContinuousClock.now
                let answer = try await client.bytes(path, query)
                let elapsed = ContinuousClock.now - start
                guard try JSON(parsing: answer)["events"]?.elements.isEmpty == false else {
                    throw KeptnError(.internalFailure, "\(path) \(query) found nothing")
                }
                // The first ones only warm up.
                if number >= 0 { samples.add(elapsed) }
            }
            results.append((kind.rawValue, samples.json([("p50", 0.5), ("p99", 0.99)])))
        }
        return .object([
            ("events", .integer(events)), ("latencyMs", .object(results)),
            ("readyMs", .number((server.readyAfter.seconds * 1000).rounded())),
            ("peakRSSMB", .number(server.residentMegabytes.peak.rounded())), ("conditions", Conditions.json),
        ])
    }
}

private enum Kind: String, CaseIterable {
    case context, root, typeWithFilter, projectPage, projectPageDeep

    /// The path below `/api` and the query.
    func request(_ history: History, number: Int, _ random: inout SplitMix) -> (String, [String: String]) {
        let run = Int(random.next() % UInt64(history.runs))
        let place = history.place(ofRun: run)
        let all = "mongodb-datastore/event"
        switch self {
        case .context: return (all, ["keptnContext": History.context(run), "pageSize": "100"])
        case .root: return (all, ["project": place.project, "root": "true", "pageSize": "20"])
        case .typeWithFilter:
            let filter = "data.project:\(place.project) AND data.stage:\(place.stage) AND data.service:\(place.service)"
            let type = EventType.task(name: History.tasks[2], kind: .finished).text
            return ("\(all)/type/\(type)", ["filter": filter, "excludeInvalidated": "true", "limit": "20"])
        case .projectPage:
            return (all, ["project": place.project, "pageSize": "100", "nextPageKey": "\(number % 50 * 100)"])
        case .projectPageDeep:
            let deepest = history.count / History.projects * 9 / 10
            return (all, ["project": place.project, "pageSize": "100", "nextPageKey": "\(deepest)"])
        }
    }
}

/// Runs of four tasks in ten projects of three stages and a hundred services.
private struct History {
    static let projects = 10
    static let stages = ["dev", "staging", "production"]
    static let services = 100
    static let tasks = ["deployment", "test", "evaluation", "release"]
    private static let eventsARun = 1 + tasks.count * 3 + 1

    let count: Int
    var runs: Int { max(1, count / Self.eventsARun) }

    static func context(_ run: Int) -> String {
        let digits = String(run, radix: 16)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
    }

    func place(ofRun run: Int) -> Scope {
        Scope(
            project: "project-\(run % Self.projects)", stage: Self.stages[run / Self.projects % Self.stages.count],
            service: "service-\(run / 7 % Self.services)")
    }

    /// Straight into the store, as the server would have over weeks.
    func write(to home: String) async throws {
        let logger = Logger(label: "keptn-bench")
        try await SQLiteStore.fill(folder: home, logger: logger) { $0 < runs ? events(ofRun: $0) : nil }
        let store = try await SQLiteStore.open(folder: home, logger: logger)
        // What shipyard-service would do when it hears of all this is not measured here.
        try await store.commit(
            Transaction(progress: [
                SubscriptionProgress(subscription: "shipyard-service", position: try await store.head(), open: [])
            ]))
        try await store.close()
    }

    private func events(ofRun run: Int) -> [CloudEvent] {
        let place = place(ofRun: run)
        let types: [EventType] =
            [.sequence(stage: place.stage, name: "delivery", kind: .triggered)]
            + Self.tasks.flatMap { task in
                [EventType.Kind.triggered, .started, .finished].map { EventType.task(name: task, kind: $0) }
            } + [.sequence(stage: place.stage, name: "delivery", kind: .finished)]
        return types.enumerated().map { number, type in
            let data: JSON = [
                "project": .string(place.project), "stage": .string(place.stage), "service": .string(place.service),
                "result": "pass", "status": "succeeded", "message": .string(String(repeating: "x", count: 300)),
            ]
            return CloudEvent(
                keptn: type, id: "\(run)-\(number)", source: "keptn-bench",
                time: Timestamp(seconds: 1_700_000_000 + Int64(run)), context: Self.context(run),
                triggeredID: number % 3 == 1 ? nil : "\(run)-\((number - 1) / 3 * 3 + 1)", data: data)
        }
    }
}
