import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Which action helps")
struct ActionChoiceTests {
    private static func remediation(
        _ type: String, _ actions: String..., matching: RemediationSpec.Matching = .name
    ) -> RemediationSpec.Remediation {
        .init(problemType: type, matching: matching, actions: actions.map { .init(action: $0) })
    }

    static let spec = RemediationSpec(remediations: [
        remediation("response_*_p95", "pattern"), remediation("default", "any"), remediation("title", "by title"),
        remediation("cause", "first", "second"), remediation("resp*", "later pattern"),
    ])

    static let cases: [(title: String, cause: String, action: String)] = [
        ("title", "cause", "first"), ("title", "", "by title"), ("title", "unknown", "by title"),
        ("response_time_p95", "", "pattern"), ("response_time_p50", "", "later pattern"),
        ("x", "response__p95", "pattern"),
        ("Title", "", "any"), ("", "", "any"), ("resp*", "", "later pattern"), ("response_p95", "", "later pattern"),
    ]

    @Test("Root cause, title, pattern, default: in this order", arguments: cases)
    func choice(title: String, cause: String, action: String) {
        let problem = Problem(["problemTitle": .string(title), "rootCause": .string(cause)])
        #expect(Self.spec.choice(for: problem, index: 0) == .act(.init(action: action)))
    }

    @Test("One action after the other, and then nobody but a person can help")
    func escalation() {
        let problem = Problem(["problemTitle": "title", "rootCause": "cause"])
        #expect(Self.spec.choice(for: problem, index: 1) == .act(.init(action: "second")))
        #expect(
            Self.spec.choice(for: problem, index: 2)
                == .none(
                    "there is no action with index 2 for problem 'title': all 2 were tried, now somebody has to look "
                        + "at it"))
    }

    @Test("Without a default there may be no action")
    func nothing() {
        let spec = RemediationSpec(remediations: [Self.remediation("a", "x")])
        #expect(
            spec.choice(for: Problem(["problemTitle": "b"]), index: 0)
                == .none("unable to find action for problem 'b'; remediation.yaml has 'a'"))
    }

    @Test("In files before spec 0.1.4 the title begins with the name")
    func old() {
        let spec = RemediationSpec(remediations: [Self.remediation("Failure rate", "x", matching: .beginning)])
        let problem = Problem(["ProblemTitle": "Failure rate increase", "State": "OPEN"])
        #expect(spec.choice(for: problem, index: 0) == .act(.init(action: "x")))
    }

    @Test(
        "A star stands for any text",
        arguments: [
            ("a*c", "abc", true), ("a*c", "ac", true), ("a*c", "abd", false), ("*", "", true), ("a*a", "a", false),
            ("*b*b*", "abb", true), ("*b*b*", "ab", false), ("a**b", "a-b", true), ("*x", "xx", true),
        ])
    func wildcards(pattern: String, text: String, matches: Bool) {
        let spec = RemediationSpec(remediations: [Self.remediation(pattern, "x")])
        let choice = spec.choice(for: Problem(["problemTitle": .string(text), "rootCause": .string(text)]), index: 0)
        // The empty title is no text that anything is compared with.
        #expect((choice == .act(.init(action: "x"))) == (matches && !text.isEmpty))
    }
}

@Suite("What the log tells of a problem")
struct ProblemHistoryTests {
    private static let now = Timestamp(seconds: 10_000)

    private static func answer(_ problem: String?, index: Int, secondsAgo: Int) -> CloudEvent {
        let data: JSON = [
            "get-action": ProblemHistory.note(
                actionIndex: index, problem: Problem(["ProblemID": problem.map { .string($0) }]))
        ]
        return CloudEvent(
            keptn: .task(name: "get-action", kind: .finished), id: "a", source: "remediation-service",
            time: now - .seconds(secondsAgo), context: "c", data: data)
    }

    @Test(
        "A problem is the same when its id is, which may be a number",
        arguments: [
            (["ProblemID": "p", "PID": "q"], "p"), (["ProblemID": "", "PID": "q"], "q"), (["ProblemID": 8123], "8123"),
            (["ProblemID": nil, "PID": -7], "-7"), (["ProblemID": true], nil), ([:], nil),
        ] as [(JSON, String?)])
    func ids(_ data: JSON, _ id: String?) {
        #expect(Problem(data).id == id)
    }

    @Test("A problem that comes back goes on where it stopped; after a while it is a new one")
    func flapping() throws {
        let problem = Problem(["ProblemID": "p"])
        func index(_ answers: CloudEvent..., data: JSON = [:]) throws -> Int {
            let last = ProblemHistory.last(of: answers, about: problem)
            return try ProblemHistory.index(data: data, last: last, lastSign: nil, now: Self.now)
        }
        #expect(try index() == 0)
        #expect(
            try index(Self.answer("p", index: 2, secondsAgo: 899), Self.answer("p", index: 1, secondsAgo: 950)) == 2)
        #expect(try index(Self.answer("p", index: 2, secondsAgo: 900)) == 0)
        #expect(
            try index(Self.answer("other", index: 2, secondsAgo: 1), Self.answer(nil, index: 2, secondsAgo: 1)) == 0)
        #expect(try index(Self.answer("p", index: 2, secondsAgo: 1), data: ["get-action": ["actionIndex": 1]]) == 1)
    }

    @Test("An index that is none is refused", arguments: [-1, "x", 1.5, [:]] as [JSON])
    func wrongIndex(_ index: JSON) {
        #expect(throws: ActionIndexMistake.self) {
            try ProblemHistory.index(
                data: ["get-action": ["actionIndex": index]], last: nil, lastSign: nil, now: Self.now)
        }
    }
}

@Suite("Faults of clients")
struct ClientFaultTests {
    private let scope = Scope(project: "p", stage: "s", service: "carts")
    private let now = Timestamp(seconds: 1000)

    private func fault(_ id: String, _ effect: ClientFault.Effect, seconds: Int = 60) -> ClientFault {
        ClientFault(id: id, client: "10.0.0.7", effect: effect, until: now + .seconds(seconds), problemID: "p1")
    }

    private func event(_ type: String, _ data: JSON, at seconds: Int) -> CloudEvent {
        let place: JSON = ["project": "p", "stage": "s", "service": "carts"]
        var event = CloudEvent(
            keptn: .task(name: "action", kind: .finished), id: "e\(seconds)", source: "remediation-service",
            time: Timestamp(seconds: Int64(seconds)), context: "c", triggeredID: "t\(seconds)",
            data: place.merging(data))
        event.type = type
        return event
    }

    @Test("The last one of a client counts, as long as it lasts")
    func effect() {
        let faults = [fault("a", .delay(.seconds(1))), fault("b", .refusal(status: 429), seconds: 10)]
        #expect(ClientFault.effect(of: faults, on: "10.0.0.7", at: now) == .refusal(status: 429))
        #expect(ClientFault.effect(of: faults, on: "10.0.0.7", at: now + .seconds(10)) == .delay(.seconds(1)))
        #expect(ClientFault.effect(of: faults, on: "10.0.0.7", at: now + .seconds(60)) == nil)
        #expect(ClientFault.effect(of: faults, on: "10.0.0.8", at: now) == nil)
    }

    @Test("After a restart those count that are neither over nor closed")
    func fromTheLog() {
        let finished = "sh.keptn.event.action.finished"
        let actions = [
            event(finished, ["fault": fault("", .delay(.seconds(1))).json], at: 990),
            event(finished, ["fault": fault("", .refusal(status: 403), seconds: -1).json], at: 991),
            event(finished, ["action": ["action": "scaling"]], at: 992),
        ]
        let open = ClientFault.open(actions: actions, problems: [], now: now)
        #expect(open == [scope: [fault("t990", .delay(.seconds(1)))]])
        for (id, state, isClosed) in [("p1", "RESOLVED", true), ("p1", "OPEN", false), ("p2", "CLOSED", false)] {
            let problem = event(Problem.eventType, ["State": .string(state), "ProblemID": .string(id)], at: 995)
            #expect(ClientFault.open(actions: actions, problems: [problem], now: now).isEmpty == isClosed)
        }
    }

    @Test("What ended between an action and its answer is over after a restart, too")
    func endedBeforeTheAnswer() {
        let began = Timestamp(seconds: 980)
        let json = fault("", .delay(.seconds(1))).json.setting("since", to: .string(began.rfc3339))
        let action = event("sh.keptn.event.action.finished", ["fault": json], at: 990)
        for (seconds, isClosed) in [(985, true), (979, false)] {
            let end = event(Problem.eventType, ["State": "RESOLVED", "ProblemID": "p1"], at: seconds)
            #expect(ClientFault.open(actions: [action], problems: [end], now: now).isEmpty == isClosed)
        }
    }
}

@Suite("Flag files")
struct FlagDocumentTests {
    private static let document: JSON = [
        "flags": [
            "promotion": ["state": "ENABLED", "variants": ["on": true, "off": false], "defaultVariant": "on"],
            "colour": ["variants": ["red": "r"], "defaultVariant": "red"],
        ], "$schema": "x",
    ]

    @Test("A change sets the default variant and leaves the rest alone")
    func change() throws {
        let changed = try FlagDocument.changing(Self.document, by: [.init(flag: "promotion", variant: "off")])
        #expect(changed["flags", "promotion", "defaultVariant"] == "off")
        #expect(changed["flags", "colour"] == Self.document["flags", "colour"])
        #expect(changed["$schema"] == "x")
    }

    @Test(
        "What is not there is said",
        arguments: [
            ("promo", "off", "it has no flag 'promo'; it has 'promotion', 'colour'"),
            ("colour", "off", "flag 'colour' has no variant 'off'; it has 'red'"),
        ])
    func mistakes(flag: String, variant: String, message: String) {
        let mistake = #expect(throws: FlagMistake.self) {
            try FlagDocument.changing(Self.document, by: [.init(flag: flag, variant: variant)])
        }
        #expect(mistake?.description == message)
        #expect(throws: FlagMistake.self) { try FlagDocument.changing([], by: []) }
    }
}
