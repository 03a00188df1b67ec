import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import ServiceLifecycle
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct IntegrationTests {
    private let bench = IntegrationBench()
    private let deployer = Integration(name: "deployer", version: "1.0.0")

    /// Sends events when the integration listens.
    private func send(_ events: CloudEvent...) async throws {
        try await bench.open("deployer", "sh.keptn.event.deployment.triggered")
        try await bench.store.append(events)
    }

    @Test("A task is answered by started and finished, as the spec wants them")
    func answers() async throws {
        try await send(bench.triggered("deployment", data: ["labels": ["build": "7"], "result": "warning"]))
        let integration = deployer.on(task: "deployment") { task in
            #expect(task.scope == Scope(project: "sockshop", stage: "dev", service: "carts"))
            #expect(task.result == .warning)
            #expect(task.gitCommitID == "abc123")
            return .pass("done", data: ["deployment": ["deploymentNames": ["direct"]], "stage": "made up"])
        }
        try await bench.running(integration) {
            let started = try await bench.event("deployment.started")
            let finished = try await bench.event("deployment.finished")
            for event in [started, finished] {
                #expect(event.source == "deployer")
                #expect(event.keptnContext == "context-1")
                #expect(event.gitCommitID == "abc123")
                #expect(event["shkeptnspecversion"] == "0.2.4")
                #expect(event.time == bench.time.now)
            }
            #expect(
                started.json
                    == #"{"project":"sockshop","stage":"dev","service":"carts","labels":{"build":"7"}}"#.parsed)
            #expect(
                finished.json
                    == (#"{"project":"sockshop","stage":"dev","service":"carts","labels":{"build":"7"},"#
                    + #""status":"succeeded","result":"pass","message":"done","#
                    + #""deployment":{"deploymentNames":["direct"]}}"#).parsed)
        }
        #expect(try await bench.log() == ["deployment.triggered", "deployment.started", "deployment.finished"])
        #expect(try await bench.store.progress(of: "deployer")?.open == [])
    }

    @Test("An error that the handler throws becomes an errored answer with its text")
    func thrown() async throws {
        try await send(bench.triggered("deployment"))
        let integration = deployer.on(task: "deployment") { _ in
            throw KeptnError(.invalidInput, "there is no image 'x'")
        }
        try await bench.running(integration) {
            let data = try await bench.event("deployment.finished").keptnData
            #expect(data?.status == "errored")
            #expect(data?.result == "fail")
            #expect(data?.message == "there is no image 'x'")
        }
        #expect(try await bench.log() == ["deployment.triggered", "deployment.started", "deployment.finished"])
    }

    @Test("Also a question about responsibility that fails is answered")
    func responsibilityUnknown() async throws {
        try await send(bench.triggered("deployment"))
        let integration = deployer.on(
            task: "deployment", when: { _ in throw KeptnError(.notFound, "no such project") },
            perform: { _ in .pass() })
        try await bench.running(integration) {
            let message = try await bench.event("deployment.finished").keptnData?.message
            #expect(message == "no such project")
        }
        #expect(try await bench.log() == ["deployment.triggered", "deployment.started", "deployment.finished"])
    }

    @Test("A pending outcome sends started with its message and leaves finished to others")
    func pending() async throws {
        try await send(bench.triggered("deployment"), bench.triggered("deployment", id: "t2"))
        let integration = deployer.on(task: "deployment", announcing: { "waiting for \($0.event.id)" }) { task in
            task.event.id == "t1" ? .pending : .pass()
        }
        try await bench.running(integration) {
            let message = try await bench.event("deployment.started").keptnData?.message
            #expect(message == "waiting for t1")
            _ = try await bench.event("deployment.finished", answering: "t2")
            _ = try await bench.settled("deployer", upTo: 2)
        }
        #expect(try await bench.log().filter { $0 == "deployment.finished" }.count == 1)
    }

    @Test("A task that is not ours is passed over without a word, and so is one that nobody could work on")
    func notOurs() async throws {
        var homeless = bench.triggered("deployment", id: "t2")
        homeless.data = .json(["project": "sockshop"])
        try await send(bench.triggered("deployment"), homeless, bench.triggered("deployment", id: "t3"))
        var integration = deployer.on(
            task: "deployment", when: { $0.event.id == "t3" }, perform: { _ in .pass() })
        // Nothing comes while another one is open.
        integration.concurrency = 1
        try await bench.running(integration) { try await bench.settled("deployer", upTo: 3) }
        let sent = ["deployment.triggered", "deployment.triggered", "deployment.triggered"]
        #expect(try await bench.log() == sent + ["deployment.started", "deployment.finished"])
    }

    @Test("A task that was broken off comes again, and to Keptn that is the same start")
    func brokenOff() async throws {
        try await send(bench.triggered("deployment"))
        let never = Gate()
        let endless = deployer.on(task: "deployment") { _ in
            try await never.pass()
            return .pass()
        }
        try await bench.running(endless) {
            _ = try await bench.event("deployment.started")
        }
        #expect(try await bench.log() == ["deployment.triggered", "deployment.started"])

        let second = bench.restarted()
        try await second.running(deployer.on(task: "deployment") { _ in .pass() }) {
            _ = try await second.event("deployment.finished")
        }
        #expect(try await bench.log() == ["deployment.triggered", "deployment.started", "deployment.finished"])
    }

    @Test("Two integrations that do the same task answer under ids of their own")
    func two() async throws {
        try await bench.open("other", "sh.keptn.event.deployment.triggered")
        try await send(bench.triggered("deployment"))
        let other = Integration(name: "other", version: "1").on(task: "deployment") { _ in .fail("no") }
        try await bench.running(deployer.on(task: "deployment") { _ in .pass() }) {
            try await bench.running(other) {
                _ = try await bench.event { $0.source == "deployer" && $0.type.hasSuffix("finished") }
                _ = try await bench.event { $0.source == "other" && $0.type.hasSuffix("finished") }
            }
        }
        let events = try await bench.store.events(after: .start, limit: 100)
        #expect(Set(events.map(\.event.id)).count == 5)
    }

    @Test("No more handlers run side by side than the integration allows")
    func concurrency() async throws {
        try await bench.open("deployer", "sh.keptn.event.deployment.triggered")
        try await bench.store.append((1...6).map { bench.triggered("deployment", id: "t\($0)") })
        let load = Mutex((now: 0, most: 0))
        let gate = Gate()
        let both = PositionSignal()
        var integration = deployer.on(task: "deployment") { _ in
            let now = load.withLock { load in
                load.now += 1
                load.most = max(load.most, load.now)
                return load.now
            }
            both.advance(to: Position(Int64(now)))
            try await gate.pass()
            load.withLock { $0.now -= 1 }
            return .pass()
        }
        integration.concurrency = 2
        try await bench.running(integration) {
            try await both.wait(for: Position(2))
            gate.open()
            for number in 1...6 { _ = try await bench.event("deployment.finished", answering: "t\(number)") }
        }
        #expect(load.withLock { $0.most } == 2)
    }

    @Test("Other events are heard, what the handler returns is sent, and its errors do not stop anything")
    func listening() async throws {
        try await bench.open("listener", "sh.keptn.event.*.finished")
        let heard = bench.triggered("heard", id: "h")
        var finished = bench.triggered("x", id: "f1")
        finished.type = "sh.keptn.event.x.finished"
        var bad = finished
        bad.id = "f0"
        try await bench.store.append([bad, finished])
        let listener = Integration(name: "listener", version: "1")
        let integration = listener.on(eventType: "sh.keptn.event.*.finished") { event in
            guard event.id == "f1" else { throw KeptnError(.invalidInput, "not this one") }
            return [heard]
        }
        try await bench.running(integration) {
            _ = try await bench.event("heard.triggered")
            try await bench.settled("listener", upTo: 2)
        }
    }

    @Test("At a graceful shutdown it takes nothing new, lets its handlers finish, and ends")
    func gracefulShutdown() async throws {
        let (isEnding, gate) = (Gate(), Gate())
        let integration = deployer.on(task: "deployment") { _ in
            try await ServiceLifecycle.gracefulShutdown()
            isEnding.open()
            try await gate.pass()
            return .pass()
        }
        let event = ReceivedEvent(position: 1, event: bench.triggered("deployment"))
        let plane = ScriptedControlPlane([.success([event])])
        let service = IntegrationService(integration, on: plane, time: bench.time, logger: IntegrationBench.silent)
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [], logger: IntegrationBench.silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await plane.waitForSettlings(1)
            await group.triggerGracefulShutdown()
            try await isEnding.pass()
            gate.open()
            try await tasks.waitForAll()
        }
        #expect(plane.settlings.flatMap(\.events) == ["started t1", "finished t1"])
        #expect(plane.settlings.last?.positions == [1])
    }

    @Test("A handler that gives up at a graceful shutdown leaves its task open")
    func givingUp() async throws {
        let integration = deployer.on(task: "deployment") { _ in
            try await cancelWhenGracefulShutdown { try await Gate().pass() }
            return .pass()
        }
        let event = ReceivedEvent(position: 1, event: bench.triggered("deployment"))
        let plane = ScriptedControlPlane([.success([event])])
        let service = IntegrationService(integration, on: plane, time: bench.time, logger: IntegrationBench.silent)
        let group = ServiceGroup(
            services: [service], gracefulShutdownSignals: [], logger: IntegrationBench.silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await plane.waitForSettlings(1)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(plane.settlings == [.init(positions: [], events: ["started t1"])])
    }

    @Test("Whoever has registered misses nothing, even when it runs later")
    func registration() async throws {
        let integration = deployer.on(task: "deployment") { _ in .pass() }
        let service = IntegrationService(
            integration, on: bench.plane, time: bench.time, logger: IntegrationBench.silent)
        try await service.register()
        try await bench.store.append([bench.triggered("deployment")])
        try await bench.running(integration) { _ = try await bench.event("deployment.finished") }
    }

    @Test("It ends with an error when somebody else opens its subscription")
    func takenOver() async throws {
        try await send(bench.triggered("deployment"))
        let integration = deployer.on(task: "deployment") { _ in .pass() }
        let service = IntegrationService(
            integration, on: bench.plane, time: bench.time, logger: IntegrationBench.silent)
        async let ending: Void = service.run()
        _ = try await bench.event("deployment.finished")
        try await bench.open("deployer", "sh.keptn.event.deployment.triggered")
        try await bench.store.append([bench.triggered("deployment", id: "t2")])
        do {
            try await ending
            Issue.record("it went on")
        } catch let error as ControlPlaneError {
            #expect(error.kind == .takenOver)
        }
    }
}

extension String {
    /// Nil when it is no JSON.
    var parsed: JSON? { try? JSON(parsing: self) }
}
