import ConfigurationService
import Ports
import Testing

@Suite("ConfigurationService: turns")
struct ProjectTurnsTests {
    @Test("A hundred services that are created at once are all there")
    func manyAtOnce() async throws {
        let bench = try await ConfigurationBench.withSockshop()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { try await bench.service.createService("service-\(number)", in: "sockshop") }
            }
            try await group.waitForAll()
        }
        for stage in ["dev", "prod"] {
            #expect(try await bench.service.services(project: "sockshop", stage: stage).count == 100)
        }
    }

    @Test("Turns of one project follow each other, those of two do not wait, and a failed one gives its turn back")
    func turns() async throws {
        let turns = ProjectTurns()
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try? await turns.with("shop") {
                        #expect(await inside.enter() == 1)
                        await Task.yield()
                        await inside.leave()
                        if number.isMultiple(of: 3) { throw KeptnError(.notFound, "a failed change") }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await turns.with("shop") { try await turns.with("other") {} }
    }

    @Test("Too many that wait are refused")
    func bound() async throws {
        let turns = ProjectTurns(waitingMax: 0)
        try await turns.with("shop") {
            await expect(.unavailable, "project 'shop'") { try await turns.with("shop") {} }
        }
    }
}

/// How many have the turn.
private actor Inside {
    private var count = 0

    func enter() -> Int {
        count += 1
        return count
    }

    func leave() { count -= 1 }
}
