import CloudEvents
import ConfigurationService
import KeptnModel
import Ports
import Testing

@Suite("Lists of services", .timeLimit(.minutes(5)))
struct ServiceListTests {
    private static let many = (0..<50).map { "service-\($0)" }.sorted()

    private func bench() async throws -> ConfigurationBench {
        let bench = try await ConfigurationBench.withSockshop()
        for name in Self.many { try await bench.service.createService(name, in: "sockshop") }
        return bench
    }

    /// The names of dev's services, and how often something was read for them.
    private func list(_ service: ConfigurationService, _ bench: ConfigurationBench) async throws -> ([String], Int) {
        let before = bench.files.readCount
        let names = try await service.services(project: "sockshop", stage: "dev").map(\.name)
        return (names, bench.files.readCount - before)
    }

    @Test("However many there are, they are listed with the same few reads: new ones, after a commit, after a start")
    func reads() async throws {
        let bench = try await bench()
        let (names, first) = try await list(bench.service, bench)
        #expect(names == Self.many && first <= 3)
        _ = try await bench.service.write(
            [("slo.yaml", [1])], at: ConfigurationPlace(project: "sockshop", stage: "dev", service: "service-7"))
        let (same, changed) = try await list(bench.service, bench)
        #expect(same == Self.many && changed <= 4, "the stage, its kind, the one service: \(changed)")
        let (again, started) = try await list(bench.restarted, bench)
        #expect(again == Self.many && started <= 3, "\(started)")
    }

    @Test("What others commit counts: services that come, folders that are none, services that go")
    func others() async throws {
        let bench = try await bench()
        func commit(_ changes: [RepositoryPath: FileChange]) async throws {
            let commit = try NewCommit(
                message: "theirs", author: .keptn, time: Timestamp(seconds: 1_700_000_000), changes: changes)
            let tip = try await bench.service.head(of: dev)
            _ = try await bench.files.commit(commit, to: "dev", in: "sockshop", expecting: tip)
        }
        try await commit([RepositoryPath("new/metadata.yaml"): .write([]), RepositoryPath("tests/plan"): .write([])])
        #expect(try await list(bench.service, bench).0 == ["new"] + Self.many)
        try await commit([RepositoryPath("service-0"): .remove, RepositoryPath("new/metadata.yaml"): .remove])
        #expect(try await list(bench.service, bench).0 == Array(Self.many.dropFirst()))
        #expect(try await list(bench.restarted, bench).0 == Array(Self.many.dropFirst()))
    }

    @Test("Whether there is one service costs the same few reads, whatever was committed to the others")
    func one() async throws {
        let bench = try await bench()
        func has(_ name: String, stage: String = "dev") async throws -> Bool {
            try await bench.service.hasService(Scope(project: "sockshop", stage: stage, service: name))
        }
        for name in Self.many {
            let place = ConfigurationPlace(project: "sockshop", stage: "dev", service: name)
            _ = try await bench.service.write([("slo.yaml", [1])], at: place)
        }
        let before = bench.files.readCount
        #expect(try await has("service-7"))
        #expect(bench.files.readCount - before <= 2, "the kind of the stage, and the service")
        for name in ["nope", "", "..", "a/b"] { #expect(try await has(name) == false, "'\(name)'") }
        try await bench.service.deleteService("service-7", in: "sockshop")
        #expect(try await has("service-7") == false)
        await expect(.notFound, "'test'") { _ = try await has("service-7", stage: "test") }
        await expect(.notFound, "'nope'") {
            _ = try await bench.service.hasService(Scope(project: "nope", stage: "dev", service: "carts"))
        }
    }

    @Test("A project that is made anew has nothing of the one before")
    func anew() async throws {
        let bench = try await bench()
        try await bench.service.deleteProject("sockshop")
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        #expect(try await list(bench.service, bench).0 == [])
    }
}
