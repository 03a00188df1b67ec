import CloudEvents
import ConfigurationService
import KeptnModel
import Ports
import Synchronization
import Testing

@Suite("ConfigurationService: Git upstreams")
struct UpstreamsTests {
    private static let url = "https://git.example.com/sockshop.git"

    private func credentials(_ url: String = url, token: String = "token") throws -> GitCredentials {
        try GitCredentials(remoteURL: url, user: "keptn", access: .https(.init(token: token)))
    }

    @Test("A new project is pushed to its empty upstream, and its credentials are kept as a secret")
    func creates() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]), upstream: upstream)
        #expect(try await bench.git.branches(at: upstream).keys.sorted() == ["dev", "master", "prod"])
        #expect(
            try await bench.service.upstream(of: "sockshop")
                == ProjectUpstream(
                    credentials: upstream, isProvisioned: false,
                    status: UpstreamStatus(state: .synced, since: bench.time.now)))
        let secret = SecretName("git-credentials-sockshop", scope: "keptn-resource-service")
        let kept = try #require(try await bench.secrets.values(of: secret)?["git-credentials"])
        #expect(try GitCredentials(JSON(parsing: kept)) == upstream)

        try await bench.service.deleteProject("sockshop")
        #expect(try await bench.secrets.secrets().isEmpty)
        #expect(try await bench.git.branches(at: upstream).count == 3)
    }

    @Test("What cannot be leaves nothing behind")
    func refusals() async throws {
        let bench = try UpstreamBench(denied: ["^https://internal\\.", "\\.evil\\."])
        bench.git.add(Self.url)
        let other = "https://git.example.com/other.git"
        bench.git.add(other)
        try await bench.service.createProject("other", shipyard: shipyard(["dev"]), upstream: credentials(other))
        let secrets = try await bench.secrets.secrets().map(\.secret)
        let cases: [(GitCredentials?, [UInt8]?, KeptnError.Code, String)] = [
            (try credentials(token: "wrong"), shipyard(["dev"]), .failedDependency, "refuses"),
            (try credentials("https://git.example.com/none.git"), shipyard(["dev"]), .notFound, "none.git"),
            (try credentials(other), shipyard(["dev"]), .conflict, "initialized already"),
            (try credentials("https://internal.example.com/x"), shipyard(["dev"]), .forbiddenByRule, "internal"),
            (try credentials(), nil, .conflict, "no branch 'master'"),
            (nil, nil, .invalidInput, "shipyard.yaml"),
        ]
        for (upstream, shipyard, code, text) in cases {
            await expect(code, text) {
                try await bench.service.createProject("sockshop", shipyard: shipyard, upstream: upstream)
            }
            #expect(try await bench.files.repositories() == ["other"])
            #expect(try await bench.secrets.secrets().map(\.secret) == secrets)
        }
        #expect(throws: KeptnError.self) { try UpstreamBench(denied: ["["]) }
    }

    @Test("A project is imported from an upstream with Keptn's layout; others are refused")
    func imports() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]), upstream: upstream)
        try await bench.service.createService("carts", in: "sockshop")
        await UpstreamSync(of: bench.service).syncDue()
        let heads = try await bench.git.branches(at: upstream)
        try await bench.service.deleteProject("sockshop")

        try await bench.service.createProject("again", shipyard: nil, upstream: upstream)
        #expect(try await bench.service.project("again").shipyard.stages.map(\.name) == ["dev", "prod"])
        #expect(try await bench.service.services(project: "again", stage: "dev").map(\.name) == ["carts"])
        for (branch, head) in heads { #expect(try await bench.files.head(of: branch, in: "again") == head) }

        let foreign = "https://git.example.com/foreign.git"
        bench.git.add(foreign)
        try await bench.commit("README.md", to: "master", at: foreign)
        await expect(.conflict, "no shipyard.yaml") {
            try await bench.service.createProject("foreign", shipyard: nil, upstream: try credentials(foreign))
        }
        try await bench.commit("shipyard.yaml", shipyard(["dev"]), to: "master", at: foreign)
        await expect(.conflict, "stages dev") {
            try await bench.service.createProject("foreign", shipyard: nil, upstream: try credentials(foreign))
        }
        #expect(try await bench.files.repositories() == ["again"])
    }

    @Test("Commits go out soon, others' come in at the interval, and what diverged or is away is shown")
    func syncs() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: upstream)
        let sync = UpstreamSync(of: bench.service, interval: .seconds(60))
        await sync.syncDue()

        let ours = try await bench.service.write([("a", [1])], at: dev)
        #expect(try await bench.state() == .ahead)
        await sync.syncDue()
        #expect(try await bench.state() == .synced)
        #expect(try await bench.git.branches(at: upstream)["dev"] == ours)

        try await bench.commit("theirs", to: "dev", at: Self.url)
        await sync.syncDue()
        #expect(try await bench.service.head(of: dev) == ours)
        bench.time.advance(by: .seconds(60))
        await sync.syncDue()
        #expect(try await bench.service.file("theirs", at: dev, commit: nil) != nil)

        // Away: reads and writes go on; the pauses grow, and a write does not shorten them.
        bench.git.set(reachable: false)
        _ = try await bench.service.write([("b", [1])], at: dev)
        await sync.syncDue()
        let away = try #require(try await bench.service.upstream(of: "sockshop")).status
        #expect(away.state == .unreachable && away.message.contains("cannot be reached"))
        _ = try await bench.service.write([("c", [1])], at: dev)
        bench.git.set(reachable: true)
        await sync.syncDue()
        #expect(try await bench.service.upstream(of: "sockshop")?.status == away)
        bench.time.advance(by: .seconds(5))
        await sync.syncDue()
        #expect(try await bench.state() == .synced)

        // Both sides: nothing is lost, and the other branch still travels.
        try await bench.commit("x", to: "dev", at: Self.url)
        try await bench.commit("x", to: "master", at: Self.url)
        let mine = try await bench.service.write([("y", [1])], at: dev)
        await sync.syncDue()
        let diverged = try #require(try await bench.service.upstream(of: "sockshop")).status
        #expect(diverged.state == .diverged && diverged.message.contains("dev"))
        #expect(try await bench.service.head(of: dev) == mine)
        #expect(try await bench.service.file("x", at: sockshop, commit: nil) != nil)
        _ = try await bench.service.write([("z", [1])], at: dev)
        #expect(try await bench.service.upstream(of: "sockshop")?.status == diverged)
    }

    @Test("Another server over the same data finds the upstreams again")
    func restarts() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        let second = try bench.another()
        #expect(try await second.upstream(of: "sockshop")?.status.state == .ahead)
        await UpstreamSync(of: second).syncDue()
        #expect(try await second.upstream(of: "sockshop")?.status.state == .synced)
        #expect(try await second.upstream(of: "sockshop")?.credentials == (try credentials()))
    }

    @Test(
        "A secret that cannot be read makes only its own project's upstream unreachable, until it can be read",
        arguments: [true, false])
    func unreadableSecret(_ isSealedWrongly: Bool) async throws {
        let bench = try UpstreamBench()
        let other = "https://git.example.com/other.git"
        for url in [Self.url, other] { bench.git.add(url) }
        try await bench.service.createProject("other", shipyard: shipyard(["dev"]), upstream: credentials(other))
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        let secret = SecretName("git-credentials-other", scope: "keptn-resource-service")
        let whole = try #require(try await bench.secrets.values(of: secret))
        if isSealedWrongly {
            bench.secrets.damage(secret)
        } else {
            try await bench.secrets.save(["git-credentials": "{\"token\": \"geheim\""], as: secret)
        }

        let second = try bench.another()
        await UpstreamSync(of: second).syncDue()
        #expect(try await second.upstream(of: "sockshop")?.status.state == .synced)
        let broken = try #require(try await second.upstream(of: "other"))
        #expect(broken.status.state == .unreachable && broken.credentials == nil && broken.shownURL.isEmpty)
        for text in ["git-credentials-other", "keptn update project other --git-remote-url="] {
            #expect(broken.status.message.contains(text), "\(broken.status.message)")
        }
        #expect(!broken.status.message.contains("geheim"))
        let written = try await second.write([("a", [1])], at: ConfigurationPlace(project: "other", stage: "dev"))
        #expect(try await second.upstream(of: "other")?.status == broken.status)

        try await bench.secrets.save(whole, as: secret)
        bench.time.advance(by: .seconds(600))
        await UpstreamSync(of: second).syncDue()
        #expect(try await second.upstream(of: "other")?.status.state == .synced)
        #expect(try await second.upstream(of: "other")?.credentials == (try credentials(other)))
        #expect(try await bench.git.branches(at: credentials(other))["dev"] == written)
    }

    @Test("Whoever sets the upstream of an unreadable secret again, or deletes its project, is done with it")
    func unreadableSecretReplaced() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        let secret = SecretName("git-credentials-sockshop", scope: "keptn-resource-service")
        bench.secrets.damage(secret)
        let second = try bench.another()
        try await second.updateProject("sockshop", .init(shipyard: shipyard(["dev"], task: "test")))
        #expect(try await second.upstream(of: "sockshop")?.status.state == .unreachable)
        try await second.updateProject("sockshop", .init(upstream: credentials()))
        #expect(try await second.upstream(of: "sockshop")?.status.state == .synced)
        #expect(try await bench.secrets.values(of: secret) != nil)

        bench.secrets.damage(secret)
        let third = try bench.another()
        #expect(try await third.upstream(of: "sockshop")?.credentials == nil)
        try await third.deleteProject("sockshop")
        #expect(try await bench.secrets.secrets().isEmpty)
    }

    @Test("What is committed while a sync runs is not called synced, and goes out with the next one, at once")
    func committedMeanwhile() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: upstream)
        let sync = UpstreamSync(of: bench.service, interval: .seconds(60))
        bench.git.afterExchange { [service = bench.service, dev] in
            _ = try await service.write([("late", [1])], at: dev)
        }
        await sync.syncDue()
        let late = try await bench.service.head(of: dev)
        #expect(try await bench.git.branches(at: upstream)["dev"] != late)
        #expect(try await bench.state() == .ahead)
        await sync.syncDue()
        #expect(try await bench.git.branches(at: upstream)["dev"] == late)
        #expect(try await bench.state() == .synced)
    }

    @Test("An upstream is switched when the new one takes everything, else the old one stays")
    func switches() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        let other = "https://git.example.com/other.git"
        bench.git.add(other)
        await expect(.failedDependency, "refuses") {
            try await bench.service.updateProject("sockshop", .init(upstream: try credentials(other, token: "wrong")))
        }
        #expect(try await bench.service.upstream(of: "sockshop")?.credentials?.remoteURL == Self.url)
        #expect(try await bench.secrets.secrets().map(\.secret.name) == ["git-credentials-sockshop"])

        try await bench.service.updateProject("sockshop", .init(upstream: credentials(other)))
        #expect(try await bench.service.upstream(of: "sockshop")?.credentials?.remoteURL == other)
        #expect(try await bench.git.branches(at: credentials(other)).count == 2)
        #expect(try await bench.secrets.secrets().map(\.secret.name) == ["git-credentials-sockshop"])

        try await bench.commit("x", to: "dev", at: Self.url)
        await expect(.conflict, "") {
            try await bench.service.updateProject("sockshop", .init(upstream: try credentials()))
        }
        #expect(try await bench.service.upstream(of: "sockshop")?.credentials?.remoteURL == other)
    }

    @Test("A migration is pushed, and such a project can be imported")
    func migration() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: try credentials())
        try await bench.service.createService("carts", in: "sockshop")
        try await bench.service.updateProject("sockshop", ProjectUpdate(migrates: true))
        await UpstreamSync(of: bench.service).syncDue()
        try await bench.service.deleteProject("sockshop")
        try await bench.service.createProject("copy", shipyard: nil, upstream: try credentials())
        #expect(try await bench.service.services(project: "copy", stage: "dev").map(\.name) == ["carts"])
    }

    @Test("A provisioning service makes the repository and is told when it is not needed any more")
    func provisioning() async throws {
        let bench = try UpstreamBench(provisioningURL: "http://provisioner/secret") { _ in
            IncomingResponse(
                status: 201, body: Array(#"{"gitRemoteURL":"\#(Self.url)","gitToken":"token","gitUser":"u"}"#.utf8))
        }
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]))
        let upstream = try #require(try await bench.service.upstream(of: "sockshop"))
        #expect(upstream.isProvisioned && upstream.credentials?.user == "u")
        try await bench.service.deleteProject("sockshop")
        let asked = bench.requester.requests
        #expect(asked.map(\.method) == ["POST", "DELETE"])
        for request in asked {
            #expect(request.url == "http://provisioner/secret/repository")
            #expect(String(decoding: request.body, as: UTF8.self) == #"{"project":"sockshop","namespace":"keptn"}"#)
        }
    }

    @Test(
        "A provisioning service that fails is an error that keeps its address secret",
        arguments: [IncomingResponse(status: 500), IncomingResponse(status: 201, body: Array("{}".utf8))])
    func provisioningFails(_ answer: IncomingResponse) async throws {
        let bench = try UpstreamBench(provisioningURL: "http://provisioner/secret") { _ in answer }
        let error = await #expect(throws: KeptnError.self) {
            try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]))
        }
        #expect(error?.code == .failedDependency)
        #expect(error?.message.contains("secret") == false)
        #expect(try await bench.files.repositories() == [])
    }

    @Test("A project that is deleted while its upstream is changed leaves no secret behind")
    func deletedMeanwhile() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]))
        bench.git.afterExchange { [service = bench.service] in try await service.deleteProject("sockshop") }
        await expect(.notFound, "sockshop") {
            try await bench.service.updateProject("sockshop", .init(upstream: try credentials()))
        }
        #expect(try await bench.secrets.secrets().isEmpty)
    }

    @Test("A new project never gets what an earlier one of its name has left", arguments: 0..<3)
    func leftBehind(_ steps: Int) async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        try await bench.secrets.save(["git-credentials": "{}"], as: Self.draft)
        let death = Death(after: steps)
        bench.secrets.beforeDeletion { try death.step() }
        try await bench.service.deleteProject("sockshop")
        #expect(try await bench.secrets.secrets().count == 2 - min(steps, 2))
        bench.secrets.beforeDeletion(nil)

        let service = steps == 1 ? try bench.another() : bench.service
        try await service.createProject("sockshop", shipyard: shipyard(["dev"]))
        #expect(try await service.upstream(of: "sockshop") == nil)
        #expect(try await bench.secrets.secrets().isEmpty)
    }

    @Test("A project whose making ended in the middle has its upstream after the next start")
    func interruptedCreation() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        bench.git.afterExchange {
            let next = try bench.another()
            try await next.finishUpstreams()
            #expect(try await next.upstream(of: "sockshop")?.credentials == upstream)
            #expect(try await bench.secrets.secrets().map(\.secret.name) == ["git-credentials-sockshop"])
            let ours = try await next.write([("a", [1])], at: dev)
            await UpstreamSync(of: next).syncDue()
            #expect(try await bench.git.branches(at: upstream)["dev"] == ours)
            throw CancellationError()
        }
        await #expect(throws: CancellationError.self) {
            try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: upstream)
        }
    }

    @Test("An import that ended in the middle is undone at the next start, and can be made again")
    func interruptedImport() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("first", shipyard: shipyard(["dev"]), upstream: upstream)
        let withoutStages = try await bench.git.branches(at: upstream).keys.filter { $0 != "dev" }
        try await bench.git.fetch(withoutStages, of: upstream, asNew: "sockshop")
        let text = upstream.json(withSecrets: true).text
        try await bench.secrets.save(["git-credentials": text, "creation": "import"], as: Self.draft)
        let next = try bench.another()
        try await next.finishUpstreams()
        #expect(try await bench.files.repositories() == ["first"])
        #expect(try await bench.secrets.secrets().map(\.secret.name) == ["git-credentials-first"])
        try await next.createProject("sockshop", shipyard: nil, upstream: upstream)
        #expect(try await next.project("sockshop").shipyard.stages.map(\.name) == ["dev"])
    }

    @Test("A project whose import got to its end is never taken away, whatever draft was left")
    func importedWithDraft() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try credentials()
        try await bench.service.createProject("first", shipyard: shipyard(["dev"]), upstream: upstream)
        try await bench.service.createProject("sockshop", shipyard: nil, upstream: upstream)
        #expect(try await bench.secrets.delete(SecretName("git-credentials-sockshop", scope: Self.draft.scope)))
        let text = upstream.json(withSecrets: true).text
        try await bench.secrets.save(["git-credentials": text, "creation": "import"], as: Self.draft)
        let next = try bench.another()
        try await next.finishUpstreams()
        #expect(try await next.upstream(of: "sockshop")?.credentials == upstream)
        #expect(try await next.project("sockshop").shipyard.stages.map(\.name) == ["dev"])
        #expect(try await bench.secrets.values(of: Self.draft) == nil)
    }

    @Test("A repository that was provisioned for a project which was never made is given back at the next start")
    func interruptedProvisioning() async throws {
        let bench = try UpstreamBench(provisioningURL: "http://provisioner") { _ in IncomingResponse(status: 204) }
        let text = try credentials().json(withSecrets: true).text
        try await bench.secrets.save(
            ["git-credentials": text, "provisioned": "true", "creation": "push"], as: Self.draft)
        try await bench.service.finishUpstreams()
        #expect(bench.requester.requests.map(\.method) == ["DELETE"])
        #expect(try await bench.secrets.secrets().isEmpty)
    }

    @Test("A change of an upstream that ended in the middle leaves the old one, and no secret")
    func interruptedChange() async throws {
        let bench = try UpstreamBench()
        let other = "https://git.example.com/other.git"
        for url in [Self.url, other] { bench.git.add(url) }
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: credentials())
        let next = try bench.another()
        bench.git.afterExchange {
            #expect(try await bench.secrets.values(of: Self.draft) != nil)
            try await next.finishUpstreams()
            #expect(try await bench.secrets.secrets().map(\.secret.name) == ["git-credentials-sockshop"])
            throw CancellationError()
        }
        await #expect(throws: CancellationError.self) {
            try await bench.service.updateProject("sockshop", .init(upstream: try credentials(other)))
        }
        #expect(try await next.upstream(of: "sockshop")?.credentials == credentials())
    }

    private static let draft = SecretName("tmp-git-credentials-sockshop", scope: "keptn-resource-service")
}

/// A process that ends behind so many steps: none that follows is done.
final class Death: Sendable {
    private let left: Mutex<Int>

    init(after steps: Int) { left = Mutex(steps) }

    func step() throws {
        try left.withLock { left in
            guard left > 0 else { throw CancellationError() }
            left -= 1
        }
    }
}
