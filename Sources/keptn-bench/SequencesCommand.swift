import ArgumentParser
import CloudEvents
import FoundationEssentials
import KeptnKit
import Ports
import RemoteClients
import Subprocess
import SystemPackage

/// Sequences of four no-op tasks: how many a second, and how long one takes.
struct SequencesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sequences",
        abstract: "Measure sequences of four tasks: throughput closed loop, latencies open loop at half of it.")

    @Option(help: "Sequences of the closed loop.") var count = 5000
    @Option(help: "Sequences at a time; each has a service of its own, so that nothing queues.") var concurrency = 64
    @Option(help: "Sequences a second of the open loop; default half of what the closed loop reached.")
    var rate: Double?
    @Flag(help: "Executors in the server's process instead of one of their own.") var together = false
    @Flag(help: "Print JSON.") var json = false
    @Option(help: "The keptn to measure; default the one beside this program.") var keptn: String?

    func run() async throws {
        let report = try await withTemporaryFolder { home in
            try await ServerUnderTest.run(
                program: ServerUnderTest.program(keptn), home: home,
                arguments: together ? ["--answer-tasks", Workload.tasks.joined(separator: ",")] : []
            ) { server in (try await measure(server), .terminate) }
        }
        Output.report(report, asJSON: json)
    }

    private func measure(_ server: ServerUnderTest) async throws -> JSON {
        let client = APIClient(endpoint: server.endpoint, token: server.token)
        try await Workload.prepare(client, services: concurrency)
        let idle = server.residentMegabytes.now
        guard !together else { return try await figures(server, client, idle) }
        try await Workload.executor(Workload.plane(server.endpoint, server.token)) { _ in .pass() }.register()
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = try await Subprocess.run(
            .path(FilePath(own)), arguments: ["executor", "--endpoint", server.endpoint, "--token", server.token],
            input: .none, output: .string(limit: 1 << 16), error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .terminate) }
            return try await figures(server, client, idle)
        }
        let handover = try JSON(parsing: result.standardOutput.filter { $0 != "\n" })
        return result.closureResult.setting("handoverMs", to: handover)
    }

    private func figures(
        _ server: ServerUnderTest, _ client: APIClient, _ idle: Double
    ) async throws -> JSON {
        let driver = try await Driver(Workload.plane(server.endpoint, server.token))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await driver.listen() }
            defer { group.cancelAll() }
            _ = try await closedLoop(driver, count / 10)
            let before = (cpu: server.cpuMilliseconds, syncs: try await syncs(client))
            let start = ContinuousClock.now
            _ = try await closedLoop(driver, count)
            let elapsed = (ContinuousClock.now - start).seconds
            let cpu = (server.cpuMilliseconds - before.cpu) / Double(count)
            let perSequence = (try await syncs(client) - before.syncs) / Double(count)
            let reached = Double(count) / elapsed
            let rate = self.rate ?? reached / 2
            let disk = try RawDisk.syncs(in: FileManager.default.temporaryDirectory.path)
            let latencies = try await openLoop(driver, rate: rate, count: min(count, Int(rate * 20)))
            return .object([
                ("executors", together ? "in the server's process" : "in a process of their own, over HTTP"),
                ("sequencesPerSecond", .number(reached.rounded())),
                ("openLoopPerSecond", .number(rate.rounded())),
                ("latencyMs", latencies.json([("p50", 0.5), ("p99", 0.99), ("p999", 0.999)])),
                ("rawDiskSyncMs", disk.json([("p50", 0.5), ("p99", 0.99), ("max", 1)])),
                ("cpuMsPerSequence", .number((cpu * 1000).rounded() / 1000)),
                ("idleRSSMB", .number(idle.rounded())),
                ("peakRSSMB", .number(server.residentMegabytes.peak.rounded())),
                ("fsyncsPerSequence", .number((perSequence * 100).rounded() / 100)),
                ("readyMs", .number((server.readyAfter.seconds * 1000).rounded())),
                ("concurrency", .integer(concurrency)), ("count", .integer(count)), ("conditions", Conditions.json),
            ])
        }
    }

    /// Each worker has its own service and triggers the next sequence when the last has finished.
    private func closedLoop(_ driver: Driver, _ count: Int) async throws -> Samples {
        try await withThrowingTaskGroup(of: Samples.self) { group in
            for worker in 0..<concurrency {
                group.addTask {
                    var samples = Samples()
                    for _ in 0..<(count / concurrency) { samples.add(try await driver.run(service: worker)) }
                    return samples
                }
            }
            var all = Samples()
            for try await samples in group { for value in samples.values { all.add(milliseconds: value) } }
            return all
        }
    }

    private func openLoop(_ driver: Driver, rate: Double, count: Int) async throws -> Samples {
        let concurrency = concurrency
        let durations = try await OpenLoop.run(rate: rate, count: count) { number, due in
            _ = try await driver.run(service: number % concurrency, isOpenLoop: true)
            return ContinuousClock.now - due
        }
        return durations.reduce(into: Samples()) { $0.add($1) }
    }

    /// Syncs of the store so far.
    private func syncs(_ client: APIClient) async throws -> Double {
        let text = try await WebRequester().send(
            OutgoingRequest(url: client.endpoint.split(separator: "/api")[0] + "/metrics")
        ).body
        let line = String(decoding: text, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("keptn_store_syncs_total ") }
        return line.flatMap { Double($0.split(separator: " ")[1]) } ?? .nan
    }
}
