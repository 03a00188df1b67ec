import API
import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports
import Testing

@Suite("The channels of Keptn 0.5", .timeLimit(.minutes(5)))
struct ChannelTests {
    private let change = """
        {"specversion": "0.2", "type": "sh.keptn.events.problem", "source": "cli", "id": "1",
         "contenttype": "application/json", "shkeptncontext": "5f8d5a7e-0000-4000-8000-000000000001",
         "data": {"project": "sockshop", "ProblemTitle": "cpu"}}
        """

    /// Sends the event, and gives the channel that the answer names.
    private func channel(_ bench: UniformBench) async throws -> (token: String, id: String) {
        let answer = try await bench.send(.post, "/api/v1/event", change, headers: [.contentType: "application/json"])
        #expect(answer.status == 200)
        let info = try #require(answer.json["data", "channelInfo"])
        #expect(info["token"] == answer.json["token"] && info["channelID"] == answer.json["keptnContext"])
        #expect(answer.json["specversion"] == "0.2" && answer.json["shkeptncontext"] == info["channelID"])
        return (try #require(info["token"]?.stringValue), try #require(info["channelID"]?.stringValue))
    }

    private func open(_ bench: UniformBench, token: String, channel: String? = nil) async throws -> Conversation {
        let route = try #require(bench.api.sockets.first { $0.path == "/api" })
        var headers = HTTPFields()
        if let name = HTTPField.Name("token") { headers[name] = token }
        if let name = HTTPField.Name("x-keptn-ws-channel-id") { headers[name] = channel }
        return try await route.open(APIRequest(headers: headers))
    }

    private func lines(_ conversation: Conversation) async throws -> [JSON] {
        let told = try #require(conversation.told)
        return try await collect(told)
    }

    private func collect(_ told: some AsyncSequence<[UInt8], any Error>) async throws -> [JSON] {
        var lines: [JSON] = []
        for try await line in told { lines.append(try JSON(parsing: line)) }
        return lines
    }

    @Test("Only who sends CloudEvents 0.2 hears of a channel")
    func answers() async throws {
        let bench = try await UniformBench()
        _ = try await channel(bench)
        let new = change.replacing("\"0.2\"", with: "\"1.0\"").replacing("\"id\": \"1\"", with: "\"id\": \"2\"")
        let answer = try await bench.send(.post, "/api/v1/event", new, headers: [.contentType: "application/json"])
        #expect(answer.json.members.map(\.key) == ["keptnContext"])
    }

    @Test("A service's line is stored and told to whoever follows, who hears nothing of other projects")
    func talk() async throws {
        let bench = try await UniformBench()
        let (token, id) = try await channel(bench)
        let service = try await open(bench, token: token)
        #expect(service.told == nil)
        let line = #"{"specversion":"0.2","type":"sh.keptn.events.log","source":"s","id":"l1","#
        try await service.hear(Array(#"\#(line)"data":{"message":"half of it","logLevel":"INFO"}}"#.utf8))
        var foreign = CloudEvent(id: "f", source: "s", type: "sh.keptn.events.log", time: bench.time.now)
        foreign.keptnContext = id
        foreign.data = .json(["project": "secret", "message": "not for you"])
        try await bench.store.append([foreign])

        let heard = try await lines(try await open(bench, token: token, channel: id))
        #expect(heard.map { $0["data", "message"] } == ["half of it", "it is done"])
        #expect(heard.map { $0["data", "terminate"]?.boolValue ?? false } == [false, true])
        #expect(heard.allSatisfy { $0["shkeptncontext"] == .string(id) && $0["specversion"] == "0.2" })
    }

    @Test(
        "What is no line of this channel is refused",
        arguments: [
            ("hello", "sh.keptn.events.log"), (#"{"type":"sh.keptn.event.x.finished","data":{"message":""}}"#, "log"),
            (#"{"type":"sh.keptn.events.log","data":{}}"#, "data.message"),
            (#"{"type":"sh.keptn.events.log","shkeptncontext":"other","data":{"message":""}}"#, "other"),
        ])
    func wrongLines(_ text: String, _ says: String) async throws {
        let bench = try await UniformBench()
        let service = try await open(bench, token: try await channel(bench).token)
        let error = await #expect(throws: KeptnError.self) { try await service.hear(Array(text.utf8)) }
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    @Test("A token opens its own channel, for a day, unchanged")
    func tokens() async throws {
        let bench = try await UniformBench()
        let (token, id) = try await channel(bench)
        let other = await #expect(throws: KeptnError.self) { _ = try await open(bench, token: token, channel: "x") }
        #expect(other?.code == .forbidden)
        let changed = token.prefix { $0 != "." } + ".e30." + token.split(separator: ".")[2]
        for wrong in ["", "x", "a.b.c", String(changed), "first"] {
            let error = await #expect(throws: KeptnError.self, "\(wrong)") {
                _ = try await open(bench, token: wrong, channel: id)
            }
            #expect(error?.code == .unauthorized)
        }
        bench.time.advance(by: .seconds(86_401))
        let late = await #expect(throws: KeptnError.self) { _ = try await open(bench, token: token, channel: id) }
        #expect(late?.message.contains("expired") == true)
    }
}
