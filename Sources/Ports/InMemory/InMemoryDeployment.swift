package import CloudEvents
package import Core
package import KeptnModel
import Synchronization

/// Knows the artifacts it was told of; stores none.
package final class InMemoryArtifactStore: ArtifactStore {
    private let contents = Mutex<[ArtifactReference: [UInt8]]>([:])

    package init() {}

    /// The digest is made up from the bytes' count and sum: good enough to tell a test's artifacts apart.
    package func store(
        _ content: any AsyncSequence<[UInt8], any Error> & Sendable, name: String
    ) async throws -> ArtifactReference {
        var bytes: [UInt8] = []
        for try await part in content { bytes += part }
        let sum = bytes.reduce(UInt64(bytes.count)) { ($0 &* 1_099_511_628_211) ^ UInt64($1) }
        let digits = String(sum, radix: 16)
        let digest = String(repeating: "0", count: 64 - digits.count) + digits
        guard let reference = ArtifactReference(name: name, digest: digest) else {
            throw KeptnError(.invalidInput, "'\(name)' cannot be a file's name")
        }
        contents.withLock { $0[reference] = bytes }
        return reference
    }

    package func unpacked(_ artifact: ArtifactReference) async throws -> String {
        guard contents.withLock({ $0[artifact] }) != nil else {
            throw KeptnError(.notFound, "there is no artifact \(artifact)")
        }
        return "artifacts/\(artifact)"
    }
}

/// Releases in a dictionary.
package final class InMemoryReleaseStore: ReleaseStore {
    private let releases = Mutex<[Scope: Release]>([:])

    package init() {}

    package func load(_ scope: Scope) async throws -> Release? { releases.withLock { $0[scope] } }
    package func save(_ release: Release) async throws { releases.withLock { $0[release.scope] = release } }
    package func remove(_ scope: Scope) async throws { releases.withLock { $0[scope] = nil } }

    package func all() async throws -> (releases: [Release], problems: [KeptnError]) {
        (releases.withLock { Array($0.values) }, [])
    }

    package func logFile(of scope: Scope, deployment: String, replica: Int) -> String {
        "\(scope)/\(deployment)-\(replica).log"
    }
}

/// Processes that only exist on paper: a test starts, crashes and looks at them.
package final class InMemoryProcesses: ProcessRunner, HealthProbe {
    private struct State {
        var commands: [ProcessHandle: ProcessCommand] = [:]
        var started: [ProcessCommand] = []
        var running: Set<ProcessHandle> = []
        var exits: [ProcessHandle: ProcessExit] = [:]
        var waiting: [ProcessHandle: [Int: CheckedContinuation<ProcessExit?, Never>]] = [:]
        var output: [String: [String]] = [:]
        var nextPID: Int32 = 1
        var nextPort = 20_000
        var nextWaiter = 0
    }

    private let state = Mutex(State())
    /// What happens to a program when it is started: nil lets it run and be well, a text is its last output before it
    /// ends with code 1.
    private let fate: @Sendable (ProcessCommand) -> String?
    /// Ports that somebody else got after `freePort` gave them out.
    private let lostPorts: ClosedRange<Int>?

    package init(
        lostPorts: ClosedRange<Int>? = nil, fate: @escaping @Sendable (ProcessCommand) -> String? = { _ in nil }
    ) {
        self.lostPorts = lostPorts
        self.fate = fate
    }

    /// The commands of everything that runs now, in no order.
    package var commands: [ProcessCommand] {
        state.withLock { state in state.running.compactMap { state.commands[$0] } }
    }

    /// How many processes were ever started.
    package var startCount: Int { state.withLock { $0.started.count } }

    /// Ends a process from outside.
    package func crash(_ process: ProcessHandle) { end(process, .killed(signal: 9)) }

    package func start(_ command: ProcessCommand) async throws -> ProcessHandle {
        let isPortLost = command.environment["PORT"].flatMap(Int.init).map { lostPorts?.contains($0) == true } ?? false
        let death = isPortLost ? "Address already in use" : fate(command)
        let process = state.withLock { state in
            let process = ProcessHandle(pid: state.nextPID, startTicks: UInt64(state.nextPID))
            state.nextPID += 1
            state.commands[process] = command
            state.started.append(command)
            state.running.insert(process)
            if let death { state.output[command.logFile] = [death] }
            return process
        }
        if death != nil { end(process, .exited(code: 1)) }
        return process
    }

    package func isRunning(_ process: ProcessHandle) async -> Bool { state.withLock { $0.running.contains(process) } }

    package func exited(_ process: ProcessHandle) async throws -> ProcessExit {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let exit = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: ProcessExit?? = state.withLock { state in
                    if Task.isCancelled { return .some(nil) }
                    guard state.running.contains(process) else { return .some(state.exits[process] ?? .gone) }
                    state.waiting[process, default: [:]][number] = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            state.withLock { $0.waiting[process]?.removeValue(forKey: number) }?.resume(returning: nil)
        }
        guard let exit else { throw CancellationError() }
        return exit
    }

    package func stop(_ process: ProcessHandle, grace: Duration) async { end(process, .exited(code: 0)) }
    package func running() async -> Set<ProcessHandle> { state.withLock { $0.running } }

    package func freePort() async throws -> Int {
        state.withLock { state in
            state.nextPort += 1
            return state.nextPort
        }
    }

    package func isFree(_ port: Int) async -> Bool { lostPorts?.contains(port) != true }

    package func lastLines(of logFile: String, max: Int) async -> [String] {
        state.withLock { Array(($0.output[logFile] ?? []).suffix(max)) }
    }

    package func problem(at endpoint: Endpoint, path: String, timeout: Duration) async -> String? {
        let isUp = state.withLock { state in
            state.running.contains { state.commands[$0]?.environment["PORT"] == String(endpoint.port) }
        }
        return isUp ? nil : "connection refused"
    }

    private func end(_ process: ProcessHandle, _ exit: ProcessExit) {
        let waiters = state.withLock { state in
            if state.running.remove(process) != nil { state.exits[process] = exit }
            return state.waiting.removeValue(forKey: process) ?? [:]
        }
        for waiter in waiters.values { waiter.resume(returning: exit) }
    }
}

/// Routes in a dictionary; measures what a test records.
package final class InMemoryTrafficRouter: TrafficRouter {
    private struct State {
        var addresses: [RouteKey: RouteAddress] = [:]
        var upstreams: [RouteKey: Upstreams] = [:]
        var traffic: TrafficLedger
        var drained: [Endpoint] = []
        var nextPort = 30_000
    }

    private let state: Mutex<State>
    private let time: any TimeSource

    package init(time: any TimeSource) {
        self.time = time
        state = Mutex(State(traffic: TrafficLedger(startedAt: time.now)))
    }

    package func upstreams(of route: RouteKey) -> Upstreams? { state.withLock { $0.upstreams[route] } }

    /// The endpoints that were drained, in order.
    package var drained: [Endpoint] { state.withLock { $0.drained } }

    /// A request that the route's deployment answers now; lost without one.
    package func record(_ route: RouteKey, milliseconds: Double, failed: Bool = false) {
        let now = time.now
        state.withLock { state in
            guard let upstreams = state.upstreams[route] else { return }
            state.traffic.record(
                route, deployment: upstreams.deployment, at: now, milliseconds: milliseconds, failed: failed)
        }
    }

    package func open(_ route: RouteKey, port: Int?) async throws -> RouteAddress {
        state.withLock { state in
            if let address = state.addresses[route] { return address }
            state.nextPort += 1
            let port = port ?? state.nextPort
            let url = "http://127.0.0.1:\(port)"
            let address = RouteAddress(local: url, public: url, port: port)
            state.addresses[route] = address
            return address
        }
    }

    package func setUpstreams(_ upstreams: Upstreams?, of route: RouteKey) async {
        let now = time.now
        state.withLock { state in
            state.upstreams[route] = upstreams
            state.traffic.serve(
                upstreams?.deployment, startedAt: upstreams?.startedAt, on: route, at: now)
        }
    }

    package func drain(_ endpoint: Endpoint, of route: RouteKey, within time: Duration) async -> Bool {
        state.withLock { $0.drained.append(endpoint) }
        return true
    }

    package func close(_ route: RouteKey) async {
        state.withLock { state in
            state.addresses[route] = nil
            state.upstreams[route] = nil
        }
    }

    package func summary(
        of scope: Scope, deployment: String?, from: Timestamp, to: Timestamp
    ) async -> TrafficSummary? {
        state.withLock { $0.traffic.summary(of: scope, deployment: deployment, from: from, to: to) }
    }

    package func totals() async -> [RouteKey: TrafficTotals] { state.withLock { $0.traffic.totals } }
}
