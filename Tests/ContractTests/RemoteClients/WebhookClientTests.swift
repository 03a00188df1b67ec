import CloudEvents
import Core
import KeptnModel
import ProcessRuntime
import RemoteClients
import Synchronization
import TestSupport
import Testing

/// Against a real server on this machine, which is what webhooks may not call unless it is allowed.
@Suite(.timeLimit(.minutes(5))) struct WebhookClientTests {
    private static func request(_ request: WebhookSpec.Request) throws -> WebhookRequest {
        let webhook = WebhookSpec.Webhook(type: "t", subscriptionID: "1", requests: [request])
        var run = WebhookRun(webhook, event: CloudEvent(id: "1", source: "s", type: "t"), secrets: [:])
        guard case .make(let made)? = run.begin().last else { throw WebhookMistake("it cannot be made") }
        return made
    }

    private static func client(
        allowing allowed: String..., names: [String: [String]] = [:], asked: (@Sendable (String) -> Void)? = nil
    ) throws -> WebhookClient {
        let patterns = try allowed.map { try #require(TargetPolicy.Pattern($0)) }
        return WebhookClient(policy: TargetPolicy(allowed: patterns)) { host in
            asked?(host)
            return (names[host] ?? []).compactMap { IPAddress($0) }
        }
    }

    private static func answer(_ outcome: WebhookRun.Outcome) throws -> (status: Int, body: JSON) {
        guard case .answered(let status, let body) = outcome else { throw WebhookMistake("\(outcome)") }
        return (status, try JSON(parsing: body))
    }

    @Test("Method, headers, credentials and body go out; status and body come back")
    func exchange() async throws {
        try await withTestUpstream { url in
            let client = try Self.client(allowing: "127.0.0.1")
            let answer = try Self.answer(
                try await client.make(
                    Self.request(
                        .init(
                            method: .put, url: url + "/a?b=%20c", headers: [.init(name: "X-Own", value: "yes")],
                            body: "four", credentials: "me:secret"))))
            #expect(answer.status == 200)
            #expect(answer.body["method"] == "PUT")
            #expect(answer.body["path"] == "/a?b=%20c")
            #expect(answer.body["length"] == 4)
            #expect(answer.body["headers", "x-own"] == "yes")
            #expect(answer.body["headers", "authorization"] == "Basic bWU6c2VjcmV0")
            #expect(try Self.answer(try await client.make(Self.request(.init(url: url + "/500")))).status == 500)
        }
    }

    @Test(
        "What is inside is not called, by whatever name",
        arguments: ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "tool.example.com", "2130706433"])
    func closed(host: String) async throws {
        try await withTestUpstream { url in
            let port = url.split(separator: ":").last ?? ""
            let client = try Self.client(names: ["tool.example.com": ["93.184.216.34", "127.0.0.1"]])
            let outcome = try await client.make(Self.request(.init(url: "http://\(host):\(port)/")))
            guard case .failed(let reason) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason.hasPrefix("webhooks may not call"))
        }
    }

    @Test("A machine's own addresses are inside, whatever network they belong to")
    func ownAddress() throws {
        let policy = TargetPolicy()
        let address = try #require(IPAddress("10.1.2.3"))
        let target = try WebTarget("http://tool.example.com:8080/")
        #expect(policy.objection(to: address, of: target) == nil)
        #expect(policy.objection(to: address, of: target, own: [address])?.contains("the machine's own") == true)
    }

    @Test("The connection goes to the address that was judged, and the name is asked once")
    func rebinding() async throws {
        try await withTestUpstream { url in
            let port = url.split(separator: ":").last ?? ""
            let asked = Mutex<[String]>([])
            let client = try Self.client(
                allowing: "tool.example.com", names: ["tool.example.com": ["127.0.0.1"]],
                asked: { host in asked.withLock { $0.append(host) } })
            let answer = try Self.answer(
                try await client.make(Self.request(.init(url: "http://tool.example.com:\(port)/x"))))
            #expect(answer.body["headers", "host"]?.stringValue == "tool.example.com:\(port)")
            #expect(asked.withLock { $0 } == ["tool.example.com"])
        }
    }

    @Test("An address where nobody listens is passed over for the next one")
    func nextAddress() async throws {
        try await withTestUpstream { url in
            let port = url.split(separator: ":").last ?? ""
            let client = try Self.client(
                allowing: "tool.example.com", names: ["tool.example.com": ["127.7.7.7", "127.0.0.1"]])
            let outcome = try await client.make(Self.request(.init(url: "http://tool.example.com:\(port)/x")))
            #expect(try Self.answer(outcome).status == 200)
        }
    }

    @Test("Redirects are followed where it is asked for, and judged like the first request")
    func redirects() async throws {
        try await withTestUpstream { url in
            let port = url.split(separator: ":").last ?? ""
            let client = try Self.client(
                allowing: "tool.example.com", names: ["tool.example.com": ["127.0.0.1"]])
            func make(_ path: String, follows: Bool = true) async throws -> WebhookRun.Outcome {
                let url = "http://tool.example.com:\(port)\(path)"
                return try await client.make(Self.request(.init(url: url, followsRedirects: follows)))
            }
            let there = "/to?http://tool.example.com:\(port)/there"
            #expect(try Self.answer(try await make(there)).body["path"] == "/there")
            #expect(try Self.answer(try await make(there, follows: false)).status == 302)
            #expect(
                try await make("/to?\(url)/")
                    == .failed(
                        "webhooks may not call 127.0.0.1: its address 127.0.0.1 is the machine's own"))
            #expect(try await make("/loop") == .failed("it was redirected more than 5 times"))
        }
    }

    @Test("Without an answer it says why")
    func failures() async throws {
        try await withTestUpstream { url in
            let client = try Self.client(allowing: "127.0.0.1")
            let late = try await client.make(
                Self.request(.init(url: url + "/late", timeout: .milliseconds(50))))
            #expect(late == .failed("no answer within 0.05 seconds"))
            let port = try await LocalProcesses(name: "nobody", time: MachineTime()).freePort()
            let nobody = try await client.make(Self.request(.init(url: "http://127.0.0.1:\(port)/")))
            #expect(nobody == .failed("no connection to http://127.0.0.1:\(port)"))
            let proxied = try await client.make(
                Self.request(.init(url: url, proxy: "http://10.0.0.1.nip.internal:3128")))
            guard case .failed(let reason) = proxied else {
                Issue.record("\(proxied)")
                return
            }
            #expect(reason.hasPrefix("webhooks may not call 10.0.0.1.nip.internal"), "proxies are judged too")
        }
    }

    @Test("The machine's resolver is asked, and says when a name is unknown")
    func resolver() async throws {
        #expect(try await WebhookClient.systemAddresses(of: "localhost").contains(try #require(IPAddress("127.0.0.1"))))
        await #expect(throws: WebhookMistake.self) {
            try await WebhookClient.systemAddresses(of: "no-such-host.invalid")
        }
    }
}
