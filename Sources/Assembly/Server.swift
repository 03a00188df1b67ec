import API
import Bridge
import CloudEvents
import ConfigurationService
import Core
import Datastore
import Distributor
import EventBroker
import FoundationEssentials
import GatekeeperService
import GitRepositories
import HTTPServing
import IndicatorSources
import JMeterService
import KeptnKit
import LighthouseService
import LoadTools
import Logging
import MonitoringService
import OpenIDConnect
import Ports
import ProcessRuntime
import ProcessService
import RemediationService
import RemoteClients
import SQLiteStore
import ServiceLifecycle
import ShipyardService
import Synchronization
import UnixSignals
import WaitService
import WebhookService

/// The embedded control plane: which adapter stands behind which port, and which component runs after which.
package struct Server: Sendable {
    package let apiURL: String
    package let token: String
    package let home: String

    /// A graceful stop ends after this time at the latest.
    private static let stopMax = Duration.seconds(30)

    /// Runs a server until SIGTERM or SIGINT.
    package static func runUntilSignal(
        _ configuration: ServerConfiguration, onReady: @escaping @Sendable (Server) -> Void
    ) async throws {
        let services = try await services(configuration) { onReady($0) }
        try await group(services, stoppedBy: [.sigterm, .sigint], logger: configuration.logger).run()
    }

    /// Runs a server while the body works, and stops it gracefully when the body is done.
    ///
    /// SIGINT and SIGTERM cancel the body while the server still runs. `Interrupted` is thrown then, unless the body
    /// returns something even so.
    package static func run<Value: Sendable>(
        _ configuration: ServerConfiguration, _ body: @escaping @Sendable (Server) async throws -> Value
    ) async throws -> Value {
        // Before there is anything that somebody who is just killed would leave behind.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let (ready, signal) = AsyncStream.makeStream(of: Server.self, bufferingPolicy: .bufferingNewest(1))
        let services = try await services(configuration) { signal.yield($0) }
        let group = group(services, stoppedBy: [], logger: configuration.logger)
        return try await withThrowingTaskGroup(of: Swift.Result<Value, any Error>?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                for await server in ready {
                    let result: Swift.Result<Value, any Error>
                    do {
                        result = .success(try await Interrupted.unless(signals) { try await body(server) })
                    } catch {
                        result = .failure(error)
                    }
                    await group.triggerGracefulShutdown()
                    return result
                }
                return nil
            }
            // After a body that failed too the services stop gracefully: what they run does not outlive them then.
            var result: Swift.Result<Value, any Error>?
            while let ended = try await tasks.next() {
                if let ended { result = ended } else { tasks.cancelAll() }
            }
            guard let result else { throw CancellationError() }
            return try result.get()
        }
    }

    private static func group(
        _ services: [any Service], stoppedBy signals: [UnixSignal], logger: Logger
    ) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            together: services, stoppedBy: signals, stopMax: stopMax, logger: logger)
        configuration.maximumCancellationDuration = .seconds(5)
        return ServiceGroup(configuration: configuration)
    }
}

// MARK: - Wiring

extension Server {
    /// Everything that runs, in the order of its start; the server that takes requests comes last.
    private static func services(
        _ configuration: ServerConfiguration, onReady: @escaping @Sendable (Server) -> Void
    ) async throws -> [any Service] {
        let base = try await Base(configuration)
        let (store, time, ids, logger) = (base.store, base.time, base.ids, base.logger)
        let address = ServerAddress()
        let words = Interpreter(queries: store, configuration: base.files) { address.url }
        let push = pushService(base, words)
        let artifacts = try ArtifactFolder(
            folder: base.home.subfolder("artifacts"), bytesMax: configuration.artifactBytesMax, time: time, ids: ids)
        let proxy = HTTPProxy(configuration: .init(host: configuration.proxyHost), time: time, logger: logger)
        let processes = try processService(base, artifacts, proxy)
        let remediation = try remediationService(base, proxy)
        let monitoring = try monitoringService(base) { address.authority }
        let integrated = try integrations(base, processes, proxy, [remediation.integration, monitoring.integration])
        let webhooks = try await webhookService(base)
        let uniform = Uniform(
            store: store, log: store, reports: store, embedded: integrated.map { embedded($0.integration) },
            webhooks: webhooks)
        let orphans = OrphanLog(uniform, time: time)
        let shipyard = ShipyardService(
            store: store, configuration: base.files, time: time, ids: ids, deadlines: configuration.deadlines,
            orphans: orphans, logger: logger)
        let token = try base.home.token()
        let tokens = try await TokenRegistry(firstToken: token, store: store, time: time, logger: logger)
        let (verifier, login) = identities(base)
        let sessions = try await SessionRegistry(tokens: tokens, issuer: login?.issuer, store: store, time: time)
        let statistics = RequestStatistics()
        let hooks = Hooks(configuration.hooks)
        let api = API(
            .init(
                store: store, configuration: base.files,
                intake: EventBroker(
                    log: store, queries: store, sequences: store, configuration: base.files, time: time, ids: ids,
                    bytesMax: configuration.eventBytesMax),
                barrier: shipyard,
                subscriptions: configuration.subscriptionsOverHTTP(base.distributor), words: words, hooks: hooks,
                push: push, artifacts: artifacts, reports: base.reports, uniform: uniform,
                zips: ZipReader(folder: try base.home.subfolder("import"), time: time, ids: ids),
                secrets: base.secrets, tokens: tokens, channels: ChannelTokens(secret: try base.home.secretKey()),
                sessions: sessions, login: login, approvalLinks: ApprovalLinks(secret: try base.home.secretKey()),
                time: time, ids: ids, version: configuration.version,
                metrics: {
                    MetricsText.all(
                        store: store.statistics, requests: statistics, orphans: orphans.count,
                        hooksRefused: hooks.refusalCount,
                        pushes: (try? await push.statuses()) ?? [], traffic: await proxy.totals())
                }, git: ProjectHosting(of: base.files, packs: base.repositories)))
        let access = TokenGuard(tokens: tokens, sessions: sessions, identities: verifier, time: time)
        let serving = HTTPServing(
            host: configuration.host, port: configuration.port, routes: api.routes + Bridge().routes,
            sockets: api.sockets, requests: statistics, admit: { try await access.admit($0, to: $1) }, logger: logger
        ) { port in
            let url = address.learn(host: configuration.host, port: port) + "/api"
            base.home.announce(url)
            onReady(Server(apiURL: url, token: token, home: base.home.path))
        }
        let integrations = integrated.map { IntegrationService($0.integration, on: base.plane, logger: logger) }
        try await finishWork(base.files, api, remediation)
        // Before the first request comes, so that no integration misses the first task of all.
        for integration in integrations { try await integration.register() }
        let failures = FailureCollector(events: store, uniform: uniform, time: time, logger: logger)
        return try [base.home, StoreKeeper(store: store)] + retentionService(base)
            + [tokens, proxy, shipyard, processes, remediation, monitoring, failures, push, webhooks]
            + integrated.compactMap(\.timer) + integrations
            + [UpstreamSync(of: base.files), serving]
    }

    /// None where everything is kept.
    private static func retentionService(_ base: Base) throws -> [any Service] {
        guard let age = base.configuration.retention else { return [] }
        let outputs = OutputFolder(folder: try base.home.subfolder(commandsFolder))
        return [
            RetentionService(
                store: base.store, reports: base.reports, outputs: outputs, age: age, time: base.time,
                logger: base.logger)
        ]
    }

    /// What an earlier process has left in its middle.
    private static func finishWork(
        _ files: ConfigurationService, _ api: API, _ remediation: RemediationService
    ) async throws {
        await remediation.prepare()
        try await files.finishUpstreams()
        try await api.finishDeletions()
    }

    private static func pushService(_ base: Base, _ words: Interpreter) -> PushService {
        PushService(
            store: base.store, subscriptions: base.distributor, requester: base.web, secrets: base.secrets,
            words: words, time: base.time, logger: base.logger)
    }

    /// Who believes the tokens of an identity provider, and lets browsers log in there.
    private static func identities(_ base: Base) -> (verifier: OpenIDVerifier?, login: ProviderLogin?) {
        guard let policy = base.configuration.identities else { return (nil, nil) }
        let verifier = OpenIDVerifier(policy: policy, requester: base.web, time: base.time)
        let login = base.configuration.loginClient.map {
            ProviderLogin($0, issuer: policy.issuer, verifier: verifier, requester: base.web, time: base.time)
        }
        return (verifier, login)
    }

    private static func webhookService(_ base: Base) async throws -> WebhookService {
        let service = WebhookService(
            .init(
                uniform: base.store, subscriptions: base.distributor, events: base.store, configuration: base.files,
                secrets: base.secrets, requester: WebhookClient(policy: try base.configuration.webhookTargets()),
                failures: base.store, time: base.time, logger: base.logger))
        try await service.register(
            .embedded(
                name: WebhookService.name, version: base.configuration.version, hears: [], at: base.time.now))
        return service
    }

    private static func processService(
        _ base: Base, _ artifacts: ArtifactFolder, _ proxy: HTTPProxy
    ) throws -> ProcessService {
        ProcessService(
            .init(
                artifacts: artifacts, processes: LocalProcesses(name: base.home.path, time: base.time),
                health: HTTPHealthProbe(), router: proxy,
                releases: FileReleaseStore(folder: try base.home.subfolder("releases"), ids: base.ids),
                configuration: base.files, time: base.time, ids: base.ids, logger: base.logger))
    }

    private static func jmeter(_ base: Base) throws -> JMeterCommand {
        try JMeterCommand(
            path: base.configuration.jmeter, folder: base.home.subfolder("jmeter"), ids: base.ids, logger: base.logger)
    }

    /// How the API shows an integration of ours.
    private static func embedded(_ integration: Integration) -> UniformIntegration {
        let interest = integration.interest
        return .embedded(
            name: integration.name, version: integration.version, hears: interest.patterns,
            projects: interest.projects, stages: interest.stages, services: interest.services,
            at: Timestamp(nanoseconds: 0))
    }

    /// An integration of ours, and what answers its tasks when their time has come.
    private struct Integrated {
        let integration: Integration
        var timer: (any Service)?

        init(_ integration: Integration, timer: (any Service)? = nil) {
            self.integration = integration
            self.timer = timer
        }
    }

    private static func integrations(
        _ base: Base, _ processes: ProcessService, _ proxy: HTTPProxy, _ others: [(_ version: String) -> Integration]
    ) throws -> [Integrated] {
        let configuration = base.configuration
        let version = configuration.version
        let echo = configuration.answeredTasks.reduce(Integration(name: "keptn-echo", version: version)) {
            $0.on(task: $1) { _ in .pass() }
        }
        let waits = WaitService(
            testDuration: configuration.waitDuration, sequences: base.store, log: base.store, time: base.time,
            logger: base.logger)
        let approvals = GatekeeperService(
            queries: base.store, sequences: base.store, log: base.store, time: base.time, logger: base.logger)
        let tests = JMeterService(
            configuration: base.files, requester: base.web, jmeter: try jmeter(base),
            jmetersMax: configuration.jmetersMax ?? ProcessInfo.processInfo.activeProcessorCount, reports: base.reports,
            environment: ProcessInfo.processInfo.environment, time: base.time)
        let lighthouse = LighthouseService(
            configuration: base.files, queries: base.store, time: base.time, sliProvider: configuration.sliProvider)
        let provider = KeptnSLIProvider(configuration: base.files, measurements: proxy)
        let ours =
            [
                Integrated(processes.integration(version: version)),
                Integrated(tests.integration(version: version)),
                Integrated(waits.integration(version: version), timer: waits),
                Integrated(lighthouse.integration(version: version)),
                Integrated(provider.integration(version: version)),
                Integrated(approvals.integration(version: version), timer: approvals),
            ] + (providers(base) + others.map { $0(version) }).map { Integrated($0) }
        for name in configuration.leftOut where !ours.contains(where: { $0.integration.name == name }) {
            let known = ours.map(\.integration.name).joined(separator: ", ")
            throw KeptnError(.invalidInput, "there is no integration '\(name)' to leave out; there are \(known)")
        }
        guard configuration.hasOwnIntegrations else { return [] }
        return ours.filter { !configuration.leftOut.contains($0.integration.name) }
            + (configuration.answeredTasks.isEmpty ? [] : [Integrated(echo)])
    }
}

extension Server {
    /// The SLI providers that ask others.
    private static func providers(_ base: Base) -> [Integration] {
        StandardSources.all(requester: base.web).map { source in
            SLIProvider(source: source, configuration: base.files, secrets: base.secrets, time: base.time)
                .integration(version: base.configuration.version)
        }
    }
}

/// What every component stands on: the data folder and what lies in it, the log and its subscriptions, the files of
/// projects, the web, time.
struct Base: Sendable {
    let configuration: ServerConfiguration
    let home: HomeFolder
    let store: SQLiteStore
    let secrets: any SecretStore
    let reports: ReportFolder
    let repositories: GitRepositories
    let files: ConfigurationService
    let distributor: Distributor
    let web = WebRequester()
    let time = SystemTime()
    let ids = SystemIDs()
    let logger: Logger

    /// For the integrations in this process.
    var plane: InProcessControlPlane {
        InProcessControlPlane(
            subscriptions: distributor, log: store, queries: store, configuration: files, secrets: secrets)
    }

    init(_ configuration: ServerConfiguration) async throws {
        self.configuration = configuration
        logger = configuration.logger
        home = try HomeFolder(configuration.home)
        store = try await SQLiteStore.open(folder: home.path, logger: logger)
        secrets = try SQLiteSecretStore(store: store, key: home.secretKey())
        reports = ReportFolder(folder: try home.subfolder("reports"))
        repositories = try await GitRepositories(folder: home.subfolder("config"), time: time)
        let upstreams = try Upstreams(
            git: repositories, secrets: secrets, requester: web, denied: configuration.deniedGitURLs,
            provisioningURL: configuration.provisioningURL, hidesProvisioned: configuration.hidesProvisionedURL)
        files = ConfigurationService(
            files: repositories, upstreams: upstreams,
            charts: TarCharts(folder: try home.subfolder("charts"), time: time, ids: ids), index: store, time: time,
            defaultBranch: configuration.defaultGitBranch,
            newLayout: configuration.hasStageFolders ? .folders : .branches, logger: logger)
        distributor = Distributor(store: store, logger: logger)
    }
}

/// Under which the server is reached; empty until it listens.
private final class ServerAddress: Sendable {
    private let known = Mutex("")

    /// HOST:PORT.
    var authority: String { known.withLock { $0 } }

    var url: String { known.withLock { $0.isEmpty ? "" : "http://\($0)" } }

    func learn(host: String, port: Int) -> String {
        known.withLock { $0 = "\(host):\(port)" }
        return url
    }
}

/// Keeps the database's log short while the server runs, and closes it after everybody who uses it.
private struct StoreKeeper: Service {
    let store: SQLiteStore

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await store.runCheckpoints() }
        } catch is CancellationError {
            try await store.close()
        }
    }
}
