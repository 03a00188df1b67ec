import CloudEvents
import Ports
import ProcessRuntime
import RemoteClients
import TestSupport
import Testing

/// Against a real server.
@Suite(.timeLimit(.minutes(5))) struct WebRequesterTests {
    private let requester = WebRequester()

    @Test("Method, headers and body go out; status, headers and body come back")
    func exchange() async throws {
        try await withTestUpstream { url in
            let answer = try await requester.send(
                OutgoingRequest(method: "POST", url: "\(url)/carts?x=1", headers: ["X-Own": "yes"], body: [1, 2, 3]))
            #expect(answer.status == 200)
            #expect(answer.headers["x-name"] == "server")
            let seen = try JSON(parsing: answer.body)
            #expect(seen["method"] == "POST")
            #expect(seen["path"] == "/carts?x=1")
            #expect(seen["length"] == 3)
            #expect(seen["headers", "x-own"] == "yes")
            #expect(try await requester.send(OutgoingRequest(url: "\(url)/500")).status == 500)
        }
    }

    @Test("More requests than connections one would think of are answered side by side")
    func many() async throws {
        try await withTestUpstream { url in
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<64 {
                    group.addTask { try await requester.send(OutgoingRequest(url: "\(url)/slow")).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: 200, count: 64))
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        var timeout = Duration.seconds(10)
        var bytesMax = 1 << 20
        let kind: RequestFailure.Kind
        var testDescription: String { "\(path): \(kind)" }
    }

    @Test(
        "Without an answer it says why",
        arguments: [
            Case(path: "/slow", timeout: .milliseconds(50), kind: .timeout),
            Case(path: "/", bytesMax: 10, kind: .tooLarge),
            Case(path: "/hangup", kind: .unreachable),
            Case(path: "/abort", kind: .unreachable),
        ])
    func failures(_ test: Case) async throws {
        try await withTestUpstream { url in
            let request = OutgoingRequest(
                url: url + test.path, timeout: test.timeout, responseBytesMax: test.bytesMax)
            let failure = await #expect(throws: RequestFailure.self) { try await requester.send(request) }
            #expect(failure?.kind == test.kind)
        }
    }

    @Test("A port where nobody listens is unreachable")
    func nobody() async throws {
        let port = try await LocalProcesses(name: "nobody", time: MachineTime()).freePort()
        let request = OutgoingRequest(url: "http://127.0.0.1:\(port)/")
        let failure = await #expect(throws: RequestFailure.self) { try await requester.send(request) }
        #expect(failure?.kind == .unreachable)
        #expect(failure.map { "\($0)" }?.hasSuffix("Connection refused") == true, "\(String(describing: failure))")
    }

    @Test("A server that does not speak TLS is told in words")
    func noTLS() async throws {
        try await withTestUpstream { url in
            let request = OutgoingRequest(url: url.replacing("http://", with: "https://"))
            let failure = await #expect(throws: RequestFailure.self) { try await requester.send(request) }
            let text = failure.map { "\($0)" } ?? ""
            #expect(text.contains("it does not speak TLS"), "\(text)")
        }
    }

    @Test("What is no address of an HTTP server is told apart", arguments: ["", "carts", "ftp://host/", "http://"])
    func badAddress(url: String) async throws {
        let failure = await #expect(throws: RequestFailure.self) {
            try await requester.send(OutgoingRequest(url: url))
        }
        #expect(failure?.kind == .badURL)
    }

    @Test("A cancelled request is cancelled, not failed")
    func cancelled() async throws {
        try await withTestUpstream { url in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await requester.send(OutgoingRequest(url: "\(url)/slow")) }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }

    @Test(
        "A server whose certificate nobody vouches for is asked only by who does not want to know",
        .enabled(if: PrometheusServer.isThere))
    func unknownCertificate() async throws {
        try await PrometheusServer.with("", isSecured: true) { server in
            let request = OutgoingRequest(url: server.url)
            let failure = await #expect(throws: RequestFailure.self) { try await requester.send(request) }
            #expect(failure?.kind == .unreachable)
            let credulous = WebRequester(verifiesServers: false)
            let answer = try await credulous.send(request)
            #expect(answer.status == 401)
            let streamed = try await credulous.stream(request)
            #expect(streamed.status == 401)
        }
    }
}
