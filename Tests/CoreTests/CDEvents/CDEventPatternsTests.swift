import CloudEvents
import Core
import Testing

@Suite("Which of Keptn's events a subscriber of CDEvents needs")
struct CDEventPatternsTests {
    @Test("Patterns of types lead to every event that says them", arguments: CDEventsOutTests.all)
    func patterns(_ test: CDEventsOutTests.Case) {
        for event in Story.inCDEvents(test.event, after: test.run, previous: test.previous) {
            let words = event.type.split(separator: ".")
            for pattern in [event.type, words.prefix(3).joined(separator: ".") + ".>", "dev.*.\(words[2]).*.*.*.*"] {
                let filter = SubscriptionFilter(patterns: CDEvents.canonicalPatterns(for: pattern))
                #expect(filter.matches(type: test.event.type, project: nil, stage: nil, service: nil))
            }
        }
    }

    @Test("A type that Keptn does not say leads to nothing")
    func strangePatterns() {
        #expect(CDEvents.canonicalPatterns(for: "dev.cdevents.artifact.>").isEmpty)
        #expect(CDEvents.canonicalPatterns(for: "sh.keptn.>").isEmpty)
        #expect(
            CDEvents.canonicalPatterns(for: "dev.cdevents.service.removed.>") == [
                "sh.keptn.event.service.delete.finished"
            ])
    }
}
