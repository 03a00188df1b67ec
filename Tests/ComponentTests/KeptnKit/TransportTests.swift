import API
import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Ports
import ServiceLifecycle
import Synchronization
import Testing

/// Everything that the kit offers a handler, in one process with Keptn and over HTTP.
@Suite("The SDK on both transports", .timeLimit(.minutes(5)))
struct TransportTests {
    private let deployer = Integration(name: "deployer", version: "1")

    @Test(
        "A task comes with its payload, its files as they were, its secrets and its key", arguments: Transport.allCases)
    func help(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let integration = deployer.on(task: "deployment") { task in
                let values = try await task.file("values.yaml").map { String(decoding: $0, as: UTF8.self) }
                let missing = try await task.file("other.yaml")
                let token = try await task.secret("cloud")?["token"]
                let unknown = try await task.secret("no-such-secret")
                #expect(missing == nil && unknown == nil)
                return .deployed(
                    Deployment(publicURIs: ["http://carts"], names: [task.deployment.image ?? ""]),
                    "\(values ?? "") \(token ?? "") \(task.idempotencyKey) \(task.isRepeated)")
            }
            try await bench.running(integration) {
                try await bench.trigger(
                    "deployment", data: ["configurationChange": ["values": ["image": "carts:2"]]])
                let finished = try await bench.event("deployment.finished")
                #expect(finished.keptnData?.message == "replicas: 1 abc t1 false")
                #expect(finished.json?["deployment", "deploymentURIsPublic"] == ["http://carts"])
                #expect(finished.json?["deployment", "deploymentNames"] == ["carts:2"])
            }
            #expect(try await bench.answers() == ["deployment.started", "deployment.finished"])
        }
    }

    @Test("What is reported and logged goes out between started and finished", arguments: Transport.allCases)
    func said(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let integration = deployer.on(task: "deployment") { task in
                task.report("half", data: ["deployment": ["done": 50]])
                task.log("one replica is slow")
                return .pass()
            }
            var id = "deployer"
            try await bench.running(integration) {
                try await bench.trigger("deployment")
                _ = try await bench.event("deployment.finished")
                // Only over HTTP the integration has to say itself that it is there.
                if transport == .overHTTP { id = try await bench.registered("deployer").id }
            }
            #expect(
                try await bench.answers() == [
                    "deployment.started", "deployment.status.changed", "sh.keptn.log.error", "deployment.finished",
                ])
            let collector = FailureCollector(
                events: bench.keptn.store, uniform: bench.keptn.uniform, time: bench.keptn.time,
                logger: UniformBench.logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await collector.run() }
                while try await bench.keptn.lines.entries(LogQuery()).total < 1 { await Task.yield() }
                group.cancelAll()
            }
            let line = try #require(try await bench.keptn.lines.entries(LogQuery()).entries.first)
            #expect(line.integrationID == id)
            #expect(line.message == "one replica is slow")
            #expect(line.context == "context-1" && line.triggeredID == "t1" && line.task == "deployment")
        }
    }

    @Test("Over HTTP the integration is listed, with what it hears and when it was seen")
    func announced() async throws {
        try await TransportBench.run(.overHTTP) { bench in
            var integration = deployer.on(task: "deployment") { _ in .pass() }
            integration.stages = ["dev"]
            try await bench.running(integration) {
                let first = try await bench.registered("deployer")
                #expect(first.metadata.integrationVersion == "1")
                #expect(first.metadata.location == "remote-execution-plane")
                #expect(first.metadata.lastSeen == bench.keptn.time.now)
                #expect(first.subscriptions.map(\.event) == ["sh.keptn.event.deployment.triggered"])
                #expect(first.subscriptions.map(\.stages) == [["dev"]])
                try await bench.keptn.time.waitForSleepers(2)
                bench.keptn.time.advance(by: .seconds(60))
                while try await bench.registered("deployer").metadata.lastSeen < bench.keptn.time.now {
                    await Task.yield()
                }
                #expect(try await bench.registered("deployer").id == first.id)
            }
        }
    }

    @Test("The work for an aborted sequence is cancelled", arguments: Transport.allCases)
    func aborted(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let (begun, broken) = (Gate(), Gate())
            let integration = deployer.on(task: "deployment") { _ in
                begun.open()
                do { try await Gate().pass() } catch { broken.open() }
                return .pass()
            }.cancelledOnAbort()
            try await bench.running(integration) {
                try await bench.trigger("deployment")
                try await begun.pass()
                try await bench.keptn.store.append([
                    CloudEvent(
                        keptn: .sequence(stage: "dev", name: "delivery", kind: .finished), id: "e1",
                        source: "shipyard-controller", time: bench.keptn.time.now, context: "context-1",
                        data: [
                            "project": "sockshop", "stage": "dev", "service": "carts", "result": "pass",
                            "status": "aborted",
                        ])
                ])
                try await broken.pass()
                let finished = try await bench.event("deployment.finished")
                #expect(finished.keptnData?.status == "aborted")
            }
        }
    }

    @Test("Work that takes too long is cancelled, and its end says so", arguments: Transport.allCases)
    func deadline(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let begun = Gate()
            let integration = deployer.on(task: "deployment", within: .seconds(90)) { _ in
                begun.open()
                try await Gate().pass()
                return .pass()
            }
            try await bench.running(integration) {
                try await bench.trigger("deployment")
                try await begun.pass()
                // Over HTTP the server's pull waits too, and the next announcement.
                try await bench.keptn.time.waitForSleepers(transport == .overHTTP ? 3 : 1)
                bench.keptn.time.advance(by: .seconds(90))
                let finished = try await bench.event("deployment.finished")
                #expect(finished.keptnData?.status == "errored")
                #expect(finished.keptnData?.message == "the task did not end within 90.0 seconds")
            }
        }
    }

    private struct Slow: TaskHandler {
        static let task = "deployment"
        static let timeMax: Duration? = .seconds(90)
        func handle(_ task: TaskContext) async throws -> TaskOutcome {
            try await Gate().pass()
            return .pass()
        }
    }

    @Test("A handler that is a type has its time too")
    func handlerType() async throws {
        try await TransportBench.run(.inProcess) { bench in
            try await bench.running(deployer.on(Slow())) {
                try await bench.trigger("deployment")
                try await bench.keptn.time.waitForSleepers()
                bench.keptn.time.advance(by: .seconds(90))
                let finished = try await bench.event("deployment.finished")
                #expect(finished.keptnData?.message == "the task did not end within 90.0 seconds")
            }
        }
    }

    @Test("What was broken off comes again with the mark and the same key", arguments: Transport.allCases)
    func repeated(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let begun = Gate()
            let first = deployer.on(task: "deployment") { _ in
                begun.open()
                try await Gate().pass()
                return .pass()
            }
            try await bench.running(first) {
                try await bench.trigger("deployment")
                try await begun.pass()
                _ = try await bench.event("deployment.started")
            }
            let second = deployer.on(task: "deployment") { .pass("\($0.idempotencyKey) \($0.isRepeated)") }
            try await bench.running(second) {
                let finished = try await bench.event("deployment.finished")
                #expect(finished.keptnData?.message == "t1 true")
            }
            #expect(try await bench.answers() == ["deployment.started", "deployment.finished"])
        }
    }

    @Test("At a graceful shutdown what is under way is finished, and nothing new begun", arguments: Transport.allCases)
    func drain(_ transport: Transport) async throws {
        try await TransportBench.run(transport) { bench in
            let begun = Mutex<[String]>([])
            let (isEnding, gate) = (Gate(), Gate())
            let integration = deployer.on(task: "deployment") { task in
                begun.withLock { $0.append(task.event.id) }
                try await gracefulShutdown()
                isEnding.open()
                try await gate.pass()
                return .pass()
            }
            let service = IntegrationService(
                integration, on: bench.plane, time: bench.keptn.time, logger: UniformBench.logger)
            try await service.register()
            let group = ServiceGroup(services: [service], gracefulShutdownSignals: [], logger: UniformBench.logger)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await bench.trigger("deployment")
                _ = try await bench.event("deployment.started")
                await group.triggerGracefulShutdown()
                try await isEnding.pass()
                try await bench.trigger("deployment", id: "t2")
                gate.open()
                try await tasks.waitForAll()
            }
            #expect(begun.withLock { $0 } == ["t1"])
            #expect(try await bench.answers() == ["deployment.started", "deployment.finished"])
            #expect(try await bench.answers(to: "t2") == [])
        }
    }
}
