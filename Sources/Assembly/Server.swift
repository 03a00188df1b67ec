import API
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
import JMeterService
import KeptnKit
import LighthouseService
import Logging
import OpenIDConnect
import Ports
import ProcessRuntime
import ProcessService
import RemoteClients
import SQLiteStore
import ServiceLifecycle
import ShipyardService
import UnixSignals
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
        try await group(services, logger: configuration.logger).run()
    }

    /// Runs a server while the body works, and stops it gracefully when the body is done.
    package static func run<Value: Sendable>(
        _ configuration: ServerConfiguration, _ body: @escaping @Sendable (Server) async throws -> Value
    ) async throws -> Value {
        let (ready, signal) = AsyncStream.makeStream(of: Server.self, bufferingPolicy: .bufferingNewest(1))
        let services = try await services(configuration) { signal.yield($0) }
        let group = group(services, logger: configuration.logger)
        return try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                for await server in ready {
                    let result: Swift.Result<Value, any Error>
                    do { result = .success(try await body(server)) } catch { result = .failure(error) }
                    await group.triggerGracefulShutdown()
                    return try result.get()
                }
                return nil
            }
            var value: Value?
            while let ended = try await tasks.next() {
                if let ended { value = ended } else { tasks.cancelAll() }
            }
            guard let value else { throw CancellationError() }
            return value
        }
    }

    private static func group(_ services: [any Service], logger: Logger) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .cancelGroup, failureTerminationBehavior: .cancelGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopMax
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
        let logger = configuration.logger
        let time = SystemTime()
        let ids = SystemIDs()
        let home = try HomeFolder(configuration.home)
        let store = try await SQLiteStore.open(folder: home.path, logger: logger)
        let secrets = try SQLiteSecretStore(store: store, key: home.secretKey())
        let repositories = try await GitRepositories(folder: home.subfolder("config"), time: time)
        let charts = TarCharts(folder: try home.subfolder("charts"), time: time, ids: ids)
        let configurations = try configurationService(configuration, repositories, charts, secrets: secrets, time)
        let distributor = Distributor(store: store, logger: logger)
        let web = WebRequester()
        let push = PushService(store: store, subscriptions: distributor, requester: web, time: time, logger: logger)
        let plane = InProcessControlPlane(subscriptions: distributor, log: store, queries: store)
        let shipyard = ShipyardService(
            store: store, configuration: configurations, time: time, ids: ids, deadlines: configuration.deadlines,
            logger: logger)
        let artifacts = try ArtifactFolder(
            folder: home.subfolder("artifacts"), bytesMax: configuration.artifactBytesMax, time: time, ids: ids)
        let proxy = HTTPProxy(configuration: .init(host: configuration.proxyHost), time: time, logger: logger)
        let processes = ProcessService(
            .init(
                artifacts: artifacts, processes: LocalProcesses(name: home.path, time: time),
                health: HTTPHealthProbe(), router: proxy,
                releases: FileReleaseStore(folder: try home.subfolder("releases"), ids: ids),
                configuration: configurations, time: time, ids: ids, logger: logger))
        let statistics = RequestStatistics()
        let integrated = integrations(configuration, processes, configurations, store, proxy, time)
        let webhooks = try await webhookService(configuration, configurations, store, secrets, distributor, time)
        let uniform = Uniform(
            store: store, log: store, reports: store, embedded: integrated.map(embedded), webhooks: webhooks)
        let token = try home.token()
        let tokens = try await TokenRegistry(firstToken: token, store: store, time: time, logger: logger)
        let api = API(
            .init(
                store: store, configuration: configurations,
                intake: EventBroker(
                    log: store, configuration: configurations, time: time, ids: ids,
                    bytesMax: configuration.eventBytesMax),
                barrier: shipyard, subscriptions: distributor, push: push, artifacts: artifacts, uniform: uniform,
                zips: ZipReader(folder: try home.subfolder("import"), time: time, ids: ids),
                secrets: secrets, tokens: tokens, time: time, ids: ids,
                version: configuration.version,
                metrics: { await MetricsText.all(store: store.statistics, requests: statistics, traffic: proxy) },
                git: ProjectHosting(of: configurations, packs: repositories)))
        let access = TokenGuard(
            tokens: tokens,
            identities: configuration.identities.map { OpenIDVerifier(policy: $0, requester: web, time: time) },
            time: time)
        let serving = HTTPServing(
            host: configuration.host, port: configuration.port, routes: api.routes, requests: statistics,
            admit: { try await access.admit($0, to: $1) }, logger: logger
        ) { port in
            let url = "http://\(configuration.host):\(port)/api"
            home.announce(url)
            onReady(Server(apiURL: url, token: token, home: home.path))
        }
        let integrations = integrated.map { IntegrationService($0, on: plane, logger: logger) }
        // Before the first request comes, so that no integration misses the first task of all.
        for integration in integrations { try await integration.register() }
        let retention = configuration.retention.map {
            [RetentionService(store: store, age: $0, time: time, logger: logger)]
        }
        let failures = FailureCollector(events: store, uniform: uniform, time: time, logger: logger)
        return [home, StoreKeeper(store: store)] + (retention ?? [])
            + [tokens, proxy, shipyard, processes, failures, push, webhooks] + integrations
            + [UpstreamSync(of: configurations), serving]
    }

    private static func webhookService(
        _ configuration: ServerConfiguration, _ files: ConfigurationService, _ store: SQLiteStore,
        _ secrets: any SecretStore, _ subscriptions: Distributor, _ time: SystemTime
    ) async throws -> WebhookService {
        let service = WebhookService(
            .init(
                uniform: store, subscriptions: subscriptions, events: store, configuration: files, secrets: secrets,
                requester: WebhookClient(policy: try configuration.webhookTargets()), failures: store, time: time,
                logger: configuration.logger))
        try await service.register(
            .embedded(name: WebhookService.name, version: configuration.version, hears: [], at: time.now))
        return service
    }

    /// How the API shows an integration of ours.
    private static func embedded(_ integration: Integration) -> UniformIntegration {
        let interest = integration.interest
        return .embedded(
            name: integration.name, version: integration.version, hears: interest.patterns,
            projects: interest.projects, stages: interest.stages, services: interest.services,
            at: Timestamp(nanoseconds: 0))
    }

    /// - Parameter secrets: where the credentials of Git upstreams are kept.
    private static func configurationService(
        _ configuration: ServerConfiguration, _ repositories: GitRepositories, _ charts: TarCharts,
        secrets: any SecretStore, _ time: SystemTime
    ) throws -> ConfigurationService {
        let upstreams = try Upstreams(
            git: repositories, secrets: secrets, requester: WebRequester(), denied: configuration.deniedGitURLs,
            provisioningURL: configuration.provisioningURL, hidesProvisioned: configuration.hidesProvisionedURL)
        return ConfigurationService(
            files: repositories, upstreams: upstreams, charts: charts, time: time,
            defaultBranch: configuration.defaultGitBranch,
            newLayout: configuration.hasStageFolders ? .folders : .branches, logger: configuration.logger)
    }

    private static func integrations(
        _ configuration: ServerConfiguration, _ processes: ProcessService, _ files: ConfigurationService,
        _ store: SQLiteStore, _ proxy: HTTPProxy, _ time: SystemTime
    ) -> [Integration] {
        let version = configuration.version
        let echo = configuration.answeredTasks.reduce(Integration(name: "keptn-echo", version: version)) {
            $0.on(task: $1) { _ in .pass() }
        }
        let ours = [
            processes.integration(version: version),
            JMeterService(configuration: files, requester: WebRequester(), time: time, logger: configuration.logger)
                .integration(version: version),
            LighthouseService(
                configuration: files, queries: store, time: time, sliProvider: configuration.sliProvider
            ).integration(version: version),
            KeptnSLIProvider(configuration: files, measurements: proxy).integration(version: version),
            GatekeeperService.integration(version: version),
        ]
        return ours + (configuration.answeredTasks.isEmpty ? [] : [echo])
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
