import API
import AsyncHTTPClient
import CloudEvents
import Core
import HTTPServing
import HTTPTypes
import KeptnModel
import Logging
import NIOCore
import Ports
import ServiceLifecycle
import Testing

@Suite("The live stream", .timeLimit(.minutes(5)))
struct StreamTests {
    private func event(
        _ id: String, type: String = "sh.keptn.event.test.finished", stage: String = "dev", context: String = "c"
    ) -> CloudEvent {
        var event = CloudEvent(id: id, source: "test", type: type, time: Timestamp(seconds: 1000))
        event.keptnContext = context
        event.data = .json(["project": "sockshop", "stage": .string(stage), "service": "carts"])
        return event
    }

    /// The stream's chunks as text.
    private struct Chunks {
        private var iterator: any AsyncIteratorProtocol<[UInt8], any Error>

        init(
            _ bench: UniformBench, query: [String: String] = [:], lastEventID: String? = nil,
            caller: Caller = Caller(name: "first", grant: .admin)
        ) async throws {
            let route = try #require(bench.api.routes.first { $0.path == "/api/v1/stream" })
            var headers = HTTPFields()
            if let name = HTTPField.Name("last-event-id") { headers[name] = lastEventID }
            var request = APIRequest(query: query, headers: headers)
            request.caller = caller
            let response = try await route.handler(request)
            #expect(response.headers[.contentType] == "text/event-stream")
            let stream = try #require(response.stream)
            iterator = stream.makeAsyncIterator()
        }

        mutating func next() async throws -> String {
            let chunk = try await iterator.next(isolation: nil)
            return String(decoding: try #require(chunk), as: UTF8.self)
        }
    }

    @Test("What comes is told with its position, its type and itself")
    func live() async throws {
        let bench = try await UniformBench()
        try await bench.store.append([event("before")])
        var chunks = try await Chunks(bench)
        #expect(try await chunks.next() == "retry: 2000\nid: 1\n\n")
        try await bench.store.append([event("a")])
        let text = try await chunks.next()
        #expect(text.hasPrefix("id: 2\nevent: sh.keptn.event.test.finished\ndata: {"))
        #expect(text.hasSuffix("}\n\n"))
        let data = try #require(text.split(separator: "\n").last).dropFirst("data: ".count)
        #expect(try JSON(parsing: String(data))["id"] == "a")
    }

    @Test("Who is limited to projects hears of those, and of no other when they ask for it")
    func limited() async throws {
        let bench = try await UniformBench()
        func told(_ id: String, in project: String) -> CloudEvent {
            var event = event(id)
            event.data = .json(["project": .string(project), "stage": "dev", "service": "carts"])
            return event
        }
        func caller(_ projects: Set<String>) -> Caller {
            Caller(name: "some", grant: Grant(scopes: [.eventsRead], projects: projects))
        }
        try await bench.store.append([told("a", in: "shop"), told("b", in: "other"), told("c", in: "sockshop")])
        var chunks = try await Chunks(bench, lastEventID: "0", caller: caller(["shop", "sockshop"]))
        _ = try await chunks.next()
        let text = try await chunks.next()
        #expect(text.contains("\"a\"") && text.contains("\"c\"") && !text.contains("\"b\""))
        for (projects, query) in [(["shop"], ["project": "other"]), ([], [:])] as [(Set<String>, [String: String])] {
            let error = await #expect(throws: KeptnError.self) {
                _ = try await Chunks(bench, query: query, caller: caller(projects))
            }
            #expect(error?.code == .forbidden)
        }
    }

    @Test("A client that comes again gets what it missed, from memory and from the beginning")
    func resuming() async throws {
        let bench = try await UniformBench()
        try await bench.store.append((1...600).map { event("\($0)") })
        for (id, first) in [("0", 1), ("1", 2), ("599", 600)] {
            var chunks = try await Chunks(bench, lastEventID: id)
            _ = try await chunks.next()
            #expect(try await chunks.next().hasPrefix("id: \(first)\n"))
        }
        var ids: [Substring] = []
        var chunks = try await Chunks(bench, query: ["lastEventId": "0"])
        while ids.count < 601 {
            ids += try await chunks.next().split(separator: "\n").filter { $0.hasPrefix("id: ") }.map {
                $0.dropFirst(4)
            }
        }
        #expect(ids == (0...600).map { Substring("\($0)") })
        var ahead = try await Chunks(bench, lastEventID: "900")
        #expect(try await ahead.next().contains("id: 600\n"), "an id of another log counts as the newest")
        await #expect(throws: KeptnError.self) { _ = try await Chunks(bench, lastEventID: "x") }
    }

    @Test(
        "Filters let through what they name",
        arguments: [
            (["type": "sh.keptn.event.*.started"], "3"), (["stage": "prod"], "2"), (["keptnContext": "d"], "4"),
            (["project": "sockshop", "service": "carts"], "1"), (["type": "sh.keptn.event.test.finished"], "1"),
        ])
    func filters(query: [String: String], id: String) async throws {
        let bench = try await UniformBench()
        try await bench.store.append([
            event("1"), event("2", stage: "prod"), event("3", type: "sh.keptn.event.test.started"),
            event("4", context: "d"),
        ])
        var chunks = try await Chunks(bench, query: query, lastEventID: "0")
        _ = try await chunks.next()
        #expect(try await chunks.next().hasPrefix("id: \(id)\n"))
    }

    @Test("A quiet stream says that it is alive")
    func keepAlive() async throws {
        let bench = try await UniformBench()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var chunks = try await Chunks(bench)
                _ = try await chunks.next()
                #expect(try await chunks.next() == "id: 0\n: nothing new\n\n")
                try await bench.store.append([event("a")])
                #expect(try await chunks.next().hasPrefix("id: 1\n"))
            }
            try await bench.time.waitForSleepers(1)
            bench.time.advance(by: .seconds(15))
            try await group.waitForAll()
        }
    }

    @Test("So does one to which only what it does not want comes, and it is told how far it is")
    func keepAliveAmongOthers() async throws {
        let bench = try await UniformBench()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var chunks = try await Chunks(bench, query: ["stage": "prod"])
                _ = try await chunks.next()
                let sign = try await chunks.next()
                #expect(sign.hasPrefix("id: ") && sign.hasSuffix("\n: nothing new\n\n"))
                try await bench.store.append([event("wanted", stage: "prod")])
                #expect(try await chunks.next().hasPrefix("id: 2001\n"))
            }
            try await bench.time.waitForSleepers(1)
            bench.time.advance(by: .seconds(10))
            try await bench.store.append((1...2000).map { event("\($0)") })
            bench.time.advance(by: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test(
        "Who would rather look anew than hear of too much is told that something was skipped",
        arguments: [
            ("0", "600", "id: 0\n", "id: 1\n"),
            ("0", "599", "id: 600\nevent: skipped\ndata: {\"from\":0,\"to\":600}\n", nil),
            ("600", "0", "id: 600\n", nil),
            ("900", "600", "id: 600\nevent: skipped\ndata: {\"from\":900,\"to\":600}\n", nil),
        ] as [(String, String, String, String?)])
    func skipping(last: String, most: String, beginning: String, next: String?) async throws {
        let bench = try await UniformBench()
        try await bench.store.append((1...600).map { event("\($0)") })
        var chunks = try await Chunks(bench, query: ["lastEventId": last, "missedMax": most])
        #expect(try await chunks.next() == "retry: 2000\n\(beginning)\n")
        try await bench.store.append([event("new")])
        #expect(try await chunks.next().hasPrefix(next ?? "id: 601\n"))
        await #expect(throws: KeptnError.self) {
            _ = try await Chunks(bench, query: ["lastEventId": last, "missedMax": "-1"])
        }
    }

    @Test("Data on several lines stays one event")
    func lineBreaks() async throws {
        let bench = try await UniformBench()
        var odd = event("a")
        odd.data = .json(try JSON(parsing: "{\n\"project\":\r\n\"sockshop\"\n}"))
        try await bench.store.append([odd])
        var chunks = try await Chunks(bench, lastEventID: "0")
        _ = try await chunks.next()
        let lines = try await chunks.next().split(separator: "\n")
        #expect(lines.prefix(2) == ["id: 1", "event: sh.keptn.event.test.finished"])
        #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("data: ") })
        let data = lines.dropFirst(2).map { $0.dropFirst(6) }.joined(separator: "\n")
        #expect(try JSON(parsing: data)["data", "project"] == "sockshop")
    }

    @Test("Over HTTP events come as they happen, and a graceful stop of the server ends the stream")
    func overHTTP() async throws {
        let bench = try await UniformBench()
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let serving = HTTPServing(
            host: "127.0.0.1", port: 0, routes: bench.api.routes, requests: RequestStatistics(),
            admit: { _, _ in UniformBench.caller }, logger: UniformBench.logger
        ) { port.yield($0) }
        let services = ServiceGroup(services: [serving], logger: UniformBench.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            for await number in ports {
                let request = HTTPClientRequest(url: "http://127.0.0.1:\(number)/api/v1/stream")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                var text = ""
                for try await chunk in response.body {
                    text += String(buffer: chunk)
                    if text.hasSuffix("id: 0\n\n") { try await bench.store.append([event("a")]) }
                    if text.contains("id: 1\n") { await services.triggerGracefulShutdown() }
                }
                #expect(text.hasSuffix("\n\n"))
                #expect(text.contains("event: sh.keptn.event.test.finished\n"))
                break
            }
            try await group.waitForAll()
        }
    }
}
