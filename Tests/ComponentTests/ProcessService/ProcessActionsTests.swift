import CloudEvents
import Core
import KeptnModel
import Ports
import ProcessService
import Testing

@Suite("ProcessService: actions of remediations", .timeLimit(.minutes(5)))
struct ProcessActionsTests {
    let world = ProcessWorld()
    let scope = Scope(project: "sockshop", stage: "staging", service: "carts")
    var primary: RouteKey { RouteKey(scope: scope, kind: .primary) }

    /// Delivers a version as a run does, and lets its gate speak.
    private func deliver(_ version: String, gate: KeptnResult?, run: String = "run") async throws {
        let context = "\(run) of \(version)"
        _ = try await world.service.deploy(
            DeploymentRequest(
                scope: scope, strategy: "direct", image: try await world.artifact(version), commit: "c1",
                context: context))
        if let gate { try await world.service.note(gate: gate, ofRun: context, in: scope) }
    }

    private func current() async throws -> Deployment { try #require(try await world.releases.load(scope)?.primary) }

    @Test("Scaling starts what is missing and stops what is too much, after its last request")
    func scaling() async throws {
        try await deliver("v1", gate: .pass)
        let before = try await current()
        #expect(
            try await world.service.act(.scale(by: 1), in: scope, id: "a")
                == "carts in stage staging has 3 processes, 2 before")
        #expect(try await current().replicas.prefix(2) == before.replicas[...])
        #expect(world.router.upstreams(of: primary)?.endpoints.count == 3)
        #expect(world.processes.commands.count == 3)
        _ = try await world.service.act(.scale(by: -2), in: scope, id: "b")
        #expect(try await current().replicas == [before.replicas[0]])
        #expect(world.router.upstreams(of: primary)?.endpoints == [Endpoint(port: before.replicas[0].port)])
        #expect(world.router.drained.count == 2)
        #expect(world.processes.commands.count == 1)
    }

    @Test("An action that comes again after a restart is not done again")
    func once() async throws {
        try await deliver("v1", gate: .pass)
        _ = try await world.service.act(.scale(by: 1), in: scope, id: "a")
        let next = world.restarted()
        #expect(
            try await next.service.act(.scale(by: 1), in: scope, id: "a")
                == "that was done before the server was restarted")
        #expect(try await current().replicas.count == 3)
        // The proxy knows by that what it did not measure.
        let began = try #require(try await current().startedAt)
        #expect(next.router.upstreams(of: primary)?.startedAt == began)
    }

    @Test("Below one process and above 64 it does not go")
    func limits() async throws {
        try await deliver("v1", gate: .pass)
        for step in [-2, 63] {
            let obstacle = await #expect(throws: ActionObstacle.self) {
                try await world.service.act(.scale(by: step), in: scope, id: "a")
            }
            #expect(obstacle?.description.hasPrefix("carts in stage staging has 2 processes; with ") == true)
        }
        #expect(world.processes.startCount == 2)
    }

    @Test("A restart puts new processes in the place of the old ones, and stops those")
    func restart() async throws {
        try await deliver("v1", gate: .pass)
        let before = try await current()
        #expect(
            try await world.service.act(.restart, in: scope, id: "a")
                == "carts in stage staging runs in 2 new processes")
        let after = try await current()
        #expect(after.id == before.id)
        #expect(Set(after.replicas).isDisjoint(with: before.replicas))
        #expect(world.processes.commands.count == 2)
        #expect(Set(world.router.drained.map(\.port)) == Set(before.replicas.map(\.port)))
    }

    @Test("A rollback goes to the last version that passed its gate, and never back to one that did not")
    func rollback() async throws {
        try await deliver("v1", gate: .pass)
        try await deliver("v2", gate: .warning)
        try await deliver("v3", gate: .fail)
        try await deliver("v4", gate: nil)
        try await deliver("v5", gate: .pass)
        for expected in ["v2", "v1"] {
            let message = try await world.service.act(.goBack, in: scope, id: "to \(expected)")
            #expect(message.hasPrefix("carts in stage staging serves \(expected)@"), "\(message)")
            #expect(try await current().artifact.name == expected)
            #expect(world.processes.commands.count == 2)
        }
        let obstacle = await #expect(throws: ActionObstacle.self) {
            try await world.service.act(.goBack, in: scope, id: "again")
        }
        #expect(obstacle?.description == "no earlier version of carts has passed a quality gate in stage staging")
        #expect(try await current().artifact.name == "v1")
    }

    @Test("A version that failed one gate of two is not gone back to", arguments: [true, false])
    func failedOnce(_ isFirst: Bool) async throws {
        try await deliver("v1", gate: .pass)
        try await deliver("v2", gate: isFirst ? .fail : .pass)
        try await deliver("v2", gate: isFirst ? .pass : .fail, run: "second run")
        try await deliver("v3", gate: .pass)
        _ = try await world.service.act(.goBack, in: scope, id: "a")
        #expect(try await current().artifact.name == "v1")
    }

    @Test("A version that failed the gate of a remediation while it served is not gone back to, nor blamed for others")
    func failedLater() async throws {
        for version in ["v1", "v2", "v3"] { try await deliver(version, gate: .pass) }
        func judge(_ result: KeptnResult, from time: Timestamp?) async throws -> KeptnResult? {
            try await world.service.note(gate: result, ofRun: "a remediation", measuringFrom: time, in: scope)
            return try await current().gate
        }
        let began = try #require(try await current().startedAt)
        // What was measured was, in part, the version before; or nobody says what it was.
        #expect(try await judge(.fail, from: began - .nanoseconds(1)) == .pass)
        #expect(try await judge(.fail, from: nil) == .pass)
        #expect(try await judge(.pass, from: began) == .pass)
        #expect(try await judge(.fail, from: began) == .fail)
        try await deliver("v4", gate: .pass)
        _ = try await world.service.act(.goBack, in: scope, id: "a")
        #expect(try await current().artifact.name == "v2")
        // It is another start of that version.
        let again = try #require(try await current().startedAt)
        #expect(again > began)
        #expect(try await judge(.fail, from: began) == .pass)
        #expect(try await judge(.fail, from: again) == .fail)
        _ = try await world.service.act(.goBack, in: scope, id: "b")
        #expect(try await current().artifact.name == "v1")
    }

    @Test("A canary that was released with a good gate counts, whichever is heard first")
    func blueGreen() async throws {
        for (version, isJudgedFirst) in [("v1", true), ("v2", false), ("v3", true)] {
            _ = try await world.service.deploy(
                DeploymentRequest(
                    scope: scope, strategy: "blue_green_service", image: try await world.artifact(version),
                    commit: nil, context: version))
            if isJudgedFirst { try await world.service.note(gate: .pass, ofRun: version, in: scope) }
            _ = try await world.service.release(scope, result: .pass)
            if !isJudgedFirst { try await world.service.note(gate: .pass, ofRun: version, in: scope) }
        }
        _ = try await world.service.act(.goBack, in: scope, id: "a")
        #expect(try await current().artifact.name == "v2")
    }

    @Test("When the old version does not start, what serves goes on")
    func doesNotStart() async throws {
        try await deliver("v1", gate: .pass)
        var release = try #require(try await world.releases.load(scope))
        var broken = try #require(release.primary)
        broken.artifact = try #require(ArtifactReference(try await world.artifact("broken")))
        (broken.id, broken.gate, broken.replicas) = ("old", .pass, [])
        release.previous = [broken]
        try await world.releases.save(release)
        let next = world.restarted()
        await #expect(throws: KeptnError.self) { try await next.service.act(.goBack, in: scope, id: "a") }
        #expect(try await current().artifact.name == "v1")
        #expect(next.router.upstreams(of: primary)?.endpoints.count == 2)
    }

    @Test("Where nothing serves there is nothing to act on")
    func nothing() async throws {
        for action in [ProcessAction.scale(by: 1), .restart, .goBack] {
            await #expect(throws: ActionObstacle.self) { try await world.service.act(action, in: scope, id: "a") }
        }
    }
}
