package import CloudEvents
package import Core
package import KeptnModel
package import Logging
package import Ports
import ServiceLifecycle
import Synchronization

/// Runs services as processes of this machine, behind the built-in proxy.
///
/// It hears: `deployment`, `release` and `rollback` tasks of services that have a `process.yaml`. `Core` decides what
/// has to run (`DeploymentPlan`); this component starts, switches and stops. It answers with the addresses.
///
/// A new deployment gets traffic only when it is healthy, and the old one is stopped only when its last request has
/// ended. The very first `blue_green_service` deployment has no primary beside it: until its release the primary's
/// address answers 503.
package final class ProcessService: Service {
    /// What it needs of the world.
    package struct Environment: Sendable {
        package var artifacts: any ArtifactStore
        package var processes: any ProcessRunner
        package var health: any HealthProbe
        package var router: any TrafficRouter
        package var releases: any ReleaseStore
        package var configuration: any Configuration
        package var time: any TimeSource
        package var ids: any IDSource
        package var logger: Logger

        package init(
            artifacts: any ArtifactStore, processes: any ProcessRunner, health: any HealthProbe,
            router: any TrafficRouter, releases: any ReleaseStore, configuration: any Configuration,
            time: any TimeSource, ids: any IDSource, logger: Logger
        ) {
            self.artifacts = artifacts
            self.processes = processes
            self.health = health
            self.router = router
            self.releases = releases
            self.configuration = configuration
            self.time = time
            self.ids = ids
            self.logger = logger
        }
    }

    /// The file of a service's configuration that makes it ours.
    package static let specFile = "process.yaml"
    /// For processes that run although nothing knows of them any more.
    private static let strayGrace = Duration.seconds(5)

    let environment: Environment
    private let services = Mutex<[Scope: RunningService]?>(nil)
    private let recovery = Turnstile()
    /// Says that there may be processes that nobody watches yet.
    private let wakeUps: AsyncStream<Void>
    private let wakeUpsInput: AsyncStream<Void>.Continuation

    package init(_ environment: Environment) {
        self.environment = environment
        (wakeUps, wakeUpsInput) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Finds or starts again what was running, then keeps everything running. At a graceful shutdown all processes are
    /// stopped; when it is cancelled they go on, to be found by the next run.
    package func run() async throws {
        try await recover()
        wakeUpsInput.yield()
        await withDiscardingTaskGroup { group in
            for await _ in wakeUps.cancelOnGracefulShutdown() {
                for service in known {
                    for replica in await service.takeUnwatched() {
                        group.addTask { await service.supervise(replica) }
                    }
                }
            }
            group.cancelAll()
        }
        guard !Task.isCancelled else { return }
        await withDiscardingTaskGroup { group in
            for service in known { group.addTask { await service.shutDown() } }
        }
    }

    /// Carries out a deployment task. Throws `KeptnError` or `InvalidFile` with what the user has to know; then
    /// everything that served before still does.
    package func deploy(_ request: DeploymentRequest) async throws -> DeploymentReport {
        let service = try await service(of: request.scope)
        defer { wakeUpsInput.yield() }
        return try await service.deploy(request)
    }

    /// Carries out a release task: with a good result the canary becomes the primary. Nil when there was none to
    /// release.
    package func release(_ scope: Scope, result: KeptnResult) async throws -> DeploymentReport? {
        try await service(of: scope).release(result: result)
    }

    /// Carries out a rollback task: the canary goes. False when there was none.
    package func rollBack(_ scope: Scope) async throws -> Bool {
        try await service(of: scope).rollBack()
    }

    /// Carries out an action of a remediation on what serves, and says what has changed. Throws `ActionObstacle` or
    /// `KeptnError` when it cannot be done; then everything that served before still does.
    ///
    /// - Parameter id: Of the task: what was done for it already is not done again.
    package func act(_ action: ProcessAction, in scope: Scope, id: String) async throws -> String {
        let service = try await service(of: scope)
        defer { wakeUpsInput.yield() }
        return try await service.act(action, id: id)
    }

    /// Remembers what a quality gate said of the version that a run delivered, or that serves.
    package func note(
        gate result: KeptnResult, ofRun context: String, measuringFrom start: Timestamp? = nil, in scope: Scope
    ) async throws {
        try await known(scope)?.note(gate: result, ofRun: context, measuringFrom: start)
    }

    /// Stops everything of a service that is deleted, and forgets it.
    package func remove(_ scope: Scope) async throws {
        try await service(of: scope).remove()
        services.withLock { _ = $0?.removeValue(forKey: scope) }
    }

    /// Whether a task for this place is ours: something of it runs here, or its configuration has a `process.yaml`.
    package func isResponsible(for scope: Scope, commit: String?) async throws -> Bool {
        if let known = try await known(scope), await !known.release.deployments.isEmpty { return true }
        return try await environment.specFile(of: scope, commit: commit) != nil
    }

    /// What runs, sorted by place.
    package func releases() async throws -> [Release] {
        try await recover()
        var releases: [Release] = []
        for service in known { releases.append(await service.release) }
        return releases.filter { !$0.deployments.isEmpty }.sorted { $0.scope.description < $1.scope.description }
    }

    /// The addresses of a service in a stage, those that it has by now.
    package func addresses(of scope: Scope) async throws -> [RouteKind: RouteAddress] {
        await (try known(scope))?.addresses ?? [:]
    }
}

extension ProcessService {
    private var known: [RunningService] { services.withLock { $0.map { Array($0.values) } ?? [] } }

    private func known(_ scope: Scope) async throws -> RunningService? {
        try await recover()
        return services.withLock { $0?[scope] }
    }

    private func service(of scope: Scope) async throws -> RunningService {
        try await recover()
        return services.withLock { services in
            if let service = services?[scope] { return service }
            let service = RunningService(Release(scope: scope), environment)
            services?[scope] = service
            return service
        }
    }

    /// Once, before anything else: takes up what an earlier run left running, and stops what nothing knows of (started,
    /// but not yet stored, when that run was killed).
    private func recover() async throws {
        try await recovery.pass {
            guard services.withLock({ $0 == nil }) else { return }
            let (releases, problems) = try await environment.releases.all()
            for problem in problems {
                environment.logger.error("a stored release cannot be read", metadata: ["error": "\(problem)"])
            }
            // With an entry unreadable, nobody can tell what is a stray.
            if problems.isEmpty {
                let wanted = Set(releases.flatMap(\.deployments).flatMap(\.replicas).compactMap(\.process))
                await stop(await environment.processes.running().subtracting(wanted))
            }
            var found: [Scope: RunningService] = [:]
            for release in releases {
                let service = RunningService(release, environment)
                await service.takeUp()
                found[release.scope] = service
            }
            services.withLock { $0 = found }
        }
    }

    private func stop(_ strays: Set<ProcessHandle>) async {
        let processes = environment.processes
        await withDiscardingTaskGroup { group in
            for process in strays { group.addTask { await processes.stop(process, grace: Self.strayGrace) } }
        }
    }
}

/// A deployment task.
package struct DeploymentRequest: Sendable, Hashable {
    package var scope: Scope
    /// `deployment.deploymentstrategy`.
    package var strategy: String?
    /// `configurationChange.values.image`.
    package var image: String?
    /// The commit that the sequence is pinned to; nil for the newest.
    package var commit: String?
    /// The run that it belongs to.
    package var context: String?

    package init(scope: Scope, strategy: String?, image: String?, commit: String?, context: String? = nil) {
        self.scope = scope
        self.strategy = strategy
        self.image = image
        self.commit = commit
        self.context = context
    }
}

/// What a remediation may do to the processes of a service.
package enum ProcessAction: Sendable, Hashable {
    /// So many processes more, or fewer.
    case scale(by: Int)
    /// Every process is replaced by a new one.
    case restart
    /// Back to the last version that passed its gate.
    case goBack
}

/// What a task came to.
package struct DeploymentReport: Sendable, Hashable {
    package var deployment: Deployment
    /// `direct`, `canary` or `primary`.
    package var name: String
    package var address: RouteAddress
}
