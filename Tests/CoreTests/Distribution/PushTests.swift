import CloudEvents
import Core
import Testing

@Suite("Push subscriptions: what is wanted, and what becomes of an answer")
struct PushTests {
    @Test("A subscription comes back from its JSON as it went in")
    func json() throws {
        let full = PushSubscription(
            name: "audit-1", id: "i", url: "https://host:8080/a?b=c", mode: .binary,
            credential: .init(secret: "audit", key: "token", header: "X-Api-Key"), events: ["sh.keptn.>", "a.*.b"],
            projects: ["p"], stages: ["s", "t"], services: ["v"])
        #expect(try PushSubscription.reading(full.json, name: "audit-1", id: "i").get() == full)
        let least = try PushSubscription.reading(["url": "http://h", "events": ["a"]], name: "a", id: "i").get()
        #expect(least == PushSubscription(name: "a", id: "i", url: "http://h", events: ["a"]))
    }

    @Test(
        "All mistakes are told at once",
        arguments: [
            (#"{"url":"http://h","events":["a"]}"#, "a b", ["'a b' cannot be a name"]),
            (#"{"url":"http://h","events":["a"]}"#, "", ["'' cannot be a name"]),
            ("{}", "a", ["'url' is ''", "'events' has to list"]),
            (#"{"url":"ftp://h","events":["a"]}"#, "a", ["'url' is 'ftp://h'"]),
            (#"{"url":"http://","events":["a"]}"#, "a", ["'url' is 'http://'"]),
            (#"{"url":"http:///x","events":["a"]}"#, "a", ["'url' is 'http:///x'"]),
            (#"{"url":"http://h/ x","events":["a"]}"#, "a", ["'url' is"]),
            (#"{"url":"http://h","events":["a"],"mode":"batched"}"#, "a", ["'mode' is 'batched'"]),
            (#"{"url":"http://h","events":["a.>.b", "a..b", "a*", "ok.>"]}"#, "a", ["'a.>.b'", "'a..b'", "'a*'"]),
            (#"{"url":"http://h","events":"a","stages":[1]}"#, "a", ["'stages' has", "'events' has"]),
            (#"{"url":"http://h","events":["a"],"project":"p"}"#, "a", ["unknown field 'project'"]),
            (
                #"{"url":"http://h","events":["a"],"credential":{"header":"ce-id","value":"x"}}"#, "a",
                [
                    "'credential.secret' is missing", "'credential.key' is missing", "'credential.header' is 'ce-id'",
                    "unknown field 'credential.value'",
                ]
            ),
            (
                #"{"url":"http://h","events":["a"],"credential":{"secret":"s","key":"k","header":"a b"}}"#, "a",
                ["'credential.header' is 'a b'"]
            ),
        ])
    func mistakes(body: String, name: String, says: [String]) throws {
        let result = PushSubscription.reading(try JSON(parsing: body), name: name, id: "i")
        guard case .failure(let mistakes) = result else {
            Issue.record("\(result)")
            return
        }
        for text in says { #expect(mistakes.description.contains(text), "\(mistakes)") }
        #expect(!mistakes.description.contains("ok.>"))
    }

    @Test(
        "A value of a secret is a bearer token where nothing else is said",
        arguments: [
            ("authorization", "abc", "Bearer abc"), ("Authorization", "Basic dTpw", "Basic dTpw"),
            ("x-api-key", "abc", "abc"),
        ])
    func credential(header: String, secret: String, value: String) {
        #expect(PushSubscription.Credential(secret: "s", key: "k", header: header).value(of: secret) == value)
    }

    @Test(
        "Retry-After is a number of seconds or a time in one of three forms",
        arguments: [
            ("0", Duration.seconds(0)), ("120", .seconds(120)), ("99999999999999999999", .seconds(1 << 32)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(37)), ("Sunday, 06-Nov-94 08:49:37 GMT", .seconds(37)),
            ("Sun Nov  6 08:49:37 1994", .seconds(37)), ("Sun, 06 Nov 1994 08:48:00 GMT", .zero),
            ("Sunday, 06-Nov-45 08:49:37 GMT", .zero), ("", nil), ("-1", nil), ("1.5", nil), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 31 Feb 1994 08:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 8:49:37 GMT", nil),
        ] as [(String, Duration?)])
    func retryAfter(text: String, wait: Duration?) throws {
        let now = try #require(Timestamp(rfc3339: "1994-11-06T08:49:00Z"))
        #expect(RetryAfter.wait(text, from: now) == wait)
    }

    @Test(
        "An answer is an end, or a wait of some length",
        arguments: [
            (PushRetry.Outcome.answered(status: 200, retryAfter: .seconds(9)), 1, PushRetry.Verdict.delivered),
            (.answered(status: 204, retryAfter: nil), 8, .delivered),
            (.answered(status: 302, retryAfter: nil), 1, .failed(reason: "it answered 302")),
            (.answered(status: 400, retryAfter: .seconds(9)), 1, .failed(reason: "it answered 400")),
            (.answered(status: 500, retryAfter: nil), 1, .again(after: .milliseconds(500), reason: "it answered 500")),
            (.answered(status: 503, retryAfter: .seconds(9)), 1, .again(after: .seconds(9), reason: "it answered 503")),
            (
                .answered(status: 429, retryAfter: .seconds(1)), 7,
                .again(after: .seconds(30), reason: "it answered 429")
            ),
            (
                .answered(status: 408, retryAfter: .seconds(86_400)), 2,
                .again(after: .seconds(300), reason: "it answered 408")
            ),
            (
                .answered(status: 500, retryAfter: nil), 8,
                .failed(reason: "it answered 500, at the last of 8 attempts")
            ),
            (.unanswered(reason: "late"), 3, .again(after: .seconds(2), reason: "late")),
            (.unanswered(reason: "late"), 8, .failed(reason: "late, at the last of 8 attempts")),
            (.impossible(reason: "no address"), 1, .failed(reason: "no address")),
        ])
    func verdict(outcome: PushRetry.Outcome, attempt: Int, verdict: PushRetry.Verdict) {
        #expect(PushRetry().verdict(on: outcome, attempt: attempt, random: 0) == verdict)
    }
}
