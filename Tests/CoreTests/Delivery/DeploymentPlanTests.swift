import Core
import KeptnModel
import Testing

@Suite("DeploymentPlan: what takes whose place")
struct DeploymentPlanTests {
    /// A release in one line: `primary+canary`, `-` for none.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let before: String
        let action: Action
        /// Nil when nothing is to be done.
        let after: String?
        let retired: [String]

        enum Action: Sendable {
            case deploy(String, DeploymentStrategy)
            case release(KeptnResult)
            case rollback, remove
        }

        init(_ description: String, _ before: String, _ action: Action, _ after: String?, retired: [String] = []) {
            testDescription = description
            self.before = before
            self.action = action
            self.after = after
            self.retired = retired
        }
    }

    static let cases = [
        Case("a first direct deployment is the primary", "-+-", .deploy("b", .direct), "b+-"),
        Case("a direct deployment replaces the primary", "a+-", .deploy("b", .direct), "b+-", retired: ["a"]),
        Case("a direct deployment ends a canary too", "a+c", .deploy("b", .direct), "b+-", retired: ["a", "c"]),
        Case("a first blue-green deployment has no primary beside it", "-+-", .deploy("b", .blueGreen), "-+b"),
        Case("a canary stands beside the primary", "a+-", .deploy("b", .blueGreen), "a+b"),
        Case("a new canary replaces an old one", "a+c", .deploy("b", .blueGreen), "a+b", retired: ["c"]),
        Case("a canary that passed becomes the primary", "a+c", .release(.pass), "c+-", retired: ["a"]),
        Case("a canary with a warning is released too", "a+c", .release(.warning), "c+-", retired: ["a"]),
        Case("the first canary becomes the first primary", "-+c", .release(.pass), "c+-"),
        Case("a canary that failed is not released", "a+c", .release(.fail), nil),
        Case("after a direct deployment there is nothing to release", "a+-", .release(.pass), nil),
        Case("a rollback drops the canary", "a+c", .rollback, "a+-", retired: ["c"]),
        Case("a rollback of a first canary leaves nothing", "-+c", .rollback, "-+-", retired: ["c"]),
        Case("without a canary there is nothing to roll back", "a+-", .rollback, nil),
        Case("with the service all goes", "a+c", .remove, "-+-", retired: ["a", "c"]),
    ]

    @Test("The plan", arguments: cases)
    func plan(_ row: Case) throws {
        let before = try Self.release(row.before)
        let plan: DeploymentPlan? =
            switch row.action {
            case .deploy(let id, let strategy): .deploy(try Self.deployment(id, strategy), over: before)
            case .release(let result): .release(before, result: result)
            case .rollback: .rollback(before)
            case .remove: .remove(before)
            }
        #expect(plan.map { Self.text($0.next) } == row.after)
        #expect(plan?.retired.map(\.id).sorted() ?? [] == row.retired)
    }

    @Test("The addresses outlive every plan but the removal")
    func ports() throws {
        var release = try Self.release("a+c")
        release.primaryPort = 1001
        release.canaryPort = 1002
        for plan in [
            .deploy(try Self.deployment("b", .direct), over: release), DeploymentPlan.release(release, result: .pass),
            .rollback(release),
        ] {
            #expect(plan?.next.primaryPort == 1001)
            #expect(plan?.next.canaryPort == 1002)
        }
        #expect(DeploymentPlan.remove(release).next.primaryPort == nil)
    }

    @Test(
        "The strategy's name",
        arguments: [
            (nil, DeploymentStrategy.direct), ("", .direct), ("direct", .direct), ("blue_green_service", .blueGreen),
            ("duplicate", .blueGreen), ("user_managed", nil), ("Direct", nil),
        ] as [(String?, DeploymentStrategy?)])
    func strategy(_ name: String?, _ expected: DeploymentStrategy?) {
        #expect(DeploymentStrategy(keptn: name) == expected)
    }

    @Test("Without an image the stage's own artifact is deployed again")
    func choice() throws {
        let digest = String(repeating: "0a", count: 32)
        let given = try #require(ArtifactReference("carts@sha256:\(digest)"))
        #expect(ArtifactChoice(image: "carts@sha256:\(digest)", release: try Self.release("a+c")) == .deploy(given))
        #expect(ArtifactChoice(image: nil, release: try Self.release("a+c")) == .deploy(try Self.artifact("a")))
        #expect(ArtifactChoice(image: "", release: try Self.release("-+c")) == .deploy(try Self.artifact("c")))
        #expect(
            ArtifactChoice(image: nil, release: try Self.release("-+-"))
                == .refuse(
                    "there is nothing to deploy: the event has no configurationChange.values.image, and nothing of "
                        + "carts runs in stage dev yet"))
        guard case .refuse(let message) = ArtifactChoice(image: "carts:0.13.1", release: try Self.release("a+-")) else {
            Issue.record("an image of a registry was taken for an artifact")
            return
        }
        #expect(message.contains("'carts:0.13.1'") && message.contains("keptn trigger delivery --image PATH"))
    }

    @Test(
        "References that are none",
        arguments: [
            "", "carts", "carts@sha256:", "carts@sha256:12", "@sha256:" + String(repeating: "0", count: 64),
            "a/b@sha256:" + String(repeating: "0", count: 64), "carts@sha256:" + String(repeating: "A", count: 64),
            "..@sha256:" + String(repeating: "0", count: 64), "carts@md5:" + String(repeating: "0", count: 64),
        ])
    func badReference(_ text: String) {
        #expect(ArtifactReference(text) == nil)
    }

    @Test("Restarts come more slowly each time, up to half a minute, until a process has lived for a minute")
    func backoff() {
        var backoff = RestartBackoff()
        let delays = (0..<10).map { _ in backoff.delay(afterLiving: .seconds(1)) }
        #expect(delays.prefix(4) == [.milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600)])
        #expect(delays.suffix(2) == [.seconds(30), .seconds(30)])
        #expect(backoff.delay(afterLiving: .seconds(60)) == .milliseconds(200))
    }

    @Test(
        "Variables in process.yaml",
        arguments: [
            ("--port=$PORT", "--port=8080"), ("${HOST}:${PORT}", "h:8080"), ("$PORTS $UNKNOWN $", "$PORTS $UNKNOWN $"),
            ("${PORT", "${PORT"), ("$$PORT", "$8080"), ("$SERVICE-$STAGE", "carts-dev"), ("plain", "plain"),
        ])
    func variables(_ text: String, _ expected: String) throws {
        let variables = ProcessVariables(
            scope: Self.scope, deployment: "direct", host: "h", port: 8080, artifactFolder: "folder")
        #expect(variables.expand(text) == expected)
    }

    @Test("The spec's environment stands above the variables")
    func environment() {
        let variables = ProcessVariables(
            scope: Self.scope, deployment: "canary", host: "h", port: 8080, artifactFolder: "folder")
        let environment = variables.environment(
            of: ProcessSpec(command: "x", environment: ["URL": "http://$HOST", "STAGE": "other"]))
        #expect(environment["URL"] == "http://h")
        #expect(environment["STAGE"] == "other")
        #expect(environment["DEPLOYMENT"] == "canary")
    }

    // MARK: Values

    static let scope = Scope(project: "sockshop", stage: "dev", service: "carts")

    static func artifact(_ id: String) throws -> ArtifactReference {
        try #require(ArtifactReference(name: id, digest: String(repeating: id, count: 64)))
    }

    static func deployment(_ id: String, _ strategy: DeploymentStrategy) throws -> Deployment {
        Deployment(
            id: id, strategy: strategy, artifact: try artifact(id), spec: ProcessSpec(command: "./carts"),
            gitCommit: "c1")
    }

    static func release(_ text: String) throws -> Release {
        let names = text.split(separator: "+").map(String.init)
        var release = Release(scope: scope)
        if names[0] != "-" { release.primary = try deployment(names[0], .direct) }
        if names[1] != "-" { release.canary = try deployment(names[1], .blueGreen) }
        return release
    }

    static func text(_ release: Release) -> String { "\(release.primary?.id ?? "-")+\(release.canary?.id ?? "-")" }
}
