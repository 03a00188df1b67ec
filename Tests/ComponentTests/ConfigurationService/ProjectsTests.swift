import CloudEvents
import ConfigurationService
import KeptnModel
import Ports
import Testing

@Suite("ConfigurationService: projects and services")
struct ProjectsTests {
    @Test("A new project has its own branch, one for each stage, and metadata in each")
    func createsProject() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        #expect(try await bench.files.branches(of: "sockshop") == ["dev", "master", "prod"])
        #expect(try await bench.log("master") == ["Updated resource", "initialized project"])
        #expect(try await bench.log("dev") == ["Added stage: dev", "initialized project"])
        #expect(try await bench.service.list(sockshop, commit: nil).paths == ["metadata.yaml", "shipyard.yaml"])
        #expect(try await bench.service.list(dev, commit: nil).paths == ["metadata.yaml"])

        let own = try #require(try await bench.service.file("metadata.yaml", at: sockshop, commit: nil))
        #expect(
            String(decoding: own.bytes, as: UTF8.self) == """
                projectName: "sockshop"
                creationTimestamp: "2023-11-14T22:13:20.000Z"
                isUsingDirectoryStructure: false

                """)
        let stages = try #require(try await bench.service.file("metadata.yaml", at: dev, commit: nil))
        #expect(String(decoding: stages.bytes, as: UTF8.self).contains("stageName: \"dev\"\n"))

        let entry = try await bench.service.project("sockshop")
        #expect(entry.name == "sockshop")
        #expect(entry.createdAt == Timestamp(seconds: 1_700_000_000))
        #expect(entry.shipyard.stages.map(\.name) == ["dev", "prod"])
        #expect(entry.shipyardFile == shipyard(["dev", "prod"]))
        #expect(try await bench.service.projects() == [entry])
    }

    @Test("The default branch can be another one")
    func defaultBranch() async throws {
        let bench = ConfigurationBench(defaultBranch: "main")
        try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "master"]))
        #expect(try await bench.files.branches(of: "sockshop") == ["dev", "main", "master"])
        #expect(try await bench.service.project("sockshop").shipyard.stages.map(\.name) == ["dev", "master"])
    }

    @Test("A project that cannot be is refused, and nothing of it stays")
    func refusesProjects() async throws {
        let bench = ConfigurationBench()
        for name in ["", "Sockshop", "sock shop", "-a", "a-", "../x", "sock.shop", String(repeating: "a", count: 201)] {
            await expect(.invalidInput, "'\(name)'") {
                try await bench.service.createProject(name, shipyard: shipyard(["dev"]))
            }
        }
        let invalid = await #expect(throws: InvalidFile.self) {
            try await bench.service.createProject("sockshop", shipyard: Array("stages: [".utf8))
        }
        #expect(invalid?.diagnostics.first?.file == "shipyard.yaml")
        await expect(.invalidInput, "'master'") {
            try await bench.service.createProject("sockshop", shipyard: shipyard(["dev", "master"]))
        }
        #expect(try await bench.service.projects() == [])
    }

    @Test("A project's name is used once")
    func projectExists() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        await expect(.conflict, "project 'sockshop' exists already") {
            try await bench.service.createProject("sockshop", shipyard: shipyard(["other"]))
        }
        #expect(try await bench.service.project("sockshop").shipyard.stages.map(\.name) == ["dev", "prod"])
    }

    @Test("A deleted project is gone, also from what is remembered, and can be created anew")
    func deletesProject() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let commit = try await bench.service.head(of: dev)
        _ = try await bench.service.file("metadata.yaml", at: dev, commit: commit)
        try await bench.service.deleteProject("sockshop")
        #expect(try await bench.service.projects() == [])
        await expect(.notFound, "'sockshop'") { try await bench.service.deleteProject("sockshop") }
        await expect(.notFound, "'sockshop'") { _ = try await bench.service.project("sockshop") }
        await expect(.notFound, "'sockshop'") {
            _ = try await bench.service.file("metadata.yaml", at: dev, commit: commit)
        }
        await expect(.notFound, "'sockshop'") { _ = try await bench.service.shipyard(of: "sockshop", commit: nil) }
        try await bench.service.createProject("sockshop", shipyard: shipyard(["test"]))
        #expect(try await bench.service.project("sockshop").shipyard.stages.map(\.name) == ["test"])
    }

    @Test("A new shipyard may change everything but the stages' names")
    func updatesShipyard() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let before = try await bench.service.head(of: sockshop)
        let changed = shipyard(["prod", "dev"], task: "release")
        try await bench.service.updateShipyard(of: "sockshop", to: changed)
        let (new, commit) = try await bench.service.shipyard(of: "sockshop", commit: nil)
        #expect(new.stages.first?.sequences.first?.tasks.first?.name == "release")
        #expect(commit != before)
        let (old, oldCommit) = try await bench.service.shipyard(of: "sockshop", commit: before)
        #expect(old.stages.first?.sequences.first?.tasks.first?.name == "deployment")
        #expect(oldCommit == before)

        for stages in [["dev"], ["dev", "prod", "test"], ["dev", "production"]] {
            await expect(.invalidInput, "stage name cannot be changed or removed") {
                try await bench.service.updateShipyard(of: "sockshop", to: shipyard(stages))
            }
            await expect(.invalidInput, "stage name cannot be changed or removed") {
                _ = try await bench.service.write([("/shipyard.yaml", shipyard(stages))], at: sockshop)
            }
        }
        await #expect(throws: InvalidFile.self) {
            try await bench.service.updateShipyard(of: "sockshop", to: Array("nonsense".utf8))
        }
        await expect(.notFound, "'carts'") {
            try await bench.service.updateShipyard(of: "carts", to: shipyard(["dev"]))
        }
        #expect(try await bench.service.project("sockshop").shipyardFile == changed)
    }

    @Test("A shipyard that somebody broke past Keptn hides no project and can be replaced")
    func brokenShipyard() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        try await bench.service.createProject("another", shipyard: shipyard(["dev"]))
        let broken = try NewCommit(
            message: "by hand", author: .keptn, time: Timestamp(seconds: 1_700_000_001),
            changes: [RepositoryPath("shipyard.yaml"): .write(Array("nonsense".utf8))])
        let tip = try await bench.service.head(of: sockshop)
        _ = try await bench.files.commit(broken, to: "master", in: "sockshop", expecting: tip)

        let projects = try await bench.service.projects()
        #expect(projects.map(\.name) == ["another", "sockshop"])
        #expect(projects.last?.shipyard.stages == [])
        #expect(projects.last?.shipyardFile == Array("nonsense".utf8))
        await #expect(throws: InvalidFile.self) { try await bench.service.shipyard(of: "sockshop", commit: nil) }
        await expect(.invalidInput, "dev, prod") {
            try await bench.service.updateShipyard(of: "sockshop", to: shipyard(["dev"]))
        }
        try await bench.service.updateShipyard(of: "sockshop", to: shipyard(["dev", "prod"]))
        #expect(try await bench.service.shipyard(of: "sockshop", commit: nil).shipyard.stages.count == 2)
    }

    @Test("A service is created in every stage and deleted from every stage")
    func services() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        try await bench.service.createService("carts", in: "sockshop")
        try await bench.service.createService("Carts_DB.2", in: "sockshop")
        let created = Timestamp(seconds: 1_700_000_000)
        for stage in ["dev", "prod"] {
            #expect(
                try await bench.service.services(project: "sockshop", stage: stage) == [
                    ServiceEntry(name: "Carts_DB.2", createdAt: created),
                    ServiceEntry(name: "carts", createdAt: created),
                ])
        }
        await expect(.conflict, "'carts'") { try await bench.service.createService("carts", in: "sockshop") }
        _ = try await bench.service.write([("slo.yaml", [1])], at: devCarts)
        try await bench.service.deleteService("carts", in: "sockshop")
        #expect(try await bench.service.services(project: "sockshop", stage: "dev").map(\.name) == ["Carts_DB.2"])
        #expect(try await bench.service.list(dev, commit: nil).paths == ["Carts_DB.2/metadata.yaml", "metadata.yaml"])
        await expect(.notFound, "'carts'") { try await bench.service.deleteService("carts", in: "sockshop") }
        await expect(.notFound, "'carts'") {
            _ = try await bench.service.file("slo.yaml", at: devCarts, commit: nil)
        }
    }

    @Test("A creation that was interrupted between the stages is completed by the next one")
    func completesService() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let half = try NewCommit(
            message: "Added service: carts", author: .keptn, time: Timestamp(seconds: 1_600_000_000),
            changes: [
                RepositoryPath("carts/metadata.yaml"): .write(Array("creationtimestamp: 2020-09-13T12:26:40Z".utf8))
            ])
        let tip = try await bench.service.head(of: dev)
        _ = try await bench.files.commit(half, to: "dev", in: "sockshop", expecting: tip)
        try await bench.service.createService("carts", in: "sockshop")
        let dates = [Timestamp(seconds: 1_600_000_000), Timestamp(seconds: 1_700_000_000)]
        for (stage, date) in zip(["dev", "prod"], dates) {
            #expect(
                try await bench.service.services(project: "sockshop", stage: stage)
                    == [ServiceEntry(name: "carts", createdAt: date)])
        }
    }

    @Test("Names that no service can have are refused with the rule")
    func refusesServices() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        let names = [
            "", "a b", "a/b", ".", "..", ".git", "git~1", "~a", "a\\b", "a:b", String(repeating: "a", count: 44),
        ]
        for name in names {
            await expect(.invalidInput, "'\(name)'") { try await bench.service.createService(name, in: "sockshop") }
            await expect(.notFound, "'\(name)'") { try await bench.service.deleteService(name, in: "sockshop") }
        }
        await expect(.notFound, "'carts'") { try await bench.service.createService("a", in: "carts") }
        await expect(.notFound, "'test'") { _ = try await bench.service.services(project: "sockshop", stage: "test") }
    }
}
