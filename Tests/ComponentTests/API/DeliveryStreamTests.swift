import API
import CloudEvents
import HTTPTypes
import KeptnModel
import Ports
import Testing

/// A durable subscription that is told by a stream.
@Suite("The stream of a subscription", .timeLimit(.minutes(5)))
struct DeliveryStreamTests {
    private let bench: UniformBench

    init() async throws { bench = try await UniformBench() }

    /// The chunks of a newly opened stream.
    private struct Chunks {
        private var iterator: any AsyncIteratorProtocol<[UInt8], any Error>

        init(_ bench: UniformBench, client: String = "a", window: Int = 9) async throws {
            let route = try #require(bench.api.routes.first { $0.path == "/api/v1/subscriptions/{name}/stream" })
            var request = APIRequest(
                parameters: ["name": "testers"],
                query: ["events": "sh.keptn.event.test.triggered", "client": client, "window": "\(window)"])
            request.caller = UniformBench.caller
            let response = try await route.handler(request)
            #expect(response.headers[.contentType] == "text/event-stream")
            iterator = try #require(response.stream).makeAsyncIterator()
            #expect(try await next() == ": open\n\n")
        }

        mutating func next() async throws -> String? {
            try await iterator.next(isolation: nil).map { String(decoding: $0, as: UTF8.self) }
        }

        /// What the next chunk hands out: ids, with a `*` behind those that may have been handed out before.
        mutating func handedOut() async throws -> [String] {
            let text = try #require(try await next())
            return try text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map {
                let delivery = try JSON(parsing: String($0.dropFirst(6)))
                return (delivery["event", "id"]?.stringValue ?? "") + (delivery["repeated"] == true ? "*" : "")
            }
        }
    }

    @Test("It brings no more than the window until something is settled, and goes on from there")
    func window() async throws {
        var chunks = try await Chunks(bench, window: 2)
        try await bench.append("1", "2", "3")
        #expect(try await chunks.handedOut() == ["1", "2"])
        try await bench.settle("a", 1)
        #expect(try await chunks.handedOut() == ["3"])
    }

    @Test("A new stream of the same client brings again what was not settled, and ends the old one")
    func takingOver() async throws {
        var old = try await Chunks(bench)
        try await bench.append("1", "2")
        #expect(try await old.handedOut() == ["1", "2"])
        try await bench.settle("a", 1)
        var new = try await Chunks(bench)
        #expect(try await new.handedOut() == ["2*"])
        #expect(try await old.next() == "event: taken-over\ndata: {}\n\n")
        #expect(try await old.next() == nil)
    }

    @Test("Clients share what there is; what one holds that is not heard of any more goes to the others")
    func sharing() async throws {
        var first = try await Chunks(bench, client: "a", window: 1)
        try await bench.append("1", "2")
        #expect(try await first.handedOut() == ["1"])
        bench.time.advance(by: .seconds(31))
        var second = try await Chunks(bench, client: "b", window: 2)
        #expect(try await second.handedOut() == ["1*"])
        #expect(try await second.handedOut() == ["2"])
        #expect(try await first.next() == nil, "it was silent, and may open another stream")
    }

    @Test("A quiet stream says that it is alive, and by that is heard of")
    func keepAlive() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var chunks = try await Chunks(bench)
                #expect(try await chunks.next() == ": nothing new\n\n")
                try await bench.append("1")
                #expect(try await chunks.handedOut() == ["1"])
            }
            try await bench.time.waitForSleepers(1)
            bench.time.advance(by: .seconds(15))
            try await group.waitForAll()
        }
    }

    @Test("Without event types nobody gets a stream")
    func refusals() async throws {
        let answer = try await bench.send(.get, "/api/v1/subscriptions/testers/stream")
        #expect(answer.status == 400)
        #expect(answer.json["message"] == "field 'events' has to list event types")
    }
}
