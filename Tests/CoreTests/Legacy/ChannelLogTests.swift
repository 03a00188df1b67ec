import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("What a command of Keptn 0.5 prints of its run") struct ChannelLogTests {
    private static func event(_ id: String, _ type: String, answering: String? = nil, _ data: JSON = [:]) -> CloudEvent
    {
        var event = LegacyBuilders.canonical(type, data, answering: answering)
        event.id = id
        event.source = "helm-service"
        return event
    }

    /// `LEVEL message`, and a mark at the last line.
    private static func text(_ line: CloudEvent?) -> String? {
        guard let data = line?.json else { return nil }
        let end = data["terminate"]?.boolValue == true ? " ." : ""
        return "\(data["logLevel"]?.stringValue ?? "") \(data["message"]?.stringValue ?? "")\(end)"
    }

    @Test("A line for each thing that happens, and a last one when nothing goes on any more")
    func run() {
        var log = ChannelLog()
        #expect(!log.isOver, "nothing has happened yet")
        let events = [
            Self.event("1", "dev.delivery.triggered"),
            Self.event("2", "deployment.triggered"),
            Self.event("3", "deployment.started", answering: "2"),
            Self.event("4", "deployment.status.changed", answering: "2", ["message": "half of it"]),
            Self.event("5", "deployment.finished", answering: "2", ["result": "pass", "status": "succeeded"]),
            Self.event("6", "dev.delivery.finished", answering: "1", ["result": "pass", "status": "succeeded"]),
            Self.event("7", "staging.delivery.triggered"),
            Self.event(
                "8", "staging.delivery.finished", answering: "7",
                ["result": "fail", "status": "errored", "message": "no chart"]),
            Self.event("9", "production.delivery.triggered"),
            Self.event("10", "production.delivery.finished", answering: "9", ["result": "pass", "status": "aborted"]),
        ]
        var isOver: [Bool] = []
        let lines = events.map { event in
            defer { isOver.append(log.isOver) }
            return Self.text(log.line(about: event))
        }
        #expect(
            lines == [
                "DEBUG delivery of carts in dev is triggered", "DEBUG deployment of carts in dev is triggered",
                "INFO deployment of carts in dev is started by helm-service",
                "INFO deployment of carts in dev: half of it", "INFO deployment of carts in dev is finished: pass",
                "INFO delivery of carts in dev is finished: pass", "DEBUG delivery of carts in staging is triggered",
                "ERROR delivery of carts in staging is finished: errored, no chart",
                "DEBUG delivery of carts in production is triggered",
                "ERROR delivery of carts in production is finished: aborted",
            ])
        #expect(isOver == [false, false, false, false, false, true, false, true, false, true])
        #expect(Self.text(log.close()) == "ERROR it has failed .")
        #expect(log.close() == nil && log.isClosed)
    }

    @Test("Lines are events of their time, with the run's context and ids of their own")
    func events() {
        var log = ChannelLog()
        let line = log.line(about: Self.event("1", "dev.delivery.triggered"))
        #expect(line?.type == "sh.keptn.events.log" && line?.id == "1-log" && line?.keptnContext == "c")
        #expect(line?.structured(as: Legacy.version)["specversion"] == "0.2")
    }

    @Test("A service's line is passed on, and ends the run's channel where it says so")
    func service() {
        var log = ChannelLog()
        _ = log.line(about: Self.event("1", "dev.delivery.triggered"))
        let line = LegacyBuilders.old("sh.keptn.events.log", ["message": "m", "terminate": false, "logLevel": "INFO"])
        #expect(log.line(about: line) == line && !log.isClosed)
        let last = LegacyBuilders.old("sh.keptn.events.log", ["message": "m", "terminate": true, "logLevel": "INFO"])
        #expect(log.line(about: last) == last && log.isClosed)
        #expect(log.close() == nil)
    }

    @Test("What starts no sequence is over at once")
    func noSequence() {
        var log = ChannelLog()
        #expect(log.line(about: LegacyBuilders.old("sh.keptn.events.problem", [:])) == nil)
        #expect(log.isOver)
        #expect(Self.text(log.close()) == "INFO it is done .")
    }
}
