import ConfigurationService
import Ports
import Testing

@Suite("Charts among a service's files")
struct ChartsTests {
    private func bench() async throws -> ConfigurationBench {
        let bench = ConfigurationBench(charts: InMemoryCharts())
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        try await bench.service.createService("carts", in: "sockshop")
        return bench
    }

    private func chart(_ files: [String: String]) async throws -> [UInt8] {
        let pairs = try files.map { (try RepositoryPath($0.key), Array($0.value.utf8)) }
        return try await InMemoryCharts().archive(ofChart: "carts", Dictionary(pairs) { $1 })
    }

    @Test("A chart lies unpacked in Git, and comes back packed")
    func bothWays() async throws {
        let bench = try await bench()
        let first = try await chart(["Chart.yaml": "v1", "templates/a.yaml": "a"])
        let commit = try await bench.service.write([("helm/carts.tgz", first)], at: devCarts)
        #expect(
            try await bench.service.list(devCarts, commit: nil).paths
                == ["helm/carts/Chart.yaml", "helm/carts/templates/a.yaml", "metadata.yaml"])
        #expect(try await bench.service.file("helm/carts.tgz", at: devCarts, commit: nil)?.bytes == first)

        // What is no longer in the chart is gone, also a file that somebody had put beside it.
        _ = try await bench.service.write([("helm/carts/own.yaml", [1])], at: devCarts)
        let second = try await chart(["Chart.yaml": "v2"])
        _ = try await bench.service.write([("helm/carts.tgz", second), ("b", [2])], at: devCarts)
        #expect(
            try await bench.service.list(devCarts, commit: nil).paths
                == ["b", "helm/carts/Chart.yaml", "metadata.yaml"])
        let read = try await bench.service.file("/helm/carts.tgz", at: devCarts, commit: nil)
        #expect(read?.bytes == second && read?.path == "helm/carts.tgz")
        #expect(try await bench.service.file("helm/carts.tgz", at: devCarts, commit: commit)?.bytes == first)

        _ = try await bench.service.delete("helm/carts.tgz", at: devCarts)
        #expect(try await bench.service.list(devCarts, commit: nil).paths == ["b", "metadata.yaml"])
        #expect(try await bench.service.file("helm/carts.tgz", at: devCarts, commit: nil) == nil)
        await expect(.notFound, "helm/carts.tgz") {
            _ = try await bench.service.delete("helm/carts.tgz", at: devCarts)
        }
    }

    @Test("Archives that are no service's chart stay as they are")
    func others() async throws {
        let bench = try await bench()
        for (place, path) in [(dev, "helm/carts.tgz"), (sockshop, "helm/carts.tgz"), (devCarts, "data.tgz")] {
            _ = try await bench.service.write([(path, [1, 2])], at: place)
            #expect(try await bench.service.file(path, at: place, commit: nil)?.bytes == [1, 2])
        }
    }

    @Test("What is no chart is refused, and a file cannot come twice")
    func refused() async throws {
        let bench = try await bench()
        await expect(.invalidInput, "the chart cannot be used") {
            _ = try await bench.service.write([("helm/carts.tgz", [1])], at: devCarts)
        }
        let chart = try await chart(["Chart.yaml": "v1"])
        await expect(.invalidInput, "'helm/carts/Chart.yaml' is in the list and in 'helm/carts.tgz'") {
            _ = try await bench.service.write(
                [("helm/carts.tgz", chart), ("helm/carts/Chart.yaml", [1])], at: devCarts)
        }
    }
}
