import CloudEvents
import Core
import KeptnModel
import Logging
import Ports
import ProcessService
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@Suite("ProcessService: tasks and crashes, on doubles", .timeLimit(.minutes(5)))
struct ProcessServiceTests {
    let world = ProcessWorld()
    let scope = Scope(project: "sockshop", stage: "staging", service: "carts")
    var primary: RouteKey { RouteKey(scope: scope, kind: .primary) }
    var canary: RouteKey { RouteKey(scope: scope, kind: .canary) }

    @Test("A direct deployment starts the replicas, gets the traffic and says where it is")
    func direct() async throws {
        let report = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        #expect(report.name == "direct")
        #expect(report.deployment.gitCommit == "c1")
        #expect(report.deployment.replicas.count == 2)
        #expect(world.router.upstreams(of: primary)?.endpoints == report.endpoints)
        #expect(try await world.service.addresses(of: scope) == [.primary: report.address])
        #expect(try await world.releases.load(scope)?.primary == report.deployment)
        let commands = world.processes.commands.sorted { $0.logFile < $1.logFile }
        #expect(commands.map(\.environment["DEPLOYMENT"]) == ["direct", "direct"])
        #expect(
            Set(commands.map(\.arguments)) == Set(report.endpoints.map { ["--port", String($0.port)] }))
    }

    @Test("The next direct deployment replaces it: traffic first, then draining, then the end")
    func directAgain() async throws {
        let first = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        let second = try await world.deploy(scope, "direct", image: world.artifact("v2"))
        #expect(second.address == first.address)
        #expect(world.router.upstreams(of: primary)?.endpoints == second.endpoints)
        #expect(Set(world.router.drained) == Set(first.endpoints))
        let ports = world.processes.commands.compactMap { $0.environment["PORT"].flatMap(Int.init) }
        #expect(Set(ports) == Set(second.endpoints.map(\.port)))
    }

    @Test("A canary stands beside the primary until it is released")
    func blueGreen() async throws {
        let v1 = try await world.deploy(scope, "blue_green_service", image: world.artifact("v1"))
        #expect(v1.name == "canary")
        #expect(world.router.upstreams(of: primary) == nil, "nothing is released yet")
        let released = try #require(try await world.service.release(scope, result: .pass))
        #expect(released.name == "primary")
        #expect(released.address != v1.address)
        #expect(world.router.upstreams(of: primary)?.endpoints == v1.endpoints)
        #expect(world.router.upstreams(of: canary) == nil)
        let v2 = try await world.deploy(scope, "duplicate", image: world.artifact("v2"))
        #expect(v2.address == v1.address, "the canary's address stays")
        #expect(world.router.upstreams(of: primary)?.endpoints == v1.endpoints)
        #expect(world.router.upstreams(of: canary)?.endpoints == v2.endpoints)
        #expect(try await world.service.release(scope, result: .fail) == nil)
        #expect(world.router.upstreams(of: canary)?.endpoints == v2.endpoints)
        #expect(try await world.service.release(scope, result: .warning)?.deployment.id == v2.deployment.id)
        #expect(world.router.upstreams(of: primary)?.endpoints == v2.endpoints)
        #expect(world.processes.commands.count == 2)
        #expect(try await world.service.release(scope, result: .pass) == nil, "there is nothing left to release")
    }

    @Test("A rollback drops the canary and leaves the primary alone")
    func rollback() async throws {
        let v1 = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        _ = try await world.deploy(scope, "blue_green_service", image: world.artifact("v2"))
        #expect(try await world.service.rollBack(scope))
        #expect(world.router.upstreams(of: primary)?.endpoints == v1.endpoints)
        #expect(world.router.upstreams(of: canary) == nil)
        #expect(world.processes.commands.count == 2)
        #expect(try await world.service.rollBack(scope) == false)
    }

    @Test("Without an image the stage's artifact is deployed again")
    func again() async throws {
        let image = try await world.artifact("v1")
        _ = try await world.deploy(scope, "direct", image: image)
        #expect(try await world.deploy(scope, "direct", image: nil).deployment.artifact.description == image)
    }

    @Test("A version that does not start fails with its last words, and the old one goes on")
    func doesNotStart() async throws {
        let v1 = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        let bad = try await world.artifact("broken")
        let error = await #expect(throws: KeptnError.self) {
            try await world.deploy(scope, "direct", image: bad)
        }
        #expect(
            error?.message
                == "carts did not start in stage staging: it exited with code 1. Its last output:\nno socks today")
        #expect(world.router.upstreams(of: primary)?.endpoints == v1.endpoints)
        #expect(world.processes.commands.count == 2)
        #expect(try await world.releases.load(scope)?.primary == v1.deployment)
    }

    @Test("A process whose port somebody else got is started again at another, a few times")
    func portLost() async throws {
        // The first port that is given out is 20001, and there are two replicas.
        let world = ProcessWorld(lostPorts: 20_001...20_002)
        let v1 = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        #expect(Set(v1.endpoints.map(\.port)) == [20_003, 20_004])
        #expect(world.processes.startCount == 4)

        let unlucky = ProcessWorld(lostPorts: 20_001...21_000)
        let image = try await unlucky.artifact("v1")
        let error = await #expect(throws: KeptnError.self) { try await unlucky.deploy(scope, "direct", image: image) }
        #expect(error?.message.hasSuffix("it exited with code 1. Its last output:\nAddress already in use") == true)
        #expect((3...6).contains(unlucky.processes.startCount))
        #expect(unlucky.processes.commands.isEmpty)
    }

    @Test("A release that cannot be stored changes nothing")
    func notStored() async throws {
        let v1 = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        world.releases.refuse()
        let image = try await world.artifact("v2")
        await #expect(throws: KeptnError.self) { try await world.deploy(scope, "direct", image: image) }
        #expect(world.router.upstreams(of: primary)?.endpoints == v1.endpoints)
        #expect(world.processes.commands.count == 2)
    }

    @Test(
        "What the user has to correct is said",
        arguments: [
            (
                "user_managed", "x", "carts",
                "process-service has no deployment strategy 'user_managed'; it has direct and blue_green_service"
            ),
            ("direct", "docker.io/carts:1", "carts", "the image 'docker.io/carts:1' is no artifact of this server"),
            ("direct", nil, "carts", "there is nothing to deploy"),
            ("direct", "x", "other", "other has no process.yaml in stage staging"),
            ("direct", "x", "typo", "'comand'"),
        ] as [(String, String?, String, String)])
    func mistakes(_ strategy: String, _ image: String?, _ service: String, _ text: String) async throws {
        let place = Scope(project: scope.project, stage: scope.stage, service: service)
        let image = image == "x" ? try await world.artifact("v1") : image
        let error = await #expect(throws: (any Error).self) { try await world.deploy(place, strategy, image: image) }
        #expect("\(try #require(error))".contains(text))
        #expect(world.processes.startCount == 0)
    }

    @Test("It is responsible for what has a process.yaml")
    func responsible() async throws {
        #expect(try await world.service.isResponsible(for: scope, commit: nil))
        let other = Scope(project: scope.project, stage: scope.stage, service: "other")
        #expect(try await world.service.isResponsible(for: other, commit: nil) == false)
    }

    @Test("A crashed process gets no more traffic and is started again")
    func crash() async throws {
        try await world.whileRunning {
            let report = try await world.deploy(scope, "direct", image: world.artifact("v1"))
            let victim = report.deployment.replicas[0]
            world.processes.crash(try #require(victim.process))
            try await eventually("the dead replica gets no traffic") {
                world.router.upstreams(of: primary)?.endpoints.contains(Endpoint(port: victim.port)) == false
            }
            try await eventually("a new one gets it") { world.router.upstreams(of: primary)?.endpoints.count == 2 }
            #expect(world.processes.startCount == 3)
            let stored = try #require(try await world.releases.load(scope)?.primary)
            #expect(stored.replicas[0] != victim && stored.replicas[1] == report.deployment.replicas[1])
        }
    }

    @Test("After a graceful stop nothing runs; the next start runs the same again at the same addresses")
    func gracefulStop() async throws {
        var before: DeploymentReport?
        try await world.whileRunning { before = try await world.deploy(scope, "direct", image: world.artifact("v1")) }
        #expect(world.processes.commands.isEmpty)
        let next = world.restarted()
        try await next.whileRunning {
            try await eventually("it is up again") { next.router.upstreams(of: primary)?.endpoints.count == 2 }
            #expect(try await next.service.addresses(of: scope)[.primary]?.port == before?.address.port)
            #expect(next.router.upstreams(of: primary)?.deployment == before?.deployment.id)
        }
    }

    @Test("After a kill the processes that went on are taken up, the others started, and strays stopped")
    func killed() async throws {
        let report = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        let dead = try #require(report.deployment.replicas[0].process)
        world.processes.crash(dead)
        let stray = try await world.processes.start(
            ProcessCommand(program: "stray", arguments: [], environment: [:], folder: "", logFile: ""))
        let next = world.restarted()
        try await next.whileRunning {
            try await eventually("both replicas are up") { next.router.upstreams(of: primary)?.endpoints.count == 2 }
            #expect(await next.processes.isRunning(stray) == false)
            #expect(
                next.router.upstreams(of: primary)?.endpoints.contains(report.endpoints[1]) == true,
                "the one that went on was left alone")
        }
    }

    @Test("A removed service is gone with its addresses")
    func removal() async throws {
        _ = try await world.deploy(scope, "direct", image: world.artifact("v1"))
        try await world.service.remove(scope)
        #expect(world.processes.commands.isEmpty)
        #expect(try await world.releases.load(scope) == nil)
        #expect(try await world.service.addresses(of: scope).isEmpty)
        #expect(try await world.service.releases().isEmpty)
    }
}

extension DeploymentReport {
    fileprivate var endpoints: [Endpoint] { deployment.replicas.map { Endpoint(port: $0.port) } }
}

/// The component on doubles. The artifact `broken` ends at once.
struct ProcessWorld: Sendable {
    let service: ProcessService
    let artifacts: InMemoryArtifactStore
    let processes: InMemoryProcesses
    let router: InMemoryTrafficRouter
    let releases: RefusingReleaseStore

    init(lostPorts: ClosedRange<Int>? = nil) {
        let artifacts = InMemoryArtifactStore()
        self.init(
            artifacts: artifacts, releases: RefusingReleaseStore(),
            processes: InMemoryProcesses(lostPorts: lostPorts) {
                $0.folder.hasPrefix("artifacts/broken@") ? "no socks today" : nil
            })
    }

    private init(artifacts: InMemoryArtifactStore, releases: RefusingReleaseStore, processes: InMemoryProcesses) {
        self.artifacts = artifacts
        self.releases = releases
        self.processes = processes
        router = InMemoryTrafficRouter(time: MachineTime())
        service = ProcessService(
            .init(
                artifacts: artifacts, processes: processes, health: processes, router: router, releases: releases,
                configuration: ProcessFiles(), time: MachineTime(), ids: RandomIDs(),
                logger: Logger(label: "process-service") { _ in SwiftLogNoOpLogHandler() }))
    }

    /// A new component and router on what is stored and what runs.
    func restarted() -> ProcessWorld { ProcessWorld(artifacts: artifacts, releases: releases, processes: processes) }

    func artifact(_ content: String) async throws -> String {
        try await artifacts.store(OnePart(content), name: content).description
    }

    @discardableResult
    func deploy(_ scope: Scope, _ strategy: String, image: String?) async throws -> DeploymentReport {
        try await service.deploy(DeploymentRequest(scope: scope, strategy: strategy, image: image, commit: "c1"))
    }

    /// Runs the component for the time of the body, then stops it gracefully.
    func whileRunning(_ body: () async throws -> Void) async throws {
        let group = ServiceGroup(
            services: [service], logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body()
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

private struct OnePart: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error
    let text: String
    init(_ text: String) { self.text = text }
    func makeAsyncIterator() -> Iterator { Iterator(rest: Array(text.utf8)) }

    struct Iterator: AsyncIteratorProtocol {
        typealias Failure = any Error
        var rest: [UInt8]?
        mutating func next() async throws -> [UInt8]? { rest.take() }
    }
}

/// A disk that can be made full.
final class RefusingReleaseStore: ReleaseStore {
    private let store = InMemoryReleaseStore()
    private let isRefusing = Mutex(false)

    func refuse() { isRefusing.withLock { $0 = true } }

    func save(_ release: Release) async throws {
        if isRefusing.withLock({ $0 }) { throw KeptnError(.unavailable, "the disk is full") }
        try await store.save(release)
    }

    func load(_ scope: Scope) async throws -> Release? { try await store.load(scope) }
    func remove(_ scope: Scope) async throws { try await store.remove(scope) }
    func all() async throws -> (releases: [Release], problems: [KeptnError]) { try await store.all() }

    func logFile(of scope: Scope, deployment: String, replica: Int) -> String {
        store.logFile(of: scope, deployment: deployment, replica: replica)
    }
}

/// A configuration in which only `carts` and `typo` have a `process.yaml`.
private struct ProcessFiles: Configuration {
    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? {
        guard path == ProcessService.specFile, let text = Self.texts[place.service ?? ""] else { return nil }
        return ConfigurationFile(path: path, bytes: Array(text.utf8), commit: commit ?? "head")
    }

    private static let texts = [
        "carts": """
        command: ./carts
        arguments: ["--port", "$PORT"]
        replicas: 2
        health_check:
          interval: 10ms
        """,
        "typo": "comand: ./carts",
    ]

    func head(of place: ConfigurationPlace) async throws -> String { "head" }
    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        throw KeptnError(.notFound, "there is no project '\(project)'")
    }
}
