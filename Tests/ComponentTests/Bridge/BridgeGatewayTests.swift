import Bridge
import HTTPServing
import HTTPTypes
import Ports
import Synchronization
import Testing

@Suite("The Bridge in front of an API elsewhere")
struct BridgeGatewayTests {
    /// Answers with what it was asked for, and remembers it.
    private final class Echo: HTTPForwarder {
        let asked = Mutex<[ForwardedRequest]>([])
        let isDown: Bool

        init(isDown: Bool = false) { self.isDown = isDown }

        func forward(_ request: ForwardedRequest) async throws -> APIResponse {
            asked.withLock { $0.append(request) }
            guard !isDown else { throw RequestFailure(.unreachable, "nobody is there") }
            return .text(request.url)
        }
    }

    private func send(
        _ method: HTTPRequest.Method, _ target: String, _ headers: HTTPFields = [:], through gateway: BridgeGateway
    ) async throws -> APIResponse {
        let match = RouteTable(gateway.routes).find(method, String(target.prefix { $0 != "?" }))
        let route = try #require(match.route)
        return try await route.handler(
            APIRequest(
                parameters: match.parameters, headers: headers, remoteAddress: "10.1.1.1", authority: "bridge.example",
                target: target))
    }

    @Test(
        "What is the API's goes there, byte for byte",
        arguments: [
            "https://keptn.example", "https://keptn.example/", "https://keptn.example/api",
            "https://keptn.example/api/",
        ])
    func forwards(api: String) async throws {
        let echo = Echo()
        let gateway = try BridgeGateway(api: api, forwarder: echo)
        for (method, target) in [
            (HTTPRequest.Method.get, "/api/v1/stream?view=facts&lastEventId=7"), (.put, "/api/x/a%2Fb/c?q=%20+"),
            (.delete, "/api/v1/session"), (.get, "/oauth/login?to=/bridge/"), (.get, "/metrics"),
        ] {
            let answer = try await send(method, target, through: gateway)
            #expect(String(decoding: answer.body, as: UTF8.self) == "https://keptn.example" + target)
        }
        #expect(echo.asked.withLock { $0.map(\.method) } == [.get, .put, .delete, .get, .get])
    }

    @Test("Headers go along, but for those of the connection, and say who asks for whom")
    func headers() async throws {
        let echo = Echo()
        let gateway = try BridgeGateway(api: "http://keptn.example", forwarder: echo)
        _ = try await send(
            .post, "/api/v1/event", [.cookie: "keptn_session=x", .connection: "close", .contentEncoding: "gzip"],
            through: gateway)
        let proto = try #require(HTTPField.Name("x-forwarded-proto"))
        _ = try await send(.get, "/api", [proto: "https"], through: gateway)
        let asked = echo.asked.withLock { $0.map(\.headers) }
        func value(_ index: Int, _ name: String) throws -> String? { asked[index][try #require(HTTPField.Name(name))] }
        #expect(try value(0, "cookie") == "keptn_session=x")
        #expect(try value(0, "connection") == nil && value(0, "content-encoding") == nil)
        #expect(try value(0, "x-forwarded-for") == "10.1.1.1" && value(0, "x-forwarded-host") == "bridge.example")
        #expect(try value(0, "x-forwarded-proto") == "http" && value(1, "x-forwarded-proto") == "https")
    }

    @Test("An API that does not answer is named")
    func down() async throws {
        let gateway = try BridgeGateway(api: "http://keptn.example", forwarder: Echo(isDown: true))
        let error = await #expect(throws: KeptnError.self) {
            _ = try await send(.get, "/api/v1/metadata", through: gateway)
        }
        #expect(error?.code == .unavailable && error?.message.contains("http://keptn.example does not answer") == true)
    }

    @Test("Pages are its own", arguments: ["/bridge/", "/bridge/app.js", "/healthz", "/"])
    func files(path: String) async throws {
        let gateway = try BridgeGateway(api: "http://keptn.example", forwarder: Echo(isDown: true))
        #expect(try await send(.get, path, through: gateway).status.code < 400)
    }

    @Test(
        "What is no address is refused",
        arguments: ["", "keptn.example", "ftp://x", "http://", "https://a?b", "http:///api"])
    func mistakes(api: String) {
        let error = #expect(throws: KeptnError.self) { try BridgeGateway(api: api, forwarder: Echo()) }
        #expect(error?.message.contains("https://keptn.example.com/api") == true)
    }
}
