import Core
import Testing

@Suite struct SubscriptionFilterTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let pattern: String
        let type: String
        let matches: Bool
        var testDescription: String { "\(pattern) \(matches ? "hears" : "does not hear") \(type)" }
    }

    static let cases: [Case] = [
        Case(pattern: "sh.keptn.event.test.triggered", type: "sh.keptn.event.test.triggered", matches: true),
        Case(pattern: "sh.keptn.event.test.triggered", type: "sh.keptn.event.test.finished", matches: false),
        Case(pattern: "sh.keptn.event.test", type: "sh.keptn.event.test.triggered", matches: false),
        Case(pattern: "sh.keptn.event.*.triggered", type: "sh.keptn.event.test.triggered", matches: true),
        Case(pattern: "sh.keptn.event.*.triggered", type: "sh.keptn.event.dev.delivery.triggered", matches: false),
        Case(pattern: "sh.keptn.event.*.*.triggered", type: "sh.keptn.event.dev.delivery.triggered", matches: true),
        Case(pattern: "*", type: "ping", matches: true),
        Case(pattern: "*", type: "ping.pong", matches: false),
        Case(pattern: "sh.keptn.>", type: "sh.keptn.event.test.triggered", matches: true),
        Case(pattern: "sh.keptn.>", type: "sh.keptn", matches: false),
        Case(pattern: "sh.keptn.>", type: "sh.other.event", matches: false),
        Case(pattern: "sh.*.event.>", type: "sh.keptn.event.test.triggered", matches: true),
        Case(pattern: ">", type: "anything.at.all", matches: true),
        // Only a whole word, and only the last one, is a wildcard.
        Case(pattern: "sh.kept*.event", type: "sh.keptn.event", matches: false),
        Case(pattern: "sh.>.event", type: "sh.keptn.event", matches: false),
    ]

    @Test("A pattern hears the types that a NATS subject would", arguments: cases)
    func pattern(_ test: Case) {
        let filter = SubscriptionFilter(patterns: [test.pattern])
        #expect(filter.matches(type: test.type, project: nil, stage: nil, service: nil) == test.matches)
    }

    @Test("One pattern out of several is enough, none hears nothing")
    func patterns() {
        let two = SubscriptionFilter(patterns: ["a.b", "c.*"])
        #expect(two.matches(type: "a.b", project: nil, stage: nil, service: nil))
        #expect(two.matches(type: "c.d", project: nil, stage: nil, service: nil))
        #expect(!two.matches(type: "a.d", project: nil, stage: nil, service: nil))
        #expect(!SubscriptionFilter(patterns: []).matches(type: "a", project: nil, stage: nil, service: nil))
    }

    @Test("Listed names let in their own events only, and none that name nothing")
    func names() {
        let filter = SubscriptionFilter(patterns: [">"], projects: ["sockshop"], stages: ["dev", "staging"])
        #expect(filter.matches(type: "a", project: "sockshop", stage: "dev", service: "carts"))
        #expect(filter.matches(type: "a", project: "sockshop", stage: "staging", service: nil))
        #expect(!filter.matches(type: "a", project: "sockshop", stage: "production", service: "carts"))
        #expect(!filter.matches(type: "a", project: "other", stage: "dev", service: "carts"))
        #expect(!filter.matches(type: "a", project: "sockshop", stage: nil, service: "carts"))
        #expect(!filter.matches(type: "a", project: nil, stage: nil, service: nil))
        let service = SubscriptionFilter(patterns: [">"], services: ["carts"])
        #expect(service.matches(type: "a", project: "p", stage: "s", service: "carts"))
        #expect(!service.matches(type: "a", project: "p", stage: "s", service: "orders"))
    }
}
