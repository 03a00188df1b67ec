import CloudEvents
import Core
import Testing

@Suite("CDEvents of others")
struct CDEventReadingTests {
    private static func event(
        _ type: String = "dev.cdevents.artifact.published.0.3.0", _ content: JSON = .emptyObject,
        context: [(String, JSON?)] = [], subject: [(String, JSON?)] = []
    ) -> JSON {
        var head: JSON = [
            "specversion": "0.5.1", "id": "e1", "source": "/registry/1", "type": .string(type),
            "timestamp": "2026-03-20T14:27:05.315384Z",
        ]
        for (name, value) in context { head = head.setting(name, to: value) }
        var about: JSON = ["id": "pkg:oci/carts", "content": content]
        for (name, value) in subject { about = about.setting(name, to: value) }
        return ["context": head, "subject": about]
    }

    private static func mistakes(_ json: JSON) -> [String] { mistakes(CDEvent.reading(json)) }

    private static func mistakes(_ result: Result<CDEvent, CDEvent.Mistakes>) -> [String] {
        if case .failure(let mistakes) = result { mistakes.list } else { [] }
    }

    @Test("A whole event")
    func whole() throws {
        let json = Self.event(
            "dev.cdevents.service.deployed.0.3.0",
            ["environment": ["id": "prod"], "artifactId": "pkg:oci/carts@1"], context: [("chainId", "c1")],
            subject: [("source", "/cluster")]
        ).setting("customData", to: ["team": "a"])
        let event = try CDEvent.reading(json).get()
        #expect(event.id == "e1" && event.source == "/registry/1" && event.specVersion == "0.5.1")
        #expect(event.type.subject == "service" && event.type.predicate == "deployed" && event.type.version == "0.3.0")
        #expect(!event.type.isCustom && event.type.description == "dev.cdevents.service.deployed.0.3.0")
        #expect(event.time.rfc3339 == "2026-03-20T14:27:05.315Z" && event.chainID == "c1")
        #expect(event.subject.id == "pkg:oci/carts" && event.subject.source == "/cluster")
        #expect(event.subject.content["environment", "id"] == "prod" && event.customData == ["team": "a"])
    }

    @Test("A subject without a source has that of the event")
    func subjectSource() throws {
        #expect(try CDEvent.reading(Self.event()).get().subject.source == "/registry/1")
    }

    @Test("0.4 says version, and has a type in the subject")
    func older() throws {
        let json = Self.event(
            "dev.cdevents.testcaserun.finished.0.2.0", ["outcome": "pass", "environment": ["id": "dev"]],
            context: [("specversion", nil), ("version", "0.4.1")], subject: [("type", "testCaseRun")])
        let event = try CDEvent.reading(json).get()
        #expect(event.specVersion == "0.4.1" && event.subject.content["outcome"] == "pass")
    }

    @Test("A CloudEvent with a CDEvent inside")
    func inCloudEvent() throws {
        let json = Self.event()
        func carried(_ type: String, _ data: CloudEvent.Payload?) -> Result<CDEvent, CDEvent.Mistakes> {
            CDEvent.reading(CloudEvent(id: "other", source: "/registry/1", type: type, data: data))
        }
        #expect(try carried("dev.cdevents.artifact.published.0.3.0", .json(json)).get().id == "e1")
        #expect(
            Self.mistakes(carried("dev.cdevents.artifact.signed.0.3.0", .json(json))) == [
                "the event's type is 'dev.cdevents.artifact.signed.0.3.0', but its 'context.type' is "
                    + "'dev.cdevents.artifact.published.0.3.0'"
            ])
        #expect(
            Self.mistakes(carried("dev.cdevents.artifact.published.0.3.0", nil)) == [
                "the event has no JSON data; a CDEvent is needed there"
            ])
    }

    @Test(
        "Good types",
        arguments: [
            "dev.cdevents.pipelinerun.finished.0.3.0", "dev.cdevents.approval.created.0.1.0",
            "dev.cdevents.change.merged.1.12.0-draft", "dev.cdeventsx.mytool-resource.created.0.1.0",
        ])
    func types(type: String) {
        #expect(CDEventType(type)?.description == type)
        #expect(CDEventType.isClaimed(by: type))
        #expect(Self.mistakes(Self.event(type)).isEmpty)
    }

    @Test(
        "Types that are none",
        arguments: [
            "sh.keptn.event.test.triggered", "dev.cdevents.pipelinerun.finished", "dev.cdevents.pipelinerun.finished.1",
            "dev.cdevents.pipelinerun.finished.0.3", "dev.cdevents..finished.0.3.0", "dev.cdevents.a.b.0.3.x",
            "dev.cdevents.a.b.0.3.", "dev.cdevents.a-b.c.0.3.0", "dev.cdeventsx.resource.created.0.1.0",
            "dev.cdeventsx.a-b-c.created.0.1.0", "dev.cdevents.a b.c.0.3.0", "dev.cdevents.a.b.0.3.0-beta",
        ])
    func wrongTypes(type: String) {
        #expect(CDEventType(type) == nil)
        #expect(
            Self.mistakes(Self.event(type)) == [
                "'context.type' is '\(type)'; dev.cdevents.SUBJECT.PREDICATE.VERSION is needed, such as "
                    + "dev.cdevents.artifact.published.0.3.0"
            ])
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let json: JSON
        let mistakes: [String]
        var testDescription: String { mistakes.joined(separator: "; ") }
    }

    static let broken: [Broken] = [
        Broken(json: [1], mistakes: ["a CDEvent is a JSON object; this is a JSON array"]),
        Broken(
            json: .emptyObject,
            mistakes: ["'context' is missing; an object is needed", "'subject' is missing; an object is needed"]),
        Broken(
            json: event(context: [("id", ""), ("source", 1), ("timestamp", "yesterday")]),
            mistakes: [
                "'context.id' is empty; a text is needed", "'context.source' is a JSON number; a text is needed",
                "'context.timestamp' is 'yesterday'; a time such as 2006-01-02T15:04:05Z is needed",
            ]),
        Broken(
            json: event(context: [("specversion", "2")]),
            mistakes: ["'context.specversion' is '2'; a version of CDEvents such as 0.5.1 is needed"]),
        Broken(
            json: event(context: [("specversion", nil)]),
            mistakes: ["'context.specversion' is missing; a text is needed"]),
        Broken(
            json: event(context: [("chainId", "")], subject: [("content", nil)]),
            mistakes: [
                "'context.chainId' is empty; a text is needed", "'subject.content' is missing; an object is needed",
            ]),
        Broken(
            json: event("dev.cdevents.service.deployed.0.3.0", ["environment": "prod"]),
            mistakes: [
                "'subject.content.artifactId' is missing; service deployed needs it",
                "'subject.content.environment' is a JSON string; an object is needed",
            ]),
        Broken(
            json: event("dev.cdevents.service.upgraded.0.3.0", ["environment": .emptyObject, "artifactId": ["a": 1]]),
            mistakes: [
                "'subject.content.environment.id' is missing; a text is needed",
                "'subject.content.artifactId' is a JSON object; a text is needed",
            ]),
        Broken(
            json: event("dev.cdevents.pipelinerun.finished.0.3.0", ["outcome": "passed"]),
            mistakes: ["'subject.content.outcome' is 'passed'; success, failure, cancel, error are possible"]),
        Broken(
            json: event("dev.cdevents.ticket.closed.0.2.0", ["uri": "/1"]),
            mistakes: ["'subject.content.resolution' is missing; ticket closed needs it"]),
        Broken(
            json: event().setting("customData", to: 5),
            mistakes: ["'customData' is a JSON number; an object or Base64 text is needed"]),
    ]

    @Test("What is wrong is said, all at once", arguments: broken)
    func mistakes(_ test: Broken) {
        #expect(Self.mistakes(test.json) == test.mistakes)
    }

    @Test(
        "What CDEvents 0.5.1 does not know, and what tasks call their outcome, is let through",
        arguments: [
            ("dev.cdevents.service.deployed.0.9.0", .emptyObject), ("dev.cdevents.approval.closed.0.1.0", .emptyObject),
            ("dev.cdevents.taskrun.finished.0.3.0", ["outcome": "passed"]),
            ("dev.cdeventsx.mytool-service.deployed.0.3.0", ["environment": 1]),
            ("dev.cdevents.build.queued.0.3.0", ["new": true]),
        ] as [(String, JSON)])
    func liberal(type: String, content: JSON) {
        #expect(Self.mistakes(Self.event(type, content)).isEmpty)
    }
}
