import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Webhooks")
struct WebhookRunTests {
    private static func event(_ type: String = "sh.keptn.event.mytask.triggered") -> CloudEvent {
        CloudEvent(
            id: "1", source: "shipyard-controller", type: type, extensions: ["shkeptncontext": "4711"],
            data: .json([
                "project": "sockshop", "stage": "dev", "service": "carts",
                "temporaryData": ["distributor": ["subscriptionID": "8a2b"]],
            ]))
    }

    private static func webhook(
        _ requests: WebhookSpec.Request..., sendsStarted: Bool = true, sendsFinished: Bool = true
    ) -> WebhookSpec.Webhook {
        WebhookSpec.Webhook(
            type: "sh.keptn.event.mytask.triggered", subscriptionID: "8a2b", sendsStarted: sendsStarted,
            sendsFinished: sendsFinished, secrets: [.init(name: "token", secret: "my-secret", key: "my-key")],
            requests: requests)
    }

    private static let hello = WebhookSpec.Request(url: "https://h.org/{{.data.project}}")

    private static func run(_ webhook: WebhookSpec.Webhook, _ type: String? = nil) -> WebhookRun {
        WebhookRun(webhook, event: type.map { event($0) } ?? event(), secrets: ["token": "s3cret/\""])
    }

    /// Effects in a word or two.
    private static func words(_ effects: [WebhookRun.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .sendStarted: "started"
            case .make(let request): "\(request.method.rawValue) \(request.target.url)"
            case .sendFinished(let answer):
                "finished \(answer.status) \(answer.result) \(answer.message)"
                    + (answer.data == [:] ? "" : answer.data.text)
            case .log(let message): "log \(message)"
            }
        }
    }

    @Test("With sendFinished there is one started and one finished with all responses")
    func aggregated() {
        var run = Self.run(Self.webhook(Self.hello, Self.hello))
        #expect(Self.words(run.begin()) == ["started", "GET https://h.org/sockshop"])
        #expect(Self.words(run.finished(.answered(status: 200, body: #"{"a": 1}"#))) == ["GET https://h.org/sockshop"])
        #expect(
            Self.words(run.finished(.answered(status: 302, body: "plain")))
                == [#"finished succeeded pass {"mytask":{"responses":[{"a": 1},"plain"]}}"#])
        #expect(run.finished(.answered(status: 200, body: "")) == [])
    }

    @Test("Without sendFinished each request has its started, and the called tools answer")
    func separate() {
        let reason = "could not execute request 'GET https://h.org/{{.data.project}}': nobody listens"
        var run = Self.run(Self.webhook(Self.hello, Self.hello, sendsFinished: false))
        #expect(Self.words(run.begin()) == ["started", "started", "GET https://h.org/sockshop"])
        #expect(Self.words(run.finished(.answered(status: 200, body: ""))) == ["GET https://h.org/sockshop"])
        #expect(
            Self.words(run.finished(.failed("nobody listens")))
                == [
                    "finished errored fail \(reason)", "log \(reason)",
                ])
    }

    @Test("After a failure no further request is made, and each that was not made is answered")
    func failure() {
        let message = "could not execute request 'GET https://h.org/{{.data.project}}': it was answered with 500: oops"
        var together = Self.run(Self.webhook(Self.hello, Self.hello))
        _ = together.begin()
        #expect(
            Self.words(together.finished(.answered(status: 500, body: "oops")))
                == ["finished errored fail \(message)", "log \(message)"])
        var apart = Self.run(Self.webhook(Self.hello, Self.hello, sendsStarted: false, sendsFinished: false))
        #expect(Self.words(apart.begin()) == ["GET https://h.org/sockshop"])
        #expect(
            Self.words(apart.finished(.answered(status: 500, body: "oops")))
                == ["finished errored fail \(message)", "finished errored fail \(message)", "log \(message)"])
    }

    @Test(
        "Only a task's triggered is answered",
        arguments: [
            "sh.keptn.event.mytask.finished", "sh.keptn.event.dev.mysequence.triggered",
            "sh.keptn.event.mytask.started",
            "com.example.other",
        ])
    func otherEvents(_ type: String) {
        var run = Self.run(Self.webhook(Self.hello), type)
        #expect(Self.words(run.begin()) == ["GET https://h.org/sockshop"])
        #expect(run.finished(.answered(status: 200, body: "")) == [])
        #expect(Self.words(run.finished(.failed("x"))) == [])
        var failing = Self.run(Self.webhook(.init(url: "https://h.org/{{.nope}}")), type)
        #expect(Self.words(failing.begin()).map { $0.prefix(23) } == ["log could not parse req"])
        #expect(
            WebhookRun.withoutWebhook(Self.event(type), reason: "x") == [.log("could not retrieve Webhook config: x")])
    }

    @Test("An unknown key and a secret that cannot be read are failures before any request")
    func preparation() {
        var unknown = Self.run(Self.webhook(.init(url: "https://h.org/{{.unknownKey}}")))
        let message =
            "could not parse request 'GET https://h.org/{{.unknownKey}}': url: line 1, column 17: '.unknownKey': there "
            + "is no key 'unknownKey', only: data, env, id, shkeptncontext, source, specversion, type"
        #expect(Self.words(unknown.begin()) == ["started", "finished errored fail \(message)", "log \(message)"])
        var unread = WebhookRun(Self.webhook(Self.hello), event: Self.event(), secrets: [:])
        let reason = "could not read secret my-secret.my-key"
        #expect(Self.words(unread.begin()) == ["started", "finished errored fail \(reason)", "log \(reason)"])
        let lost = "could not retrieve Webhook config: no valid webhook config found"
        #expect(
            Self.words(WebhookRun.withoutWebhook(Self.event(), reason: "no valid webhook config found"))
                == ["started", "finished errored fail \(lost)", "log \(lost)"])
    }

    @Test("The first file that has the subscription counts")
    func matching() {
        let (own, other) = (Self.webhook(Self.hello), Self.webhook())
        var different = other
        different.subscriptionID = "other"
        let files = [WebhookSpec(webhooks: [different]), WebhookSpec(webhooks: [own, other])]
        #expect(WebhookRun.webhook(for: "8a2b", in: files) == own)
        #expect(WebhookRun.webhook(for: "none", in: files) == nil)
    }
}

// MARK: - Requests

extension WebhookRunTests {
    private static func made(_ request: WebhookSpec.Request) throws -> WebhookRequest {
        var run = run(webhook(request))
        let effects = run.begin()
        guard case .make(let made)? = effects.last else {
            throw WebhookMistake(words(effects).last ?? "")
        }
        return made
    }

    @Test("Every text of a request is filled in")
    func filled() throws {
        let request = try Self.made(
            .init(
                method: .post, url: " {{.data.stage}}.org/{{.shkeptncontext}} ",
                headers: [.init(name: "x-token", value: "{{.env.token}}"), .init(name: "Content-Type", value: "a/b")],
                body: #"{"text": {{printf "%q" .type}}}"#, credentials: "{{.data.project}}:pass",
                proxy: "{{.data.service}}:3128", timeout: .seconds(3), followsRedirects: true))
        #expect(request.method == .post)
        #expect(request.target.url == "http://dev.org/4711")
        #expect(
            request.headers == [
                .init(name: "x-token", value: "s3cret/\""), .init(name: "Content-Type", value: "a/b"),
                .init(name: "Authorization", value: "Basic c29ja3Nob3A6cGFzcw=="),
            ])
        #expect(request.body == #"{"text": "sh.keptn.event.mytask.triggered"}"#)
        #expect(request.proxy?.url == "http://carts:3128/")
        #expect(request.timeout == .seconds(3))
    }

    @Test("As curl does, a payload is a form, and a URL may have a password")
    func asCurl() throws {
        let form = try Self.made(.init(method: .post, url: "https://a:b@h.org", body: "a=1"))
        #expect(
            form.headers == [
                .init(name: "Authorization", value: "Basic YTpi"),
                .init(name: "Content-Type", value: "application/x-www-form-urlencoded"),
            ])
        #expect(form.target.url == "https://h.org/")
    }

    @Test(
        "What comes out of a template cannot make another request of it",
        arguments: [
            WebhookSpec.Request(url: "https://h.org", headers: [.init(name: "a", value: #"{{"x\r\nHost: y"}}"#)]),
            .init(url: "https://h.org", headers: [.init(name: "a b", value: "c")]),
            .init(url: "https://h.org", headers: [.init(name: "", value: "c")]),
            .init(url: "https://h.org", headers: [.init(name: "Content-Length", value: "0")]),
            .init(url: #"https://h.org/{{" "}}HTTP/1.1"#), .init(url: ""), .init(url: "file:///etc/hosts"),
            .init(url: "https://h.org", proxy: "socks5://h.org"),
        ])
    func injection(_ request: WebhookSpec.Request) {
        #expect(throws: WebhookMistake.self) { try Self.made(request) }
    }

    @Test("Redirects are followed only when they should be, and take nothing secret to another host")
    func redirects() throws {
        let header = WebhookSpec.Header(name: "x-token", value: "{{.env.token}}")
        let get = try Self.made(.init(url: "https://h.org/a", headers: [header], followsRedirects: true))
        #expect(try get.redirected(status: 302, location: "/b")?.target.url == "https://h.org/b")
        #expect(try get.redirected(status: 302, location: "/b")?.headers == get.headers)
        #expect(try get.redirected(status: 307, location: "http://h.org/b")?.headers == [])
        #expect(try get.redirected(status: 200, location: "/b") == nil)
        #expect(try get.redirected(status: 302, location: nil) == nil)
        let post = try Self.made(.init(method: .post, url: "https://h.org", body: "x", followsRedirects: true))
        let after303 = try #require(try post.redirected(status: 303, location: "https://other.org"))
        #expect((after303.method, after303.body) == (.get, nil))
        #expect(try post.redirected(status: 308, location: "/b")?.body == "x")
        #expect(throws: WebhookMistake.self) { try post.redirected(status: 307, location: "https://other.org") }
        let still = try Self.made(.init(url: "https://h.org"))
        #expect(try still.redirected(status: 302, location: "/b") == nil)
    }
}

// MARK: - Secrets

extension WebhookRunTests {
    @Test("Secrets do not come back in responses, messages and logs")
    func masking() {
        let request = WebhookSpec.Request(
            url: "https://h.org/{{.env.token | urlquery}}", credentials: "me:{{.env.token}}")
        var run = Self.run(Self.webhook(request, request))
        _ = run.begin()
        let echo = #"["s3cret/\"", "s3cret\/\"", "s3cret%2F%22", "s3cret/&#34;", "czNjcmV0LyI=", "bWU6czNjcmV0LyI="]"#
        _ = run.finished(.answered(status: 200, body: echo))
        let effects = run.finished(.answered(status: 400, body: "no: s3cret/\"\u{301}"))
        #expect(Self.words(effects).allSatisfy { $0.hasSuffix("it was answered with 400: no: ***\u{301}") })
        #expect(run.mask.masked(echo) == #"["***", "***", "***", "***", "***", "***"]"#)
        #expect(run.mask.masked("nothing") == "nothing")
    }

    @Test("An empty secret masks nothing, and the longer of two goes first")
    func forms() {
        #expect(SecretMask([""]).masked("a") == "a")
        #expect(SecretMask(["ab", "abcd"]).masked("abcd ab") == "*** ***")
    }
}
