import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Logging
import Ports
import RemediationService
import Synchronization

/// The component on doubles, in simulated time. Its one program is `/bin/repair`, which fails.
struct RemediationWorld: Sendable {
    let bench: IntegrationBench
    let files: [String: String]
    let faults = SwitchDouble()
    let flags = FlagsDouble()
    let secrets = InMemorySecretStore()
    let webhooks = WebhooksDouble()

    init(files: [String: String] = [:], bench: IntegrationBench? = nil) {
        self.files = files
        self.bench = bench ?? IntegrationBench(files: files)
    }

    /// The same log after the end of everything else.
    func restarted() -> RemediationWorld { RemediationWorld(files: files, bench: bench.restarted()) }

    func service(
        over configuration: any Configuration, _ processes: InMemoryProcesses
    ) -> RemediationService {
        RemediationService(
            .init(
                configuration: configuration, log: bench.store, queries: bench.store, faults: faults,
                flags: flags, secrets: secrets, webhooks: webhooks,
                commands: LocalCommands(
                    allowed: ["/bin/repair"], processes: processes, folder: "",
                    time: bench.time), patience: .seconds(30), time: bench.time, logger: IntegrationBench.silent))
    }

    func running(
        _ processes: InMemoryProcesses = InMemoryProcesses { _ in "no socks today" },
        _ body: (IntegrationBench) async throws -> Void
    ) async throws {
        let service = service(over: FilesOfAStage(files: files), processes)
        let integration = service.integration(version: "1")
        try await IntegrationService(integration, on: bench.plane, logger: IntegrationBench.silent).register()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await bench.running(integration) { try await body(bench) }
            group.cancelAll()
        }
    }
}

/// Remembers how the proxy was told to treat clients.
final class SwitchDouble: ClientFaultSwitch {
    private let faults = Mutex<[Scope: [ClientFault]]>([:])
    private let signal = PositionSignal()
    private let count = Counter()

    func covers(_ scope: Scope) -> Bool { true }

    func setFaults(_ faults: [ClientFault], of scope: Scope) {
        self.faults.withLock { $0[scope] = faults }
        signal.advance(to: Position(Int64(count.next())))
    }

    func of(_ scope: Scope) -> [ClientFault] { faults.withLock { $0[scope] ?? [] } }

    /// Returns when anything was set.
    func set(for scope: Scope) async throws { try await signal.wait(for: Position(1)) }
}

final class FlagsDouble: FeatureFlags {
    private let state = Mutex((exist: false, changes: [[BuiltInAction.FlagChange]]()))

    var changes: [[BuiltInAction.FlagChange]] { state.withLock { $0.changes } }
    func have() { state.withLock { $0.exist = true } }
    func exist(for scope: Scope) async -> Bool { state.withLock { $0.exist } }

    func change(_ changes: [BuiltInAction.FlagChange], of scope: Scope) async throws {
        state.withLock { $0.changes.append(changes) }
    }
}

final class WebhooksDouble: WebhookRequester {
    private let state = Mutex((made: [WebhookRequest](), status: 200))

    var made: [WebhookRequest] { state.withLock { $0.made } }
    func answer(_ status: Int) { state.withLock { $0.status = status } }

    func make(_ request: WebhookRequest) async throws -> WebhookRun.Outcome {
        state.withLock { state in
            state.made.append(request)
            return .answered(status: state.status, body: "")
        }
    }
}
