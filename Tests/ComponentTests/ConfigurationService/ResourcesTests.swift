import CloudEvents
import ConfigurationService
import Ports
import Testing

@Suite("ConfigurationService: files")
struct ResourcesTests {
    private func bench() async throws -> ConfigurationBench {
        let bench = try await ConfigurationBench.withSockshop()
        try await bench.service.createService("carts", in: "sockshop")
        return bench
    }

    @Test(
        "A file is written in one commit, read back and deleted",
        arguments: [sockshop, dev, devCarts])
    func writesAndReads(_ place: ConfigurationPlace) async throws {
        let bench = try await bench()
        let first = try await bench.service.write(
            [("/helm/carts.tgz", [0xFF, 0]), ("sl ö.yaml", [1])], at: place)
        #expect(try await bench.service.head(of: place) == first)
        let file = try await bench.service.file("helm/carts.tgz", at: place, commit: nil)
        #expect(file == ConfigurationFile(path: "helm/carts.tgz", bytes: [0xFF, 0], commit: first))
        #expect(try await bench.service.file("/sl ö.yaml", at: place, commit: nil)?.bytes == [1])

        let second = try await bench.service.write([("sl ö.yaml", [2])], at: place)
        #expect(try await bench.service.file("sl ö.yaml", at: place, commit: first)?.bytes == [1])
        #expect(try await bench.service.file("sl ö.yaml", at: place, commit: second)?.bytes == [2])
        #expect(try await bench.service.file("sl ö.yaml", at: place, commit: "")?.bytes == [2])
        #expect(try await bench.service.list(place, commit: nil).paths.contains("helm/carts.tgz"))

        let third = try await bench.service.delete("/helm/carts.tgz", at: place)
        #expect(try await bench.service.file("helm/carts.tgz", at: place, commit: nil) == nil)
        #expect(try await bench.service.file("helm/carts.tgz", at: place, commit: second)?.bytes == [0xFF, 0])
        #expect(try await bench.service.list(place, commit: second).paths.contains("helm/carts.tgz"))
        #expect(try await bench.service.list(place, commit: nil).commit == third)
        #expect(
            try await bench.log(place.stage ?? "master").prefix(3)
                == ["Deleted resources", "Updated resource", "Updated resource"])
        await expect(.notFound, "'helm/carts.tgz'") {
            _ = try await bench.service.delete("helm/carts.tgz", at: place)
        }
        await expect(.notFound, "'helm'") { _ = try await bench.service.delete("helm", at: place) }
    }

    @Test("A service's files lie in its folder of the stage's branch")
    func layout() async throws {
        let bench = try await bench()
        let commit = try await bench.service.write([("slo.yaml", [1])], at: devCarts)
        #expect(try await bench.service.list(devCarts, commit: nil).paths == ["metadata.yaml", "slo.yaml"])
        #expect(
            try await bench.service.list(dev, commit: nil).paths
                == ["carts/metadata.yaml", "carts/slo.yaml", "metadata.yaml"])
        let path = try RepositoryPath("carts/slo.yaml")
        #expect(try await bench.files.read(path, at: commit, in: "sockshop") == [1])
    }

    @Test("Who does not exist is named")
    func unknownPlaces() async throws {
        let bench = try await bench()
        let places: [(ConfigurationPlace, String)] = [
            (ConfigurationPlace(project: "other"), "'other'"),
            (ConfigurationPlace(project: "../x"), "'../x'"),
            (ConfigurationPlace(project: "sockshop", stage: "test"), "'test'"),
            (ConfigurationPlace(project: "sockshop", stage: "master"), "'master'"),
            (ConfigurationPlace(project: "sockshop", stage: ""), "''"),
            (ConfigurationPlace(project: "sockshop", stage: "dev", service: "orders"), "'orders'"),
            (ConfigurationPlace(project: "sockshop", stage: "dev", service: "../carts"), "'../carts'"),
            (ConfigurationPlace(project: "sockshop", stage: "dev", service: ".git"), "'.git'"),
        ]
        for (place, name) in places {
            await expect(.notFound, name) { _ = try await bench.service.file("a", at: place, commit: nil) }
            await expect(.notFound, name) { _ = try await bench.service.head(of: place) }
            await expect(.notFound, name) { _ = try await bench.service.list(place, commit: nil) }
            await expect(.notFound, name) { _ = try await bench.service.write([("a", [1])], at: place) }
            await expect(.notFound, name) { _ = try await bench.service.delete("a", at: place) }
        }
        for place in [sockshop, dev, devCarts] {
            await expect(.notFound, "'abc'") { _ = try await bench.service.file("a", at: place, commit: "abc") }
        }
    }

    @Test("Paths that lead elsewhere, Keptn's own files and empty writes are refused")
    func refusedWrites() async throws {
        let bench = try await bench()
        for path in ["", "/", "../x", "a/../../x", ".git/config", "~/x", "a//b", "a/"] {
            for place in [sockshop, dev, devCarts] {
                await expect(.invalidInput, "path") { _ = try await bench.service.write([(path, [1])], at: place) }
                await expect(.invalidInput, "path") { _ = try await bench.service.delete(path, at: place) }
                await expect(.invalidInput, "path") {
                    _ = try await bench.service.file(path, at: place, commit: nil)
                }
            }
        }
        let own: [(ConfigurationPlace, String)] = [
            (sockshop, "metadata.yaml"), (dev, "/metadata.yaml"), (devCarts, "metadata.yaml"),
            (dev, "carts/metadata.yaml"), (dev, "orders/metadata.yaml"),
        ]
        for (place, path) in own {
            await expect(.invalidInput, "Keptn itself") { _ = try await bench.service.write([(path, [1])], at: place) }
            await expect(.invalidInput, "Keptn itself") { _ = try await bench.service.delete(path, at: place) }
        }
        await expect(.invalidInput, "shipyard.yaml") {
            _ = try await bench.service.delete("shipyard.yaml", at: sockshop)
        }
        await expect(.invalidInput, "no file") { _ = try await bench.service.write([], at: dev) }
        await expect(.invalidInput, "'a'") { _ = try await bench.service.write([("a", [1]), ("/a", [2])], at: dev) }
        await expect(.invalidInput, "'carts'") { _ = try await bench.service.write([("carts", [1])], at: dev) }
        #expect(try await bench.log("dev").first == "Added service: carts")
        #expect(try await bench.log("master").first == "Updated resource")
    }

    @Test("A stage's commit pins the stage's files; of the project's own files the newest count")
    func pinning() async throws {
        let bench = try await bench()
        _ = try await bench.service.write([("slo.yaml", [1])], at: devCarts)
        let pinned = try await bench.service.head(of: dev)
        let before = try await bench.service.head(of: sockshop)
        _ = try await bench.service.write([("slo.yaml", [2])], at: devCarts)
        let after = try await bench.service.write([("slo.yaml", [3])], at: sockshop)
        try await bench.service.createService("orders", in: "sockshop")

        #expect(try await bench.service.file("slo.yaml", at: devCarts, commit: pinned)?.bytes == [1])
        let own = try await bench.service.file("slo.yaml", at: sockshop, commit: pinned)
        #expect(own == ConfigurationFile(path: "slo.yaml", bytes: [3], commit: after))
        #expect(try await bench.service.shipyard(of: "sockshop", commit: pinned).commit == after)
        #expect(bench.files.walkCount == 0, "a stage's commit says so itself")
        #expect(try await bench.service.file("slo.yaml", at: sockshop, commit: before) == nil)
        #expect(bench.files.walkCount == 1)
        let orders = ConfigurationPlace(project: "sockshop", stage: "dev", service: "orders")
        await expect(.notFound, "'orders'") { _ = try await bench.service.file("a", at: orders, commit: pinned) }
    }

    @Test("In a stage that does not say so, as others make them, the newest of the project's own files count, too")
    func pinningToOthersStages() async throws {
        let bench = try await bench()
        let metadata = try RepositoryPath("metadata.yaml")
        let theirs = try NewCommit(
            message: "theirs", author: .keptn, time: Timestamp(seconds: 1_700_000_000),
            changes: [metadata: .write(Array("projectName: sockshop".utf8))])
        let tip = try await bench.service.head(of: dev)
        let pinned = try await bench.files.commit(theirs, to: "dev", in: "sockshop", expecting: tip)
        let newest = try await bench.service.write([("slo.yaml", [1])], at: sockshop)
        #expect(try await bench.service.file("slo.yaml", at: sockshop, commit: pinned)?.commit == newest)
        #expect(bench.files.walkCount == 1)
    }

    @Test("A write that somebody else came before is decided again, up to five times")
    func retries() async throws {
        let bench = try await bench()
        bench.files.interrupt(times: 4)
        let commit = try await bench.service.write([("a", [1])], at: devCarts)
        #expect(try await bench.service.file("a", at: devCarts, commit: commit)?.bytes == [1])
        #expect(
            try await bench.log("dev").prefix(5)
                == ["Updated resource"] + Array(repeating: "somebody else's", count: 4))

        bench.files.interrupt(times: 5)
        await expect(.conflict, "'dev'") { _ = try await bench.service.write([("a", [2])], at: devCarts) }
        #expect(try await bench.service.file("a", at: devCarts, commit: nil)?.bytes == [1])
    }

    @Test("Writers at the same time all land")
    func concurrentWriters() async throws {
        let bench = try await bench()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { _ = try await writeInTheEnd("file-\(number)", to: bench) }
            }
            try await group.waitForAll()
        }
        let paths = try await bench.service.list(devCarts, commit: nil).paths
        #expect(paths.filter { $0.hasPrefix("file-") }.count == 20)
        #expect(try await bench.log("dev").filter { $0 == "Updated resource" }.count == 20)
    }

    @Test("What was read at a commit is not read again")
    func remembers() async throws {
        let bench = try await bench()
        let commit = try await bench.service.write([("slo.yaml", [1])], at: devCarts)
        func readAll() async throws {
            _ = try await bench.service.file("slo.yaml", at: devCarts, commit: commit)
            _ = try await bench.service.file("missing.yaml", at: devCarts, commit: commit)
            _ = try await bench.service.shipyard(of: "sockshop", commit: nil)
            _ = try await bench.service.services(project: "sockshop", stage: "dev")
        }
        try await readAll()
        let count = bench.files.readCount
        for _ in 0..<10 { try await readAll() }
        #expect(bench.files.readCount == count)
    }
}

/// Others may be faster any number of times.
private func writeInTheEnd(_ path: String, to bench: ConfigurationBench) async throws {
    while true {
        do {
            _ = try await bench.service.write([(path, [1])], at: devCarts)
            return
        } catch let error as KeptnError where error.code == .conflict {
            continue
        }
    }
}
