import CloudEvents
import Core
import KeptnModel
import Logging
import Ports

/// One service in one stage: what runs of it, and the tasks and crashes that change it.
actor RunningService {
    /// A process to be watched.
    struct Watched: Sendable, Hashable {
        let deployment: String
        let index: Int
    }

    /// For the requests that an old deployment still has when it is replaced.
    private static let drainTime = Duration.seconds(30)

    private(set) var release: Release
    private(set) var addresses: [RouteKind: RouteAddress] = [:]
    let environment: ProcessService.Environment
    let starter: ReplicaStarter
    /// One task at a time.
    let tasks = Turnstile()
    /// One change of `release` at a time, from decision to routes. Never held while something starts.
    private let changes = Turnstile()
    private var watched: Set<Watched> = []
    private var isShuttingDown = false

    init(_ release: Release, _ environment: ProcessService.Environment) {
        self.release = release
        self.environment = environment
        starter = ReplicaStarter(scope: release.scope, environment: environment)
    }

    // MARK: Tasks

    func deploy(_ request: DeploymentRequest) async throws -> DeploymentReport {
        try await tasks.pass {
            let deployment = try await starter.start(try await prepare(request))
            do {
                try await change { .deploy(deployment, over: $0) }
            } catch {
                await stop(deployment)
                throw error
            }
            return try report(deployment, name: deployment.strategy.deploymentName)
        }
    }

    func release(result: KeptnResult) async throws -> DeploymentReport? {
        try await tasks.pass {
            guard try await change({ .release($0, result: result) }), let primary = release.primary else { return nil }
            return try report(primary, name: RouteKind.primary.rawValue)
        }
    }

    func rollBack() async throws -> Bool {
        try await tasks.pass { try await change { .rollback($0) } }
    }

    func remove() async throws {
        try await tasks.pass {
            try await change { .remove($0) }
            for kind in RouteKind.allCases { await environment.router.close(route(kind)) }
            addresses = [:]
            try await environment.releases.remove(release.scope)
        }
    }

    /// Everything that can be wrong with a request is found out here, before anything is started.
    private func prepare(_ request: DeploymentRequest) async throws -> Deployment {
        guard let strategy = DeploymentStrategy(keptn: request.strategy) else {
            let known = DeploymentStrategy.allCases.map(\.rawValue).joined(separator: " and ")
            throw KeptnError(
                .invalidInput, "process-service has no deployment strategy '\(request.strategy ?? "")'; it has \(known)"
            )
        }
        let (spec, commit) = try await environment.spec(of: request.scope, commit: request.commit)
        switch ArtifactChoice(image: request.image, release: release) {
        case .refuse(let message): throw KeptnError(.invalidInput, message)
        case .deploy(let artifact):
            try await openAddress(.primary)
            try await openAddress(strategy.entrance)
            return Deployment(
                id: environment.ids.newID(), strategy: strategy, artifact: artifact, spec: spec, gitCommit: commit,
                startedAt: environment.time.now, context: request.context)
        }
    }

    private func report(_ deployment: Deployment, name: String) throws -> DeploymentReport {
        guard let kind = release.route(of: deployment.id), let address = addresses[kind] else {
            throw KeptnError(.conflict, "\(release.scope) was removed meanwhile")
        }
        return DeploymentReport(deployment: deployment, name: name, address: address)
    }

    // MARK: Changes

    /// Stores what is to be, moves the traffic, and lets go what is not needed any more. False when there is no plan.
    @discardableResult
    func change(_ plan: (Release) -> DeploymentPlan?) async throws -> Bool {
        let retired: [Deployment]? = try await changes.pass {
            guard !isShuttingDown else {
                throw KeptnError(.unavailable, "process-service is shutting down")
            }
            guard let plan = plan(release) else { return nil }
            try await environment.releases.save(plan.next)
            release = plan.next
            await setRoutes()
            return plan.retired
        }
        guard let retired else { return false }
        await withDiscardingTaskGroup { group in
            for deployment in retired { group.addTask { await self.retire(deployment) } }
        }
        return true
    }

    /// Changes one replica, if it is still wanted and still the same: false if not.
    private func change(_ watched: Watched, from old: Replica, to replica: Replica) async throws -> Bool {
        try await changes.pass {
            guard let current = current(watched), current.replica == old,
                let kind = release.route(of: watched.deployment)
            else { return false }
            var next = release
            next[kind]?.replicas[watched.index] = replica
            // The routes first: whatever becomes of the file, nobody shall be sent to a dead process.
            release = next
            await setRoutes()
            try await environment.releases.save(next)
            return true
        }
    }

    private func setRoutes() async {
        for kind in RouteKind.allCases where addresses[kind] != nil {
            let upstreams = release[kind].map { deployment in
                let up = deployment.replicas.filter { $0.process != nil }
                return Upstreams(
                    // One of an older version of ours was started by a server that is gone.
                    deployment: deployment.id, startedAt: deployment.startedAt ?? Timestamp(nanoseconds: 0),
                    endpoints: up.map { Endpoint(port: $0.port) })
            }
            await environment.router.setUpstreams(upstreams, of: route(kind))
        }
    }

    private func openAddress(_ kind: RouteKind) async throws {
        guard addresses[kind] == nil else { return }
        let port = kind == .primary ? release.primaryPort : release.canaryPort
        let address: RouteAddress
        do {
            address = try await environment.router.open(route(kind), port: port)
        } catch let error as KeptnError where error.code == .unavailable && port != nil {
            environment.logger.error(
                "a route could not get its address back and has a new one",
                metadata: ["route": "\(route(kind))", "error": "\(error)"])
            address = try await environment.router.open(route(kind), port: nil)
        }
        addresses[kind] = address
        await changes.pass {
            switch kind {
            case .primary: release.primaryPort = address.port
            case .canary: release.canaryPort = address.port
            }
        }
    }

    /// Lets the last requests end, then stops the processes.
    private func retire(_ deployment: Deployment) async {
        let router = environment.router
        for replica in deployment.replicas {
            for kind in RouteKind.allCases where addresses[kind] != nil {
                let isDone = await router.drain(Endpoint(port: replica.port), of: route(kind), within: Self.drainTime)
                if !isDone {
                    environment.logger.warning(
                        "a deployment is stopped although it still has requests",
                        metadata: ["route": "\(route(kind))", "deployment": "\(deployment.id)"])
                }
            }
        }
        await stop(deployment)
    }

    private func stop(_ deployment: Deployment) async {
        await starter.stop(deployment.replicas, grace: deployment.spec.gracefulStop)
    }

    private func route(_ kind: RouteKind) -> RouteKey { RouteKey(scope: release.scope, kind: kind) }
}

// MARK: - Keeping it running

extension RunningService {
    /// After a restart of ours: opens the addresses again and finds the processes that went on meanwhile. Those that
    /// did not are started by `supervise`.
    func takeUp() async {
        let ports = [(RouteKind.primary, release.primaryPort), (.canary, release.canaryPort)]
        for (kind, port) in ports where port != nil {
            do {
                try await openAddress(kind)
            } catch {
                environment.logger.error(
                    "a route has no address", metadata: ["route": "\(route(kind))", "error": "\(error)"])
            }
        }
        await changes.pass {
            for kind in RouteKind.allCases {
                for (index, replica) in (release[kind]?.replicas ?? []).enumerated() {
                    guard let process = replica.process else { continue }
                    if await !environment.processes.isRunning(process) { release[kind]?.replicas[index].process = nil }
                }
            }
            await setRoutes()
        }
    }

    /// The replicas that nobody watches yet; from now on the caller does.
    func takeUnwatched() -> [Watched] {
        let all = release.deployments.flatMap { deployment in
            deployment.replicas.indices.map { Watched(deployment: deployment.id, index: $0) }
        }
        watched.formIntersection(all)
        let new = all.filter { !watched.contains($0) }
        watched.formUnion(new)
        return new
    }

    /// Starts a replica again whenever it ended by itself, until its deployment is replaced.
    func supervise(_ watched: Watched) async {
        var backoff = RestartBackoff()
        var delay = Duration.zero
        while let (deployment, replica) = current(watched) {
            do {
                if let process = replica.process {
                    let begin = environment.time.now
                    let exit = try await environment.processes.exited(process)
                    guard current(watched)?.replica == replica else { continue }
                    delay = backoff.delay(afterLiving: environment.time.now - begin)
                    environment.logger.warning(
                        "a process ended by itself",
                        metadata: [
                            "service": "\(release.scope)", "deployment": "\(deployment.id)", "exit": "\(exit)",
                            "restart": "in \(delay)",
                        ])
                    let down = Replica(port: replica.port, process: nil)
                    guard try await change(watched, from: replica, to: down) else { continue }
                }
                try await environment.time.sleep(for: delay)
                guard let (_, down) = current(watched), down.process == nil else { continue }
                let started = try await starter.start(watched.index, of: deployment)
                guard try await change(watched, from: down, to: started) else {
                    await starter.stop([started], grace: deployment.spec.gracefulStop)
                    continue
                }
            } catch is CancellationError {
                return
            } catch {
                delay = backoff.delay(afterLiving: .zero)
                environment.logger.error(
                    "a process could not be started again",
                    metadata: ["service": "\(release.scope)", "error": "\(error)", "restart": "in \(delay)"])
            }
        }
    }

    private func current(_ watched: Watched) -> (deployment: Deployment, replica: Replica)? {
        guard !isShuttingDown, let kind = release.route(of: watched.deployment), let deployment = release[kind],
            deployment.replicas.indices.contains(watched.index)
        else { return nil }
        return (deployment, deployment.replicas[watched.index])
    }

    /// Stops all processes, and remembers what to start the next time.
    func shutDown() async {
        await changes.pass {
            isShuttingDown = true
            let running = release.deployments
            await withDiscardingTaskGroup { group in
                for deployment in running { group.addTask { await self.stop(deployment) } }
            }
            for kind in RouteKind.allCases {
                for index in release[kind]?.replicas.indices ?? 0..<0 { release[kind]?.replicas[index].process = nil }
            }
            do {
                try await environment.releases.save(release)
            } catch {
                environment.logger.error(
                    "a release was not stored", metadata: ["service": "\(release.scope)", "error": "\(error)"])
            }
        }
    }
}
