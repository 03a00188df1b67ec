import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Lines that integrations write")
struct LogEntryTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private func event(_ type: String, _ data: JSON) -> CloudEvent {
        var event = CloudEvent(id: "e", source: "deployer", type: type, data: .json(data))
        event.keptnContext = "c"
        event["triggeredid"] = "t"
        return event
    }

    @Test("A task that ended with status errored is a line of its sender")
    func errored() throws {
        let finished = event("sh.keptn.event.deployment.finished", ["status": "errored", "message": "no disk"])
        let entry = try #require(LogEntry(of: finished, at: Self.now) { "id of \($0)" })
        #expect(
            entry
                == LogEntry(
                    integrationID: "id of deployer", message: "no disk", time: Self.now, context: "c",
                    task: "deployment", triggeredID: "t"))
    }

    @Test("An error event names its integration and its task itself, or its source does")
    func logged() {
        let error: JSON = ["message": "m", "integrationid": "i", "task": "test"]
        let entry = LogEntry(of: event("sh.keptn.log.error", error), at: Self.now) { "id of \($0)" }
        #expect(entry?.integrationID == "i")
        #expect(entry?.task == "test")
        let anonymous = LogEntry(of: event("sh.keptn.log.error", ["message": "m"]), at: Self.now) { "id of \($0)" }
        #expect(anonymous?.integrationID == "id of deployer")
    }

    @Test(
        "Everything else is no line",
        arguments: [
            ("sh.keptn.event.deployment.finished", "succeeded"), ("sh.keptn.event.deployment.started", "errored"),
            ("sh.keptn.event.dev.delivery.finished", "errored"), ("other", "errored"),
        ])
    func others(type: String, status: String) {
        #expect(LogEntry(of: event(type, ["status": .string(status)]), at: Self.now) { $0 } == nil)
    }

    @Test("The same message about the same task is one line; without a task the time tells lines apart")
    func identity() {
        let first = LogEntry(integrationID: "i", message: "m", time: Self.now, triggeredID: "t")
        var later = first
        later.time = Self.now + .seconds(1)
        #expect(first.identity == later.identity)
        later.message = "n"
        #expect(first.identity != later.identity)
        let free = LogEntry(integrationID: "i", message: "m", time: Self.now)
        var freeLater = free
        freeLater.time = later.time
        #expect(free.identity != freeLater.identity)
    }

    @Test("A line comes back from JSON as it went")
    func json() {
        let entry = LogEntry(
            integrationID: "i", message: "ü", time: Self.now, context: "c", task: "t", triggeredID: "id",
            gitCommitID: "g")
        #expect(LogEntry(reading: entry.json, time: Self.now) == entry)
    }
}
