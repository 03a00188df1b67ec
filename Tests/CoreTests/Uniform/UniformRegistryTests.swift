import CloudEvents
import Core
import Testing

@Suite("The registry of integrations")
struct UniformRegistryTests {
    private static let now = Timestamp(seconds: 1_700_000_000)

    private func integration(
        _ id: String, name: String = "deployer", namespace: String = "keptn", node: String = "node",
        seen: Duration = .zero, hears events: [String] = []
    ) -> UniformIntegration {
        UniformIntegration(
            id: id, name: name,
            metadata: .init(hostname: node, namespace: namespace, lastSeen: Self.now + seen),
            subscriptions: events.map { UniformSubscription(id: "\(id)-\($0)", event: $0) })
    }

    @Test("A newcomer is new once; the same name and namespace keep the first id, whatever the node")
    func registering() {
        var registry = UniformRegistry()
        let answers = [
            integration("a", hears: ["x"]), integration("b", node: "other", hears: ["y"]),
            integration("c", namespace: "else"),
        ].map { registry.register($0) }
        #expect(answers.map(\.id) == ["a", "a", "c"])
        #expect(answers.map(\.isNew) == [true, false, true])
        #expect(registry.sorted.map(\.id) == ["a", "c"])
        #expect(registry["a"]?.subscriptions.map(\.event) == ["x"], "stored subscriptions win")
        #expect(registry["a"]?.metadata.hostname == "other", "the newest metadata is shown")
    }

    @Test("What a newcomer brings counts where nothing was stored")
    func subscriptionsOfTheNewcomer() {
        var registry = UniformRegistry([integration("a")])
        _ = registry.register(integration("b", hears: ["y"]))
        #expect(registry["a"]?.subscriptions.map(\.event) == ["y"])
    }

    @Test("Duplicates merge into the most recently seen one, and what they hear is kept once")
    func merging() {
        var registry = UniformRegistry([
            integration("old", hears: ["x", "y"]), integration("new", seen: .seconds(5), hears: ["y", "z"]),
        ])
        let answer = registry.register(integration("newer", seen: .seconds(9)))
        #expect(answer == (id: "new", isNew: false))
        #expect(registry.sorted.map(\.id) == ["new"])
        #expect(registry["new"]?.subscriptions.map(\.event) == ["y", "z", "x"])
        #expect(registry["new"]?.metadata.lastSeen == Self.now + .seconds(9))
    }

    @Test("Who is silent for 48 hours is gone; a ping keeps it")
    func silence() {
        var registry = UniformRegistry([integration("a"), integration("b")])
        let later = Self.now + .seconds(48 * 3600)
        registry.forgetSilent(at: later)
        #expect(registry.sorted.count == 2)
        let (known, unknown) = (registry.ping("b", at: later), registry.ping("nobody", at: later))
        #expect(known?.metadata.lastSeen == later)
        #expect(unknown == nil)
        registry.forgetSilent(at: later + .nanoseconds(1))
        #expect(registry.sorted.map(\.id) == ["b"])
    }

    @Test("Subscriptions come, change and go")
    func subscribing() {
        var registry = UniformRegistry([integration("a")])
        let isKnown = [
            registry.subscribe("a", to: UniformSubscription(id: "1", event: "x")),
            registry.subscribe("a", to: UniformSubscription(id: "2", event: "y")),
            registry.subscribe("a", to: UniformSubscription(id: "1", event: "z", projects: ["p"])),
            registry.subscribe("nobody", to: UniformSubscription(id: "1", event: "x")),
        ]
        #expect(isKnown == [true, true, true, false])
        #expect(registry["a"]?.subscriptions.map(\.event) == ["z", "y"])
        registry.unsubscribe("a", from: "1")
        registry.unsubscribe("nobody", from: "1")
        #expect(registry["a"]?.subscriptions.map(\.id) == ["2"])
        registry.remove("a")
        #expect(registry.sorted.isEmpty)
    }

    struct RuleCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var integration = "deployer"
        var subscription: UniformSubscription
        /// A part of each sentence.
        var problems: [String] = []
    }

    @Test(
        "What a subscription must have",
        arguments: [
            RuleCase(testDescription: "an event alone", subscription: .init(id: "", event: "x")),
            RuleCase(testDescription: "no event", subscription: .init(id: "", event: ""), problems: ["'event'"]),
            RuleCase(
                testDescription: "services without stages",
                subscription: .init(id: "", event: "x", projects: ["p"], services: ["carts"]), problems: ["[carts]"]),
            RuleCase(
                testDescription: "services with stages",
                subscription: .init(id: "", event: "x", stages: ["dev"], services: ["carts"])),
            RuleCase(
                testDescription: "webhooks of one project", integration: "webhook-service",
                subscription: .init(id: "", event: "x", projects: ["p"])),
            RuleCase(
                testDescription: "webhooks of all projects, and more", integration: "webhook-service",
                subscription: .init(id: "", event: ""), problems: ["'event'", "exactly one project"]),
            RuleCase(
                testDescription: "webhooks of two projects", integration: "webhook-service",
                subscription: .init(id: "", event: "x", projects: ["p", "q"]), problems: ["[p, q]"]),
        ])
    func rules(_ test: RuleCase) {
        let problems = test.subscription.problems(of: test.integration)
        #expect(problems.count == test.problems.count)
        for (problem, part) in zip(problems, test.problems) { #expect(problem.contains(part)) }
    }

    @Test("A filter finds by name and by what subscriptions name")
    func filters() {
        var one = integration("a", hears: ["x"])
        one.subscriptions[0].projects = ["p"]
        one.subscriptions[0].stages = ["dev"]
        let registry = UniformRegistry([one, integration("b", name: "other", hears: ["x"])])
        func found(_ filter: UniformFilter) -> [String] { registry.sorted.filter(filter.matches).map(\.id) }
        #expect(found(.init()) == ["a", "b"])
        #expect(found(.init(id: "b")) == ["b"])
        #expect(found(.init(name: "deployer")) == ["a"])
        #expect(found(.init(project: "p", stage: "dev")) == ["a"])
        #expect(found(.init(project: "q")) == [])
        #expect(found(.init(project: "p", service: "carts")) == [])
    }

    @Test("An integration comes back from JSON as it went, and the oldest form is understood")
    func json() throws {
        var one = integration("a", hears: ["x"])
        one.subscriptions[0].services = ["carts"]
        one.metadata.podName = "pod"
        #expect(UniformIntegration(reading: one.json, lastSeen: Self.now) == one)
        let old = try JSON(
            parsing: #"{"name":"n","subscription":{"topics":["x","y"],"filter":{"project":"p,q","stage":""}}}"#)
        let read = UniformIntegration(reading: old, lastSeen: Self.now)
        #expect(read.subscriptions.map(\.event) == ["x", "y"])
        #expect(read.subscriptions[0].projects == ["p", "q"])
        #expect(read.subscriptions[0].stages == [])
    }
}
