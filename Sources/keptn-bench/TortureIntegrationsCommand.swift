import ArgumentParser
import CloudEvents
import FoundationEssentials
import Glibc
import KeptnKit
import KeptnModel
import Ports
import ProcessRuntime
import RemoteClients
import Subprocess
import Synchronization
import SystemPackage

/// Kills the server, its integrations, or both, again and again, and then counts.
struct TortureIntegrationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-integrations",
        abstract: "kill -9 a loaded server, one of its integrations, or both at random instants; then every accepted "
            + "event must be there, every sequence ended, and nothing handed out twice without the mark.",
        discussion: "Of each sequence one task is pulled, one pushed, and one told by the live stream.")

    @Option(help: "How often something is killed.") var kills = 300
    @Option(help: "Sequences that are under way at a time, each of a service of its own.") var sequences = 100
    @Option(help: "Where the random instants begin; printed, to run the same again.") var seed: UInt64?
    @Option(help: "The keptn to torment; default the one beside this program.") var keptn: String?

    func run() async throws {
        let seed = seed ?? UInt64.random(in: .min ... .max)
        let complaints = try await withTemporaryFolder { folder in
            let ports = FreePorts()
            let (port, pushPort) = (try ports.choose(), try ports.choose())
            let accepted = Accepted()
            let endpoint = "http://127.0.0.1:\(port)/api"
            let (token, last) = try await firstStart(folder, port, pushPort, endpoint, accepted)
            let server = Victim(
                program: ServerUnderTest.program(keptn),
                arguments: ["server", "--home", folder, "--listen", "127.0.0.1:\(port)"], log: "\(folder)/server.log")
            let integrations = VictimCommand.Way.allCases.map { way in
                Victim(
                    program: ServerUnderTest.own,
                    arguments: [
                        "victim", "--way", way.rawValue, "--endpoint", endpoint, "--token", token, "--journal",
                        Self.journal(folder, way), "--port", String(pushPort),
                    ], log: "\(folder)/\(way.rawValue).log")
            }
            let client = APIClient(endpoint: endpoint, token: token)
            return try await withThrowingTaskGroup(of: [String]?.self) { group in
                defer {
                    group.cancelAll()
                    for victim in [server] + integrations { victim.end() }
                }
                for victim in [server] + integrations {
                    group.addTask {
                        try await victim.run()
                        return nil
                    }
                }
                for service in 0..<sequences {
                    group.addTask {
                        try await TortureCommand.load(service, client, accepted, underWayMax: sequences)
                        return nil
                    }
                }
                group.addTask {
                    try await last.run()
                    return nil
                }
                group.addTask {
                    try await kill(server, integrations, accepted, seed)
                    accepted.stop()
                    return try await TortureCommand.audit(client, accepted)
                        + VictimCommand.Way.allCases.flatMap { Self.audit(Self.journal(folder, $0), $0) }
                }
                while let result = try await group.next() { if let result { return result } }
                return ["the torture ended before its count"]
            }
        }
        try TortureCommand.conclude(complaints, seed)
    }

    private static func journal(_ folder: String, _ way: VictimCommand.Way) -> String {
        "\(folder)/\(way.rawValue).journal"
    }

    private static func audit(_ journal: String, _ way: VictimCommand.Way) -> [String] {
        let entries = Journal.entries(journal)
        let handed = entries.filter { $0.kind == .handed }
        let again = handed.count - Set(handed.map(\.id)).count
        Output.line("\(way.rawValue): \(handed.count) tasks handed out, \(again) of them again")
        guard !handed.isEmpty else { return ["\(way.rawValue): nothing was handed out"] }
        return Journal.complaints(entries, way: way)
    }

    /// Makes the project, and every subscription before the first task. Returns who does the last task, in this
    /// process.
    private func firstStart(
        _ home: String, _ port: Int, _ pushPort: Int, _ endpoint: String, _ accepted: Accepted
    ) async throws -> (token: String, last: IntegrationService) {
        let services = sequences
        return try await ServerUnderTest.run(
            program: ServerUnderTest.program(keptn), home: home, port: port
        ) { server in
            let client = APIClient(endpoint: server.endpoint, token: server.token)
            try await Workload.prepare(client, services: services)
            let plane = Workload.plane(endpoint, server.token)
            try await VictimCommand.puller(plane, nil).register()
            _ = try await client.put(
                "v1/subscriptions/\(VictimCommand.Way.push.name)",
                [
                    "url": .string("http://127.0.0.1:\(pushPort)/api/v1/event"),
                    "events": [.string(EventType.task(name: VictimCommand.Way.push.task, kind: .triggered).text)],
                ])
            let integration = Integration(name: "survivor", version: "1").on(task: Workload.tasks[3]) { task in
                accepted.noteLastTask(of: task.contextID)
                return .pass()
            }
            let last = IntegrationService(integration, on: plane, logger: Workload.quiet)
            try await last.register()
            return ((server.token, last), .kill)
        }
    }

    /// Each time the server, one integration, or both at once; three times of four when the server has accepted
    /// something since the last kill, else perhaps in the middle of its start.
    private func kill(
        _ server: Victim, _ integrations: [Victim], _ accepted: Accepted, _ seed: UInt64
    ) async throws {
        var random = SplitMix(state: seed)
        for number in 1...kills {
            if number % 4 != 0 { try await Self.waitForLoad(accepted) }
            try await ContinuousClock().sleep(for: .milliseconds(Int64(100 + random.next() % 700)))
            let integration = integrations[Int(random.next() % UInt64(integrations.count))]
            switch random.next() % 3 {
            case 0: server.kill()
            case 1: integration.kill()
            default:
                server.kill()
                integration.kill()
            }
            if number % 50 == 0 { Output.note("\(number) kills") }
        }
    }
}

extension TortureIntegrationsCommand {
    /// Nothing more may be accepted while as much as is allowed waits for an integration that is gone.
    private static let loadMax = Duration.seconds(20)

    private static func waitForLoad(_ accepted: Accepted) async throws {
        let (before, start) = (accepted.count, ContinuousClock.now)
        while accepted.count == before, ContinuousClock.now < start + loadMax {
            try await ContinuousClock().sleep(for: .milliseconds(5))
        }
    }
}

/// A program that is started again whenever it has ended, until the end.
private final class Victim: Sendable {
    private struct State {
        var processID: Int32?
        var isOver = false
    }

    private let program: FilePath
    private let arguments: [String]
    private let log: String
    private let state = Mutex(State())

    init(program: FilePath, arguments: [String], log: String) {
        (self.program, self.arguments, self.log) = (program, arguments, log)
    }

    func run() async throws {
        while !state.withLock({ $0.isOver }) {
            let log = try FileDescriptor.open(
                FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            _ = try await Subprocess.run(
                .path(program), arguments: Arguments(arguments), input: .none,
                output: .fileDescriptor(log, closeAfterSpawningProcess: false),
                error: .fileDescriptor(log, closeAfterSpawningProcess: true)
            ) { execution in
                let isOver = self.state.withLock { state in
                    state.processID = Int32(execution.processIdentifier.value)
                    return state.isOver
                }
                if isOver { self.kill() }
            }
            state.withLock { $0.processID = nil }
            // Whatever cannot live is not born a thousand times a second.
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
    }

    func kill() {
        if let process = state.withLock({ $0.processID }) { _ = Glibc.kill(process, SIGKILL) }
    }

    func end() {
        state.withLock { $0.isOver = true }
        kill()
    }
}
