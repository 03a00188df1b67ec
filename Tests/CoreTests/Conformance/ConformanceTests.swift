import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("What is said of an integration that is checked")
struct ConformanceTests {
    private static let triggered = event(.triggered, id: "t", triggeredID: nil, source: "shipyard-controller")

    private static func event(
        _ kind: EventType.Kind, id: String, triggeredID: String? = "t", source: String = "mine",
        context: String = "c", stage: String = "dev", status: String? = "succeeded", result: String? = "pass"
    ) -> CloudEvent {
        var data: [(key: String, value: JSON?)] = [
            ("project", "check"), ("stage", .string(stage)), ("service", "one"),
        ]
        if kind == .finished {
            data += [("status", status.map { .string($0) }), ("result", result.map { .string($0) })]
        }
        return CloudEvent(
            keptn: .task(name: "notify", kind: kind), id: id, source: source, time: Timestamp(seconds: 1),
            context: context, triggeredID: triggeredID, data: .object(data))
    }

    private static let start = event(.started, id: "s")
    private static let end = event(.finished, id: "f")

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let answers: [CloudEvent]
        /// What is violated, and words of the reason; everything else is met, or untested where nothing was sent.
        let violations: [ConformanceDuty: String]
        var testDescription: String { name }

        init(_ name: String, _ answers: [CloudEvent], _ violations: [ConformanceDuty: String] = [:]) {
            (self.name, self.answers, self.violations) = (name, answers, violations)
        }
    }

    private static let rows = [
        Row("all is well", [start, end]),
        Row("the same events twice", [start, start, end, end]),
        Row(
            "two work on it",
            [start, event(.started, id: "s2", source: "other"), end, event(.finished, id: "f2", source: "other")]),
        Row(
            "silence", [],
            [.started: "no .started within 30.0 seconds", .finished: "no .finished within 30.0 seconds"]),
        Row("no end", [start], [.finished: "mine started and sent no .finished within 30.0 seconds"]),
        Row("no start", [end], [.started: "no .started", .finished: "mine sent .finished without .started"]),
        Row(
            "one of two does not end", [start, event(.started, id: "s2", source: "other"), end],
            [.finished: "other started and sent no .finished"]),
        Row("two starts", [start, event(.started, id: "s2"), end], [.started: "mine sent 2 different .started"]),
        Row("two ends", [start, end, event(.finished, id: "f2")], [.finished: "mine sent 2 different .finished"]),
        Row("the end first", [end, start], [.order: "mine sent .finished before .started"]),
        Row(
            "another's context", [event(.started, id: "s", context: "x"), end],
            [.correlation: ".started of mine: shkeptncontext is 'x', not 'c'"]),
        Row(
            "another task", [start, end, event(.finished, id: "f2", triggeredID: "x")],
            [.correlation: ".finished of mine: triggeredid is 'x', not 't'"]),
        Row(
            "no task", [start, end, event(.finished, id: "f2", triggeredID: nil)],
            [.correlation: ".finished of mine: triggeredid is missing, not 't'"]),
        Row(
            "another stage", [start, event(.finished, id: "f", stage: "prod")],
            [.scope: ".finished of mine: data.stage is 'prod', not 'dev'"]),
        Row(
            "no verdict", [start, event(.finished, id: "f", status: nil, result: "great")],
            [.verdict: "data.status is missing; one of succeeded, errored, unknown, aborted is needed"]),
        Row(
            "an unknown verdict", [start, event(.finished, id: "f", result: "great")],
            [.verdict: "data.result is 'great'; one of pass, warning, fail is needed"]),
    ]

    @Test("Each duty is judged by itself", arguments: rows)
    func duties(_ row: Row) throws {
        let run = ConformanceRun(triggered: Self.triggered, answers: row.answers)
        let findings = ConformanceCase.oneTask.findings([run], patience: .seconds(30))
        #expect(findings.map(\.duty) == ConformanceDuty.allCases.filter { $0 != .circumstance })
        for finding in findings {
            switch finding.verdict {
            case .violated(let reason):
                let words = try #require(row.violations[finding.duty], "\(finding.duty): \(reason)")
                #expect(reason.contains(words))
            case .met: #expect(row.violations[finding.duty] == nil, "\(finding.duty)")
            case .untested: #expect(row.answers.isEmpty || finding.duty == .verdict)
            }
        }
    }

    @Test("What did not take place is said, and is no violation")
    func circumstances() {
        let run = ConformanceRun(
            triggered: Self.triggered, answers: [Self.start, Self.end], isUntested: "it was over before")
        let findings = ConformanceCase.aborted.findings([run], patience: .seconds(30))
        #expect(
            findings.last
                == ConformanceFinding(.aborted, .circumstance, .untested(reason: "it was over before")))
        #expect(!findings.contains { $0.isViolation })
    }

    @Test("A run is over when all who started have ended")
    func over() {
        func isOver(_ answers: [CloudEvent]) -> Bool {
            ConformanceRun(triggered: Self.triggered, answers: answers).isOver
        }
        #expect(!isOver([]))
        #expect(!isOver([Self.start]))
        #expect(!isOver([Self.end]))
        #expect(isOver([Self.start, Self.end]))
        #expect(!isOver([Self.start, Self.end, Self.event(.started, id: "s2", source: "other")]))
    }

    @Test("Only the strange payload is strange")
    func payloads() {
        let data: JSON = ["deployment": ["deploymentURIsLocal": []]]
        for test in ConformanceCase.allCases {
            #expect((test.data(data, task: "notify") == data) == (test != .strangePayload))
        }
        #expect(ConformanceCase.strangePayload.data(data, task: "notify")["notify"] == "no object")
    }
}
