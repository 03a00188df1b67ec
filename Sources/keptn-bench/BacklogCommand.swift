import ArgumentParser
import CloudEvents
import Ports
import RemoteClients
import Subprocess

/// What a subscriber that is never there costs the server.
struct BacklogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backlog",
        abstract: "Measure the server's memory while events pass of which dead subscribers take none.")

    @Option(help: "Events that pass.") var events = 1_000_000
    @Option(help: "Push subscriptions to an endpoint where nobody listens.") var dead = 1
    @Option(help: "Requests at a time.") var concurrency = 8
    @Option(help: "Events in a request.") var batch = 256
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let report = try await withTemporaryFolder { home in
            try await ServerUnderTest.run(program: ServerUnderTest.program(keptn), home: home) { server in
                (try await measure(server), .terminate)
            }
        }
        Output.report(report, asJSON: json)
    }

    private func measure(_ server: ServerUnderTest) async throws -> JSON {
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        for number in 0..<dead { try await PushSubscribers.subscribe(client, "dead\(number)", "http://127.0.0.1:1/") }
        let plane = Workload.plane(server.endpoint, server.token)
        let requests = max(1, events / batch / concurrency)
        let before = server.residentMegabytes.now
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    for _ in 0..<requests { try await plane.send((0..<batch).map { _ in BenchEvent.next() }) }
                }
            }
            try await group.waitForAll()
        }
        let passed = requests * batch * concurrency
        let after = server.residentMegabytes
        return .object([
            ("events", .integer(passed)), ("dead", .integer(dead)),
            ("eventsPerSecond", .number((Double(passed) / (ContinuousClock.now - start).seconds).rounded())),
            ("beforeRSSMB", .number(before.rounded())), ("afterRSSMB", .number(after.now.rounded())),
            ("peakRSSMB", .number(after.peak.rounded())), ("batch", .integer(batch)),
            ("concurrency", .integer(concurrency)), ("conditions", Conditions.json),
        ])
    }
}
