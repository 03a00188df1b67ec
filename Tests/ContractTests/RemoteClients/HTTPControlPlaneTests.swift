import CloudEvents
import KeptnKit
import KeptnModel
import Logging
import Ports
import RemoteClients
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct HTTPControlPlaneTests {
    private let time = ManualTime()
    private let interest = Interest(
        name: "my deployer", patterns: ["sh.keptn.event.deployment.triggered"], projects: ["sockshop"], window: 8)

    private func plane(_ requester: InMemoryHTTPRequester) -> HTTPControlPlane {
        HTTPControlPlane(
            endpoint: "http://keptn/api/", token: "secret", requester: requester, time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, random: { 0 })
    }

    private func event(_ id: String) -> CloudEvent {
        CloudEvent(
            keptn: .task(name: "deployment", kind: .finished), id: id, source: "s", time: Timestamp(seconds: 1),
            context: "c", triggeredID: "t-\(id)", data: ["project": "sockshop"])
    }

    private func answer(_ status: Int = 200, _ body: JSON = .emptyObject) -> IncomingResponse {
        IncomingResponse(status: status, body: Array(body.bytes))
    }

    private func json(_ request: OutgoingRequest) throws -> JSON { try JSON(parsing: request.body) }

    /// A stream with a delivery at each of these positions.
    private func stream(_ positions: Int...) -> IncomingResponse {
        let messages = positions.map { position in
            let delivery: JSON = [
                "position": .integer(position), "event": event("\(position)").structured,
                "repeated": position == 1 ? true : nil,
            ]
            return "id: \(position)\ndata: \(delivery.text)\n\n"
        }
        return IncomingResponse(status: 200, body: Array((": open\n\n" + messages.joined()).utf8))
    }

    @Test("The stream says what the subscription is to hear, and by whom")
    func opening() async throws {
        let requester = InMemoryHTTPRequester { [self] _ in stream(1) }
        let subscription = try await plane(requester).subscribe(interest)
        #expect(
            try await subscription.receive(upTo: 5)
                == [ReceivedEvent(position: 1, event: event("1"), isRepeated: true)])
        let request = try #require(requester.requests.first)
        #expect(requester.requests.count == 1)
        #expect(request.method == "GET")
        #expect(request.headers == ["x-token": "secret", "accept": "text/event-stream"])
        #expect(
            request.url == "http://keptn/api/v1/subscriptions/my%20deployer/stream"
                + "?events=sh.keptn.event.deployment.triggered&projects=sockshop&window=8")
    }

    @Test("What came is handed out in the asked portions; the end of the stream says that trying again may help")
    func portions() async throws {
        let requester = InMemoryHTTPRequester { [self] _ in stream(1, 2, 3) }
        let subscription = try await plane(requester).subscribe(interest)
        #expect(try await subscription.receive(upTo: 2).map(\.position) == [1, 2])
        #expect(try await subscription.receive(upTo: 2).map(\.position) == [3])
        let error = await #expect(throws: ControlPlaneError.self) { try await subscription.receive(upTo: 2) }
        #expect(error?.kind == .unavailable)
    }

    @Test("Who has lost the subscription to somebody else hears so; what is no delivery is rejected")
    func ends() async throws {
        for (text, kind) in [
            ("event: taken-over\ndata: {}\n\n", ControlPlaneError.Kind.takenOver), ("data: {}\n\n", .rejected),
        ] {
            let requester = InMemoryHTTPRequester { _ in IncomingResponse(status: 200, body: Array(text.utf8)) }
            let subscription = try await plane(requester).subscribe(interest)
            let error = await #expect(throws: ControlPlaneError.self) { try await subscription.receive(upTo: 1) }
            #expect(error?.kind == kind)
        }
    }

    @Test("A stream that is refused says why")
    func refusal() async throws {
        let requester = InMemoryHTTPRequester { [self] _ in answer(403, ["message": "not yours"]) }
        let error = await #expect(throws: ControlPlaneError.self) { try await plane(requester).subscribe(interest) }
        #expect(error == ControlPlaneError(.rejected, "Keptn answered 403: not yours"))
    }

    @Test("Positions and events are settled in one call")
    func settling() async throws {
        let requester = InMemoryHTTPRequester { [self] _ in answer() }
        let subscription = try await plane(requester).subscribe(interest)
        try await subscription.settle([7, 9], sending: [event("1")])
        let request = try #require(requester.requests.last)
        #expect(request.url == "http://keptn/api/v1/subscriptions/my%20deployer/settle")
        #expect(try json(request) == ["positions": [7, 9], "events": [event("1").structured], "client": ""])
    }

    @Test("Events are sent as one batch, and again after a while when the server is not there")
    func sending() async throws {
        let calls = CallCount()
        let requester = InMemoryHTTPRequester { [self] _ in
            switch calls.next() {
            case 1: throw RequestFailure(.unreachable, "connection refused")
            case 2: answer(503)
            default: answer()
            }
        }
        let plane = plane(requester)
        async let sending: Void = plane.send([event("1"), event("2")])
        for wait in [25, 50] {
            try await time.waitForSleepers()
            #expect(time.nextWake == time.now + .milliseconds(wait))
            time.advance(by: .milliseconds(wait))
        }
        try await sending
        let requests = requester.requests
        #expect(requests.count == 3)
        #expect(requests.last?.url == "http://keptn/api/v1/event")
        #expect(requests.last?.headers["content-type"] == "application/cloudevents-batch+json")
        #expect(try CloudEvent.batch(requests.last?.body ?? []).map(\.id) == ["1", "2"])
    }

    @Test("An answer is found by the id of what it answers")
    func lookingUp() async throws {
        let page: JSON = ["events": [event("2").structured, event("1").structured]]
        let requester = InMemoryHTTPRequester { [self] _ in answer(200, page) }
        let plane = plane(requester)
        let type = "sh.keptn.event.deployment.finished"
        #expect(try await plane.answer(to: "t-1", type: type, context: "c")?.id == "1")
        #expect(try await plane.answer(to: "t-3", type: type, context: "c") == nil)
        let url = try #require(requester.requests.first?.url)
        #expect(url.hasPrefix("http://keptn/api/mongodb-datastore/event?"))
        #expect(url.contains("keptnContext=c") && url.contains("type=\(type)"))
    }

    @Test(
        "A status tells whether trying again helps",
        arguments: [
            (400, ControlPlaneError.Kind.rejected), (401, .rejected), (404, .notFound), (413, .rejected),
            (409, .unavailable), (429, .unavailable), (500, .unavailable), (503, .unavailable),
        ])
    func statuses(status: Int, kind: ControlPlaneError.Kind) async throws {
        let requester = InMemoryHTTPRequester { [self] request in
            request.method == "GET" ? answer() : answer(status, ["message": "because"])
        }
        let subscription = try await plane(requester).subscribe(interest)
        let error = await #expect(throws: ControlPlaneError.self) { try await subscription.settle([1], sending: []) }
        #expect(error == ControlPlaneError(kind, "Keptn answered \(status): because"))
    }

    @Test("An address that is none is not tried again")
    func badAddress() async throws {
        let requester = InMemoryHTTPRequester { _ in throw RequestFailure(.badURL, "'x' is no address") }
        let error = await #expect(throws: ControlPlaneError.self) { try await plane(requester).send([event("1")]) }
        #expect(error == ControlPlaneError(.rejected, "'x' is no address"))
    }
}

/// 1, 2, 3, …
private final class CallCount: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
