import API
import CloudEvents
import ConfigurationService
import Ports
import Testing

@Suite("Deletions that the end of the process interrupts")
struct DeletionsTests {
    private static let url = "https://git.example.com/sockshop.git"
    private static let provisioner = "http://provisioner"

    /// The steps behind the repository's end: the provisioned repository is given back, two secrets go.
    @Test("They are brought to their end at the next start, whatever was done of them", arguments: 0...3)
    func finished(_ steps: Int) async throws {
        let death = Death(after: steps)
        let bench = try UpstreamBench(provisioningURL: Self.provisioner) { request in
            if request.method == "DELETE" { try death.step() }
            return IncomingResponse(
                status: 201, body: Array(#"{"gitRemoteURL":"\#(Self.url)","gitToken":"token","gitUser":"u"}"#.utf8))
        }
        bench.git.add(Self.url)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]))
        bench.secrets.beforeDeletion { try death.step() }
        try await bench.service.deleteProject("sockshop")
        bench.secrets.beforeDeletion(nil)

        let next = try bench.another(provisioningURL: Self.provisioner)
        let api = try await start(next)
        #expect(try await bench.secrets.secrets().isEmpty)
        #expect(try await bench.files.repositories().isEmpty)
        #expect(try await ends(api) == ["succeeded"])
        let asked = bench.requester.requests.map(\.method)
        #expect(asked.first == "POST" && asked.dropFirst().allSatisfy { $0 == "DELETE" } && asked.count >= 2)
        try await api.api.finishDeletions()
        #expect(try await ends(api) == ["succeeded"])
        #expect(bench.requester.requests.count == asked.count)
    }

    @Test("One that had only begun has failed, and the project keeps everything")
    func notBegun() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try GitCredentials(remoteURL: Self.url, user: "keptn", access: .https(.init(token: "token")))
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: upstream)
        let next = try bench.another()
        let api = try await start(next)
        #expect(try await ends(api) == ["errored"])
        #expect(try await next.upstream(of: "sockshop")?.credentials == upstream)
        #expect(try await bench.secrets.secrets().count == 1)
        await expect(.conflict, "exists already") { try await next.finishDeletion(of: "sockshop") }
    }

    @Test("Whose project is missing without a deletion keeps its secret: its folder may come back")
    func missing() async throws {
        let bench = try UpstreamBench()
        bench.git.add(Self.url)
        let upstream = try GitCredentials(remoteURL: Self.url, user: "keptn", access: .https(.init(token: "token")))
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev"]), upstream: upstream)
        try await bench.files.remove("sockshop")
        let api = try await UniformBench(configuration: bench.another())
        try await api.api.finishDeletions()
        #expect(try await bench.secrets.secrets().count == 1)
    }

    /// A server over the same data, whose log says that the deletion has begun.
    private func start(_ configuration: ConfigurationService) async throws -> UniformBench {
        let api = try await UniformBench(configuration: configuration)
        try await api.store.append([
            CloudEvent(
                id: "began", source: "shipyard-controller", type: "sh.keptn.event.project.delete.started",
                time: api.time.now, extensions: ["shkeptncontext": "deletion"], data: .json(["project": "sockshop"]))
        ])
        try await api.api.finishDeletions()
        return api
    }

    private func ends(_ api: UniformBench) async throws -> [String] {
        var query = EventQuery()
        query.type = "sh.keptn.event.project.delete.finished"
        let events = try await api.store.events(query)
        #expect(events.allSatisfy { $0.facts.context == "deletion" && $0.facts.project == "sockshop" })
        return events.compactMap { $0.event.json?["status"]?.stringValue }
    }
}
