import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Ports
import ProcessService
import Testing

@Suite("ProcessService: the tasks as events", .timeLimit(.minutes(5)))
struct ProcessTasksTests {
    let world = ProcessWorld()
    let scope = Scope(project: "sockshop", stage: "staging", service: "carts")

    @Test("A deployment is answered with its addresses, its name and its commit")
    func deployment() async throws {
        let answer = try await deploy(strategy: "duplicate")
        #expect(answer.result == .pass)
        #expect(answer.message == "Successfully deployed")
        let address = try #require(try await world.service.addresses(of: scope)[.canary]).local
        #expect(
            answer.data == [
                "deployment": [
                    "deploymentstrategy": "blue_green_service", "deploymentURIsLocal": [.string(address)],
                    "deploymentURIsPublic": [.string(address)], "deploymentNames": ["canary"], "gitCommit": "c1",
                ]
            ])
    }

    @Test("A release keeps the result and tells the primary's address", arguments: KeptnResult.allCases)
    func release(_ result: KeptnResult) async throws {
        _ = try await deploy(strategy: "blue_green_service")
        let answer = try await world.service.perform(
            "release", in: scope, data: ["result": .string(result.rawValue)], commit: nil)
        #expect(answer.result == result)
        #expect(answer.message == "Finished release")
        let names = answer.data["deployment"]?["deploymentNames"]
        #expect(names == (result == .fail ? nil : ["primary"]))
    }

    @Test("A rollback says whether there was anything to drop")
    func rollback() async throws {
        _ = try await deploy(strategy: "blue_green_service")
        for message in ["Finished rollback", "Finished rollback: there was no canary"] {
            let answer = try await world.service.perform("rollback", in: scope, data: ["result": "fail"], commit: nil)
            #expect(answer == .pass(message))
        }
    }

    private func deploy(strategy: String) async throws -> TaskOutcome {
        let image = try await world.artifact("v1")
        return try await world.service.perform(
            "deployment", in: scope,
            data: [
                "deployment": ["deploymentstrategy": .string(strategy)],
                "configurationChange": ["values": ["image": .string(image)]],
            ], commit: "c1")
    }
}
