import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Types of several vocabularies")
struct WantedTypesTests {
    @Test(
        "Each is heard by Keptn's own types",
        arguments: [
            (["sh.keptn.event.>"], ["sh.keptn.event.>"]),
            (["sh.keptn.events.problem"], ["sh.keptn.events.problem"]),
            (["sh.keptn.events.evaluation-done"], ["sh.keptn.event.evaluation.finished"]),
            (["dev.cdevents.service.published.0.3.0"], ["sh.keptn.event.release.finished"]),
            (
                ["sh.keptn.event.evaluation.finished", "sh.keptn.events.evaluation-done"],
                ["sh.keptn.event.evaluation.finished"]
            ),
            (["dev.cdevents.build.>"], []),
        ])
    func canonical(patterns: [String], expected: [String]) {
        #expect(WantedTypes(patterns).canonical == expected)
    }

    @Test("An event is said in the words that are wanted, and in no others")
    func said() {
        let event = CloudEvent(id: "1", source: "s", type: "sh.keptn.event.evaluation.finished")
        func types(_ patterns: String...) -> [String] {
            WantedTypes(patterns).said(event) { type in
                CloudEvent(id: "1", source: "s", type: type.rawValue)
            } inCDEvents: {
                ["dev.cdevents.taskrun.finished.0.3.0", "dev.cdeventsx.keptn-evaluation.finished.0.1.0"].map {
                    CloudEvent(id: "1", source: "s", type: $0)
                }
            }.map { "\($0.event.type) \($0.version.rawValue)" }
        }
        #expect(types("sh.keptn.event.>") == ["sh.keptn.event.evaluation.finished 1.0"])
        #expect(types("sh.keptn.events.evaluation-done") == ["sh.keptn.events.evaluation-done 0.2"])
        #expect(types("dev.cdevents.>") == ["dev.cdevents.taskrun.finished.0.3.0 1.0"])
        #expect(types("dev.cdeventsx.>", ">").count == 2)
        #expect(types("sh.keptn.events.tests-finished").isEmpty)
    }

    @Test("What is never said is named")
    func unsaid() {
        #expect(WantedTypes([">", "dev.cdevents.build.>", "dev.cdevents.>"]).unsaid == ["dev.cdevents.build.>"])
    }
}
