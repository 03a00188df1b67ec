import KeptnModel
import TestSupport
import Testing

@Suite("Event types")
struct EventTypeTests {
    @Test(
        "Types that are read and printed",
        arguments: [
            ("sh.keptn.event.deployment.triggered", .task(name: "deployment", kind: .triggered)),
            ("sh.keptn.event.get-sli.started", .task(name: "get-sli", kind: .started)),
            ("sh.keptn.event.evaluation.finished", .task(name: "evaluation", kind: .finished)),
            ("sh.keptn.event.evaluation.invalidated", .task(name: "evaluation", kind: .invalidated)),
            ("sh.keptn.event.test.status.changed", .task(name: "test", kind: .statusChanged)),
            ("sh.keptn.event.dev.delivery.triggered", .sequence(stage: "dev", name: "delivery", kind: .triggered)),
            (
                "sh.keptn.event.dev.delivery.status.changed",
                .sequence(stage: "dev", name: "delivery", kind: .statusChanged)
            ),
            ("sh.keptn.event.triggered.triggered", .task(name: "triggered", kind: .triggered)),
            ("sh.keptn.event.dev.finished.finished", .sequence(stage: "dev", name: "finished", kind: .finished)),
            ("sh.keptn.event.Übung mit Leerzeichen.started", .task(name: "Übung mit Leerzeichen", kind: .started)),
        ] as [(String, EventType)])
    func known(text: String, type: EventType) {
        #expect(EventType(text) == type)
        #expect(type.text == text)
        #expect(EventType(type.text)?.kind == type.kind)
    }

    @Test(
        "Everything else is no such type",
        arguments: [
            "", "sh.keptn.event", "sh.keptn.event.", "sh.keptn.event.triggered", "sh.keptn.event..triggered",
            "sh.keptn.event.deployment", "sh.keptn.event.deployment.", "sh.keptn.event.deployment.done",
            "sh.keptn.event.deployment.Triggered", "sh.keptn.event.a.b.c.triggered", "sh.keptn.event..b.triggered",
            "sh.keptn.event.a..triggered", "sh.keptn.event.status.changed", "sh.keptn.events.problem",
            "sh.keptn.log.error", "com.example.deployment.triggered", "xsh.keptn.event.deployment.triggered",
        ])
    func unknown(text: String) {
        #expect(EventType(text) == nil)
    }
}

@Suite("Go durations")
struct GoDurationTests {
    @Test(
        "Durations that Go reads too, and how it prints them",
        arguments: [
            ("0", .zero, "0s"), ("-0", .zero, "0s"), ("+0", .zero, "0s"), ("0s", .zero, "0s"), ("0h0m", .zero, "0s"),
            ("5s", .seconds(5), "5s"), ("+5s", .seconds(5), "5s"), ("-5s", .seconds(-5), "-5s"),
            ("10m", .seconds(600), "10m0s"), ("1h30m", .seconds(5400), "1h30m0s"), ("24h", .seconds(86_400), "24h0m0s"),
            ("1h1m1s", .seconds(3661), "1h1m1s"), ("90m", .seconds(5400), "1h30m0s"),
            ("1.5h", .seconds(5400), "1h30m0s"), ("-1.5h", .seconds(-5400), "-1h30m0s"),
            (".5s", .milliseconds(500), "500ms"), ("5.s", .seconds(5), "5s"), ("0.29s", .milliseconds(290), "290ms"),
            ("250ms", .milliseconds(250), "250ms"), ("1500ms", .milliseconds(1500), "1.5s"),
            ("1.001ms", .microseconds(1001), "1.001ms"), ("7us", .microseconds(7), "7µs"),
            ("7µs", .microseconds(7), "7µs"),
            ("7μs", .microseconds(7), "7µs"), ("1.5us", .nanoseconds(1500), "1.5µs"),
            ("12ns", .nanoseconds(12), "12ns"),
            ("0.9ns", .zero, "0s"), ("0.1234567890123456789012345s", .nanoseconds(123_456_789), "123.456789ms"),
            ("1h1h", .seconds(7200), "2h0m0s"), ("3000000h", nil, ""),
            ("2562047h47m16.854775807s", .nanoseconds(Int64.max), "2562047h47m16.854775807s"),
            ("2562047h47m16.854775808s", nil, ""), ("9223372036854775808ns", nil, ""),
        ] as [(String, Duration?, String)])
    func durations(text: String, duration: Duration?, printed: String) {
        #expect(Duration(go: text) == duration)
        if let duration { #expect(duration.go == printed) }
    }

    @Test(
        "What Go refuses is refused",
        arguments: [
            "", "-", "+", "5", "s", ".s", ".", "1.2.3s", "5 s", " 5s", "5s ", "5S", "5d", "1h 30m", "5s-3s", "--5s",
            "1e3s",
            "５s", "1_000s", "five", "5sm", "∞s", "0x10s", "1\u{301}s", "1.5\u{301}s",
        ])
    func refused(text: String) {
        #expect(Duration(go: text) == nil)
    }

    @Test("What is printed is read back", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for digits in 1...17 {
            let limit = (0..<digits).reduce(Int64(10)) { power, _ in power * 10 }
            let duration = Duration.nanoseconds(Int64.random(in: -limit...limit, using: &random))
            #expect(Duration(go: duration.go) == duration, "\(duration.go)")
        }
    }
}

@Suite("Names")
struct NamesTests {
    static let lowerCase =
        "consists of lower case letters, digits and dashes, begins with a letter and does not end with a dash"

    @Test("Good names", arguments: ["a", "dev", "us-east-1", "a1", "a--b", String(repeating: "x", count: 200)])
    func good(name: String) {
        #expect(Names.problem(project: name) == nil)
        #expect(Names.problem(stage: name) == nil)
    }

    @Test(
        "Bad names of projects and stages",
        arguments: ["A", "1a", "-a", "a-", "a_b", "a.b", "a b", "ä", "a/b", "a\n", "a\r\n"])
    func bad(name: String) {
        #expect(Names.problem(project: name) == "a project name \(Self.lowerCase)")
        #expect(Names.problem(stage: name) == "a stage name \(Self.lowerCase)")
    }

    @Test("Names have to be there, and have a length")
    func lengths() {
        #expect(Names.problem(project: "") == "a project needs a name")
        #expect(Names.problem(stage: "") == "a stage needs a name")
        #expect(Names.problem(service: "") == "a service needs a name")
        #expect(Names.problem(sequenceOrTask: "") == "a name is needed")
        #expect(
            Names.problem(project: String(repeating: "x", count: 201)) == "a project name has at most 200 characters")
        #expect(
            Names.problem(service: String(repeating: "x", count: 44)) == "a service name has at most 43 characters")
        #expect(Names.problem(service: String(repeating: "x", count: 43)) == nil)
    }

    @Test(
        "Services",
        arguments: [
            ("carts", nil), ("Carts_DB-2", nil), ("a.b", nil), ("...", nil), ("ümlaut", nil),
            (".", "a service cannot be named '.' or '..'"), ("..", "a service cannot be named '.' or '..'"),
            (".Git", "a service cannot be named '.git': Git keeps that name for itself"),
            ("a/b", "a service name must not contain '/' (nor any of / > < | : & or white space)"),
            ("a b", "a service name must not contain ' ' (nor any of / > < | : & or white space)"),
            ("a>\u{301}b", "a service name must not contain '>' (nor any of / > < | : & or white space)"),
            ("a\r\nb", "a service name must not contain control characters"),
            ("a\tb", "a service name must not contain control characters"),
        ] as [(String, String?)])
    func services(name: String, problem: String?) {
        #expect(Names.problem(service: name) == problem)
    }

    @Test(
        "Sequences and tasks",
        arguments: [
            ("delivery", nil), ("get-sli", nil), ("My Task", nil),
            ("a.b", "a name must not contain dots: they separate the parts of an event type"),
            ("a\r\nb", "a name must not contain control characters"),
        ] as [(String, String?)])
    func sequencesAndTasks(name: String, problem: String?) {
        #expect(Names.problem(sequenceOrTask: name) == problem)
    }
}
