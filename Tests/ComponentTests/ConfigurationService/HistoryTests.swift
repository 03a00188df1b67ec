import ConfigurationService
import Ports
import Testing

@Suite("ConfigurationService: the history of files")
struct HistoryTests {
    @Test("Only commits that changed the file count, in both layouts", arguments: [Layout.branches, .folders])
    func history(_ layout: Layout) async throws {
        let bench = ConfigurationBench(newLayout: layout)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        try await bench.service.createService("carts", in: "sockshop")
        let first = try await bench.service.write([("slo.yaml", [1])], at: devCarts)
        _ = try await bench.service.write([("other.yaml", [1])], at: devCarts)
        let prod = ConfigurationPlace(project: "sockshop", stage: "prod", service: "carts")
        _ = try await bench.service.write([("slo.yaml", [9])], at: prod)
        let second = try await bench.service.write([("slo.yaml", [2])], at: devCarts)
        let last = try await bench.service.delete("slo.yaml", at: devCarts)
        let found = try await bench.service.history(of: "/slo.yaml", at: devCarts, limit: 10)
        #expect(found.map(\.commit) == [last, second, first])
        #expect(found.map(\.isDeletion) == [true, false, false])
        #expect(found.map(\.message) == ["Deleted resources", "Updated resource", "Updated resource"])
        #expect(try await bench.service.history(of: "slo.yaml", at: devCarts, limit: 1).map(\.commit) == [last])
        #expect(try await bench.service.history(of: "none.yaml", at: devCarts, limit: 10).isEmpty)
        let shipyard = try await bench.service.history(of: "shipyard.yaml", at: sockshop, limit: 10)
        #expect(shipyard.count == 1)
    }

    @Test("Whose history is nowhere is named")
    func unknown() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        await expect(.notFound, "'carts'") {
            _ = try await bench.service.history(of: "slo.yaml", at: devCarts, limit: 1)
        }
    }
}
