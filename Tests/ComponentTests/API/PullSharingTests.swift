import CloudEvents
import HTTPTypes
import KeptnModel
import Ports
import Testing

/// Several clients that pull from one subscription.
@Suite("Sharing what is pulled", .timeLimit(.minutes(5)))
struct PullSharingTests {
    private let bench: UniformBench

    init() async throws { bench = try await UniformBench() }

    /// What a client is handed: ids, with a `*` behind those that may have been handed out before.
    private func pull(
        _ client: String, restart: Bool = false, max: Int = 9, types: JSON = ["sh.keptn.event.test.triggered"]
    ) async throws -> [String] {
        let body: JSON = [
            "events": types, "waitSeconds": 0, "client": .string(client), "restart": .bool(restart),
            "max": .integer(max),
        ]
        let answer = try await bench.send(.post, "/api/v1/subscriptions/testers/pull", body.text)
        #expect(answer.status == 200, "\(answer.json)")
        return (answer.json["deliveries"]?.elements ?? []).map {
            ($0["event", "id"]?.stringValue ?? "") + ($0["repeated"] == true ? "*" : "")
        }
    }

    @Test("Who joins, and who begins anew, takes nothing away from the others")
    func joining() async throws {
        #expect(try await pull("a", restart: true) == [])
        try await bench.append("1", "2", "3")
        #expect(try await pull("a", max: 1) == ["1"])
        #expect(try await pull("b", restart: true, max: 1) == ["2"])
        #expect(try await pull("b", restart: true) == ["2*"])
        #expect(try await pull("b") == ["3"])
        #expect(try await pull("a") == [])
        try await bench.settle("a", 1)
        #expect(try await pull("a", restart: true) == [])
    }

    @Test("Who wants to hear something else changes it for all, and takes nothing away")
    func changing() async throws {
        #expect(try await pull("a", restart: true) == [])
        try await bench.append("1")
        #expect(try await pull("a") == ["1"])
        #expect(try await pull("b", restart: true, types: ["sh.keptn.event.>"]) == [])
        #expect(try await pull("a") == [])
        #expect(try await pull("b", types: ["sh.keptn.event.>"]) == [])
    }

    @Test("What one holds that is not heard of for 30 s goes to the others; who pulls or settles is heard of")
    func silence() async throws {
        #expect(try await pull("a", restart: true) == [])
        try await bench.append("1", "2", "3")
        #expect(try await pull("a", max: 2) == ["1", "2"])
        #expect(try await pull("b", restart: true) == ["3"])
        bench.time.advance(by: .seconds(20))
        try await bench.settle("a", 1)
        bench.time.advance(by: .seconds(20))
        #expect(try await pull("b") == [])
        bench.time.advance(by: .seconds(11))
        #expect(try await pull("b") == ["2*"])
        // It was busy, and is there again.
        try await bench.settle("a", 2)
        #expect(try await pull("a") == [])
        bench.time.advance(by: .seconds(31))
        #expect(try await pull("a") == ["3*"])
    }

    @Test("A pull may settle what the one before brought, also when it begins anew")
    func settlingByPulling() async throws {
        func pull(settling positions: JSON, restart: Bool) async throws -> JSON? {
            let body: JSON = [
                "events": ["sh.keptn.event.test.triggered"], "waitSeconds": 0, "restart": .bool(restart),
                "settle": positions,
            ]
            return try await bench.send(.post, "/api/v1/subscriptions/testers/pull", body.text).json["deliveries"]
        }
        #expect(try await pull(settling: [], restart: true) == [])
        try await bench.append("1", "2", "3")
        #expect(try await pull(settling: [], restart: false)?.elements.count == 3)
        #expect(try await pull(settling: [1], restart: false) == [])
        let again = try await pull(settling: [2], restart: true)
        #expect(again?.elements.map { $0["position"] } == [3])
    }

    @Test("Alone, nobody has to hurry")
    func alone() async throws {
        #expect(try await pull("a", restart: true) == [])
        try await bench.append("1")
        #expect(try await pull("a") == ["1"])
        bench.time.advance(by: .seconds(3600))
        #expect(try await pull("a") == [])
        #expect(try await pull("a", restart: true) == ["1*"])
    }
}
