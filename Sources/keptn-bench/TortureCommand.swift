import ArgumentParser
import CloudEvents
import FoundationEssentials
import KeptnKit
import KeptnModel
import Ports
import ProcessRuntime
import RemoteClients
import ServiceLifecycle
import Subprocess
import Synchronization
import SystemPackage

/// Kills the loaded server again and again, and then counts.
struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture",
        abstract: "kill -9 a loaded server at random instants; then every accepted event must be there, every "
            + "sequence ended, and no task triggered twice.")

    @Option(help: "How often the server is killed.") var kills = 1000
    @Option(help: "Services; of each four sequences are under way at a time.") var concurrency = 8
    @Option(help: "Where the random instants begin; printed, to run the same again.") var seed: UInt64?
    @Option(help: "The keptn to torment; default the one beside this program.") var keptn: String?

    /// After the last kill one sequence after the other has to end, with no longer pause than this between two.
    private static let pauseMax = Duration.seconds(60)
    private static let complaintsShown = 20

    func run() async throws {
        let seed = seed ?? UInt64.random(in: .min ... .max)
        let complaints = try await withTemporaryFolder { home in
            let ports = FreePorts()
            let port = try ports.choose()
            let accepted = Accepted()
            let endpoint = "http://127.0.0.1:\(port)/api"
            return try await withThrowingTaskGroup(of: [String]?.self) { group in
                let (token, executor) = try await firstStart(home, port, endpoint, accepted)
                for worker in 0..<concurrency {
                    group.addTask {
                        try await Self.load(
                            worker, APIClient(endpoint: endpoint, token: token), accepted, underWayMax: concurrency * 4)
                        return nil
                    }
                }
                group.addTask {
                    try await executor.run()
                    return nil
                }
                group.addTask { try await killAndCount(home, port, accepted, seed) }
                defer { group.cancelAll() }
                while let result = try await group.next() { if let result { return result } }
                return ["the torture ended before its count"]
            }
        }
        try Self.conclude(complaints, seed)
    }

    /// Prints what was found, and fails where there is something.
    static func conclude(_ complaints: [String], _ seed: UInt64) throws {
        for complaint in complaints.prefix(complaintsShown) { Output.line(complaint) }
        if complaints.count > complaintsShown { Output.line("… \(complaints.count) complaints altogether") }
        Output.line("seed \(seed): \(complaints.isEmpty ? "nothing lost, doubled or left waiting" : "FAILED")")
        if !complaints.isEmpty { throw ExitCode(1) }
    }

    private func server<Value: Sendable>(
        _ home: String, _ port: Int, _ body: @Sendable @escaping (ServerUnderTest) async throws -> (Value, Signal)
    ) async throws -> Value {
        try await ServerUnderTest.run(
            program: ServerUnderTest.program(keptn), home: home, port: port, body)
    }

    /// Makes the project, and the executor's subscription before the first task.
    private func firstStart(
        _ home: String, _ port: Int, _ endpoint: String, _ accepted: Accepted
    ) async throws -> (token: String, executor: IntegrationService) {
        let services = concurrency
        return try await server(home, port) { server in
            try await Workload.prepare(APIClient(endpoint: server.endpoint, token: server.token), services: services)
            let executor = Workload.executor(Workload.plane(endpoint, server.token)) { task in
                if task.task == Workload.tasks.last { accepted.noteLastTask(of: task.contextID) }
                return .pass()
            }
            try await executor.register()
            return ((server.token, executor), .kill)
        }
    }

    private func killAndCount(
        _ home: String, _ port: Int, _ accepted: Accepted, _ seed: UInt64
    ) async throws -> [String] {
        var random = SplitMix(state: seed)
        for kill in 1...kills {
            let pause = Duration.milliseconds(Int64(100 + random.next() % 900))
            try await server(home, port) { _ in
                try await ContinuousClock().sleep(for: pause)
                return ((), .kill)
            }
            if kill % 100 == 0 { Output.note("\(kill) kills, \(accepted.count) sequences accepted") }
        }
        accepted.stop()
        return try await server(home, port) { server in
            let client = APIClient(endpoint: server.endpoint, token: server.token)
            return (try await Self.audit(client, accepted), .terminate)
        }
    }
}

// MARK: - Load

extension TortureCommand {
    /// Triggers as long as few are under way. What was answered with success is written down; the rest may or may not
    /// be there.
    static func load(
        _ worker: Int, _ client: APIClient, _ accepted: Accepted, underWayMax: Int
    ) async throws {
        let ids = SystemIDs()
        while !accepted.isStopped {
            guard accepted.underWay < underWayMax else {
                try await ContinuousClock().sleep(for: .milliseconds(5))
                continue
            }
            let event = Workload.trigger(service: worker, id: ids.newID(), context: ids.newID())
            do {
                try await client.send([event])
                accepted.note(event)
            } catch is CancellationError {
                return
            } catch {
                try await ContinuousClock().sleep(for: .milliseconds(20))
            }
        }
    }
}

// MARK: - Counting

extension TortureCommand {
    static func audit(_ client: APIClient, _ accepted: Accepted) async throws -> [String] {
        var complaints: [String] = []
        var open = Int.max
        var lastProgress = ContinuousClock.now
        while open > 0 {
            let answer = try await get(
                client, "controlPlane/v1/sequence/\(Workload.project)",
                ["state": "triggered,waiting,started,paused,waitingForApproval", "pageSize": "1"])
            let left = answer["totalCount"]?.intValue ?? 0
            if left < open { lastProgress = .now }
            open = left
            guard ContinuousClock.now < lastProgress + pauseMax else {
                complaints.append("\(open) sequences do not end: none did for \(pauseMax)")
                break
            }
            if open > 0 { try await ContinuousClock().sleep(for: .milliseconds(200)) }
        }
        for (context, id) in accepted.all {
            let events =
                try await get(
                    client, "mongodb-datastore/event", ["keptnContext": context, "pageSize": "100"])["events"]?.elements
                ?? []
            complaints += audit(context, id, events)
        }
        Output.line("\(accepted.count) accepted sequences looked at")
        return complaints
    }

    /// The last kill may have been a moment ago: then the server is on its way up.
    private static func get(_ client: APIClient, _ path: String, _ query: [String: String]) async throws -> JSON {
        let deadline = ContinuousClock.now + pauseMax
        while true {
            do {
                return try await client.get(path, query)
            } catch let error as KeptnError where error.code == .unavailable && ContinuousClock.now < deadline {
                try await ContinuousClock().sleep(for: .milliseconds(50))
            }
        }
    }

    private static func audit(_ context: String, _ id: String, _ events: [JSON]) -> [String] {
        var complaints: [String] = []
        func count(_ type: EventType) -> Int { events.count { $0["type"]?.stringValue == type.text } }
        if !events.contains(where: { $0["id"]?.stringValue == id }) {
            complaints.append("\(context): the accepted event \(id) is lost")
        }
        for task in Workload.tasks {
            for kind in [EventType.Kind.triggered, .started, .finished] {
                let found = count(.task(name: task, kind: kind))
                if found != 1 { complaints.append("\(context): \(found) events \(task).\(kind.rawValue) instead of 1") }
            }
        }
        let ends = count(.sequence(stage: Workload.stage, name: Workload.sequence, kind: .finished))
        if ends != 1 { complaints.append("\(context): the sequence has ended \(ends) times") }
        return complaints
    }
}

/// The triggers that were answered with success, and how far their sequences have come.
final class Accepted: Sendable {
    private struct State {
        var events: [(context: String, id: String)] = []
        var waiting: Set<String> = []
        /// Contexts whose last task began before their trigger's answer was here.
        var early: Set<String> = []
        var isStopped = false
    }

    private let state = Mutex(State())

    func note(_ event: CloudEvent) {
        let context = event.keptnContext ?? ""
        state.withLock {
            $0.events.append((context, event.id))
            if $0.early.remove(context) == nil { $0.waiting.insert(context) }
        }
    }

    func noteLastTask(of context: String) {
        state.withLock { if $0.waiting.remove(context) == nil { $0.early.insert(context) } }
    }

    /// Sequences whose last task has not begun.
    var underWay: Int { state.withLock(\.waiting.count) }

    func stop() { state.withLock { $0.isStopped = true } }
    var isStopped: Bool { state.withLock { $0.isStopped } }
    var count: Int { state.withLock { $0.events.count } }
    var all: [(context: String, id: String)] { state.withLock { $0.events } }
}

/// S. Vigna's SplitMix64: the same instants for the same seed.
struct SplitMix: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
