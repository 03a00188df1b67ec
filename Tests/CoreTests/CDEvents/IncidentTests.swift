import CloudEvents
import Core
import Testing

@Suite("Problems and remediations are incidents")
struct IncidentTests {
    private static func problem(_ state: String, id: String, type: String = "sh.keptn.events.problem") -> CloudEvent {
        var event = Story.event(
            "", id: id,
            [
                "State": .string(state), "ProblemTitle": "Response time degradation", "PID": "77",
                "ProblemURL": "https://monitoring.example.com/#problems/problemdetails;pid=77",
            ])
        event.type = type
        return event
    }

    private static let triggered = Story.event(
        "dev.remediation.triggered", id: "r1", ["problem": ["problemTitle": "Response time degradation"]])
    private static func finished(_ id: String, _ result: String) -> CloudEvent {
        Story.event("dev.remediation.finished", id: id, triggeredID: "r1", status: "succeeded", result: result)
    }

    /// The incidents that each event of a run tells, given those before.
    private static func told(_ run: [CloudEvent]) -> [[String]] {
        run.indices.map { index in
            Story.inCDEvents(run[index], after: Array(run[..<index])).map(\.type)
                .filter { $0.contains(".incident.") }.map { String($0.split(separator: ".")[3]) }
        }
    }

    @Test("A problem is detected and reported once, and resolved once, however many events tell of it")
    func once() {
        let run = [
            Self.problem("OPEN", id: "p1"), Self.triggered, Self.finished("f1", "fail"), Self.triggered,
            Self.finished("f2", "pass"), Self.problem("CLOSED", id: "p2"), Self.problem("OPEN", id: "p3"),
            Self.problem("RESOLVED", id: "p4", type: "sh.keptn.event.problem.open"),
        ]
        #expect(
            Self.told(run)
                == [["detected", "reported"], [], [], [], ["resolved"], [], ["detected", "reported"], ["resolved"]])
    }

    @Test("A remediation without a problem before it is an incident of its own")
    func remediation() {
        #expect(Self.told([Self.triggered, Self.finished("f1", "pass")]) == [["detected"], ["resolved"]])
        let events = Story.inCDEvents(Self.triggered)
        #expect(events.map(\.id) == ["r1.pipelinerun.queued", "r1.incident.detected"])
        #expect(events.last?.subject == Story.context)
        #expect(events.last?.json?["subject", "content", "description"] == "Response time degradation")
        #expect(events.last?.json?["subject", "content", "service", "id"] == "carts")
    }

    @Test("The page of the problem is the ticket, where it is an address")
    func ticket() {
        let events = Story.inCDEvents(Self.problem("OPEN", id: "p1"))
        #expect(
            events.last?.json?["subject", "content", "ticketURI"]
                == "https://monitoring.example.com/#problems/problemdetails;pid=77")
        for text in ["77", "ftp://host/77", "https://host/a b", "https://host/{77}", ""] {
            let event = Story.event(
                "dev.remediation.triggered", id: "r1", ["problem": ["ProblemURL": .string(text)]])
            #expect(Story.inCDEvents(event).map(\.id) == ["r1.pipelinerun.queued", "r1.incident.detected"])
        }
    }

    @Test("Problems without a stage or without a known state say nothing")
    func incomplete() {
        #expect(Self.told([Self.problem("", id: "p1"), Self.problem("MERGED", id: "p2")]) == [[], []])
        var event = Story.event("", stage: nil, ["State": "OPEN"])
        event.type = "sh.keptn.events.problem"
        #expect(Story.inCDEvents(event).isEmpty)
    }
}
