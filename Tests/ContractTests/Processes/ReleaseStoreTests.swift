import Core
import FoundationEssentials
import KeptnModel
import Ports
import ProcessRuntime
import TestSupport
import Testing

@Suite("ReleaseStore: the contract")
struct ReleaseStoreTests {
    @Test("What was saved is loaded, by another one too, until it is removed")
    func files() async throws {
        try await withTemporaryFolder { folder in
            try await contract(FileReleaseStore(folder: folder, ids: RandomIDs())) {
                FileReleaseStore(folder: folder, ids: RandomIDs())
            }
        }
    }

    @Test("The double keeps to the contract")
    func memory() async throws {
        let store = InMemoryReleaseStore()
        try await contract(store) { store }
    }

    @Test("An entry that cannot be read is named, the others are there")
    func unreadable() async throws {
        try await withTemporaryFolder { folder in
            let store = FileReleaseStore(folder: folder, ids: RandomIDs())
            try await store.save(Release(scope: scope("carts")))
            try await store.save(Release(scope: scope("orders")))
            try "{".write(toFile: "\(folder)/sockshop/dev/orders/state.json", atomically: false, encoding: .utf8)
            let (releases, problems) = try await store.all()
            #expect(releases.map(\.scope.service) == ["carts"])
            #expect(problems.count == 1)
            #expect(problems.first?.message.contains("orders/state.json") == true)
        }
    }

    @Test("A name that would be another path is refused", arguments: ["..", "a/b", ""])
    func badName(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let store = FileReleaseStore(folder: folder, ids: RandomIDs())
            let error = await #expect(throws: KeptnError.self) { try await store.save(Release(scope: scope(name))) }
            #expect(error?.code == .invalidInput)
        }
    }

    private func contract(_ store: any ReleaseStore, reopened: () -> any ReleaseStore) async throws {
        #expect(try await store.load(scope("carts")) == nil)
        #expect(try await store.all().releases.isEmpty)
        var release = Release(scope: scope("carts"))
        release.primaryPort = 12_345
        release.canary = Deployment(
            id: "d1", strategy: .blueGreen,
            artifact: try #require(ArtifactReference(name: "carts", digest: String(repeating: "0", count: 64))),
            spec: ProcessSpec(command: "./carts", environment: ["A": "b"], gracefulStop: .milliseconds(1500)),
            gitCommit: "c1", replicas: [Replica(port: 1, process: ProcessHandle(pid: 2, startTicks: .max))])
        try await store.save(release)
        #expect(try await reopened().load(scope("carts")) == release)
        release.canary = nil
        try await store.save(release)
        #expect(try await reopened().all().releases == [release])
        try await store.remove(scope("carts"))
        #expect(try await reopened().load(scope("carts")) == nil)
        try await store.remove(scope("carts"))
    }

    private func scope(_ service: String) -> Scope { Scope(project: "sockshop", stage: "dev", service: service) }
}
