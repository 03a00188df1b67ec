import CloudEvents
import ConfigurationService
import KeptnModel
import Logging
import Ports
import Testing

/// Stages as folders of one branch, and the way there.
@Suite("The directory layout")
struct LayoutTests {
    private static func bench() async throws -> ConfigurationBench {
        let bench = ConfigurationBench(newLayout: .folders)
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "prod"]))
        try await bench.service.createService("carts", in: "sockshop")
        return bench
    }

    /// A project that was made in one layout and is used in the folder layout now.
    private enum Origin: CaseIterable {
        case created, migrated

        func bench() async throws -> ConfigurationBench {
            if self == .created { return try await LayoutTests.bench() }
            let bench = try await ConfigurationBench.withSockshop()
            try await bench.service.createService("carts", in: "sockshop")
            try await bench.service.updateProject("sockshop", ProjectUpdate(migrates: true))
            return bench
        }
    }

    @Test("Files are written, read, listed and deleted where they belong", arguments: Origin.allCases)
    private func files(origin: Origin) async throws {
        let bench = try await origin.bench()
        let service = bench.service
        for (place, path) in [
            (sockshop, "own.txt"), (dev, "stage.txt"), (devCarts, "keptn/service.txt"),
        ] {
            let commit = try await service.write([(path, Array(path.utf8))], at: place)
            #expect(try await bench.files.head(of: "master", in: "sockshop") == commit)
            let file = try await service.file(path, at: place, commit: nil)
            #expect(file == ConfigurationFile(path: path, bytes: Array(path.utf8), commit: commit))
        }
        let tip = try await service.head(of: dev)
        let all = try await bench.files.paths(under: nil, at: tip, in: "sockshop").map(\.text)
        #expect(
            all == [
                ".keptn-stages/dev/carts/keptn/service.txt", ".keptn-stages/dev/carts/metadata.yaml",
                ".keptn-stages/dev/metadata.yaml", ".keptn-stages/dev/stage.txt",
                ".keptn-stages/prod/carts/metadata.yaml", ".keptn-stages/prod/metadata.yaml", "metadata.yaml",
                "own.txt", "shipyard.yaml",
            ])
        #expect(try await service.list(sockshop, commit: nil).paths == ["metadata.yaml", "own.txt", "shipyard.yaml"])
        #expect(
            try await service.list(dev, commit: nil).paths
                == ["carts/keptn/service.txt", "carts/metadata.yaml", "metadata.yaml", "stage.txt"])
        #expect(try await service.list(devCarts, commit: nil).paths == ["keptn/service.txt", "metadata.yaml"])
        #expect(try await service.services(project: "sockshop", stage: "dev").map(\.name) == ["carts"])
        #expect(try await service.head(of: sockshop) == tip)

        _ = try await service.delete("stage.txt", at: dev)
        #expect(try await service.file("stage.txt", at: dev, commit: nil) == nil)
        #expect(try await service.file("stage.txt", at: dev, commit: tip)?.bytes == Array("stage.txt".utf8))
        try await service.createService("orders", in: "sockshop")
        try await service.deleteService("carts", in: "sockshop")
        for stage in ["dev", "prod"] {
            #expect(try await service.services(project: "sockshop", stage: stage).map(\.name) == ["orders"])
            for (name, exists) in [("orders", true), ("carts", false)] {
                let scope = Scope(project: "sockshop", stage: stage, service: name)
                #expect(try await service.hasService(scope) == exists)
            }
        }
    }

    @Test("A migration brings every file along, happens once, and leaves old commits readable")
    func migration() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        try await bench.service.createService("carts", in: "sockshop")
        let before = try await bench.service.write([("slo.yaml", [1, 0xFF])], at: devCarts)
        let created = try await bench.service.project("sockshop").createdAt
        try await bench.service.updateProject("sockshop", ProjectUpdate(migrates: true))
        let after = try await bench.service.head(of: sockshop)
        for commit in [nil, before, after] {
            let file = try await bench.service.file("slo.yaml", at: devCarts, commit: commit)
            #expect(file?.bytes == [1, 0xFF] && file?.commit == commit ?? after)
        }
        #expect(try await bench.service.project("sockshop").createdAt == created)
        try await bench.service.updateProject("sockshop", ProjectUpdate(migrates: true))
        #expect(try await bench.service.head(of: sockshop) == after)
        #expect(try await bench.log("master").first == "migrated to the directory structure")
    }

    @Test("A webhook file that cannot be used is refused when it is written, with its place")
    func webhooks() async throws {
        let bench = try await Self.bench()
        let path = "webhook/webhook.yaml"
        for place in [sockshop, dev, devCarts] {
            await expect(.invalidInput, "webhook/webhook.yaml:1:") {
                _ = try await bench.service.write([(path, Array("apiVersion: v1\n".utf8))], at: place)
            }
            #expect(try await bench.service.file(path, at: place, commit: nil) == nil)
        }
        _ = try await bench.service.write([("other/webhook.yaml", [1])], at: dev)
    }

    @Test("What is nowhere is said as ever, and a stage's files are not written past it")
    func refusals() async throws {
        let bench = try await Self.bench()
        for (place, name) in [
            (ConfigurationPlace(project: "sockshop", stage: "test"), "'test'"),
            (ConfigurationPlace(project: "sockshop", stage: "../dev"), "'../dev'"),
            (ConfigurationPlace(project: "sockshop", stage: "master"), "'master'"),
            (ConfigurationPlace(project: "sockshop", stage: "dev", service: "orders"), "'orders'"),
        ] {
            await expect(.notFound, name) { _ = try await bench.service.file("a", at: place, commit: nil) }
            await expect(.notFound, name) { _ = try await bench.service.write([("a", [1])], at: place) }
        }
        await expect(.invalidInput, "write it to the stage") {
            _ = try await bench.service.write([(".keptn-stages/dev/a", [1])], at: sockshop)
        }
        await expect(.invalidInput, "Keptn itself") {
            _ = try await bench.service.write([("metadata.yaml", [1])], at: dev)
        }
    }
}
