import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Keptn's events in CDEvents")
struct CDEventsOutTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let event: CloudEvent
        var run: [CloudEvent] = []
        var previous: String?
        /// Type, id of the subject and content of each.
        let says: [(type: String, subject: String, content: JSON)]

        var testDescription: String { "\(event.type) after \(run.count): \(says.map(\.type).joined(separator: ", "))" }
    }

    private static let environment: JSON = [
        "id": "dev", "source": "https://keptn.example.com/api/controlPlane/v1/project/sockshop",
    ]
    private static let service: JSON = ["id": "carts", "source": .string(Story.stage)]
    private static let uri: JSON = .string(Story.runURI)
    private static let digest = String(repeating: "0123456789abcdef", count: 4)
    private static func image(_ name: String) -> [String: JSON] {
        ["configurationChange": ["values": ["image": .string(name)]]]
    }

    static let sequences: [Case] = [
        Case(
            event: Story.event("dev.delivery.triggered", id: "t1"),
            says: [("pipelinerun.queued.0.3.0", "t1", ["pipelineName": "dev.delivery", "uri": uri])]),
        Case(
            event: Story.event("dev.delivery.started", triggeredID: "t1"),
            says: [("pipelinerun.started.0.3.0", "t1", ["pipelineName": "dev.delivery", "uri": uri])]),
        Case(
            event: Story.done("dev.delivery.finished"),
            says: [
                (
                    "pipelinerun.finished.0.3.0", "t1",
                    ["pipelineName": "dev.delivery", "uri": uri, "outcome": "success"]
                )
            ]),
        Case(
            event: Story.event(
                "dev.delivery.finished", triggeredID: "t1", status: "errored", result: "fail", message: "no shipyard"),
            says: [
                (
                    "pipelinerun.finished.0.3.0", "t1",
                    ["pipelineName": "dev.delivery", "uri": uri, "outcome": "error", "errors": "no shipyard"]
                )
            ]),
        // The first task shows that a sequence has begun, the second one does not.
        Case(
            event: Story.event("deployment.triggered", id: "d1"),
            run: [Story.event("dev.delivery.triggered", id: "t1")],
            says: [("pipelinerun.started.0.3.0", "t1", ["pipelineName": "dev.delivery", "uri": uri])]),
        Case(
            event: Story.event("release.triggered", id: "r1"),
            run: [Story.event("dev.delivery.triggered", id: "t1"), Story.event("deployment.triggered", id: "d1")],
            says: []),
        Case(
            event: Story.event("deployment.triggered", id: "d1"),
            run: [
                Story.event("dev.delivery.triggered", id: "t1"),
                Story.event("dev.delivery.started", id: "s1", triggeredID: "t1"),
            ], says: []),
        Case(event: Story.event("deployment.triggered", id: "d1"), says: []),
    ]

    static let tasks: [Case] = [
        Case(
            event: Story.event("notify.started", triggeredID: "t1"),
            says: [("taskrun.started.0.3.0", "t1", ["taskName": "notify", "uri": uri])]),
        Case(
            event: Story.done("notify.finished"),
            run: [Story.event("dev.delivery.triggered", id: "s1"), Story.event("notify.triggered", id: "t1")],
            says: [
                (
                    "taskrun.finished.0.3.0", "t1",
                    [
                        "taskName": "notify", "uri": uri,
                        "pipelineRun": ["id": "s1", "source": .string(Story.stage)], "outcome": "success",
                    ]
                )
            ]),
        // Of two open sequences of one service in one stage nobody can say whose task it is; a finished one is none.
        Case(
            event: Story.event("notify.started", triggeredID: "t1"),
            run: [
                Story.event("dev.delivery.triggered", id: "s1"), Story.event("dev.other.triggered", id: "s2"),
                Story.event("notify.triggered", id: "t1"),
            ], says: [("taskrun.started.0.3.0", "t1", ["taskName": "notify", "uri": uri])]),
        Case(
            event: Story.event("notify.started", triggeredID: "t1"),
            run: [
                Story.event("dev.delivery.triggered", id: "s1"),
                Story.event("dev.delivery.finished", id: "f1", triggeredID: "s1"),
                Story.event("dev.other.triggered", id: "s2"),
                Story.event("dev.delivery.triggered", id: "s3", service: "orders"),
                Story.event("notify.triggered", id: "t1"),
                Story.event("dev.other.triggered", id: "s4"),
            ],
            says: [
                (
                    "taskrun.started.0.3.0", "t1",
                    [
                        "taskName": "notify", "uri": uri,
                        "pipelineRun": ["id": "s2", "source": .string(Story.stage)],
                    ]
                )
            ]),
        Case(event: Story.event("notify.status.changed", triggeredID: "t1"), says: []),
    ]

    private static func taskRun(_ name: String, _ outcome: JSON? = nil, errors: JSON? = nil)
        -> (type: String, subject: String, content: JSON)
    {
        (
            "taskrun.\(outcome == nil ? "started" : "finished").0.3.0", "t1",
            .object([("taskName", .string(name)), ("uri", uri), ("outcome", outcome), ("errors", errors)])
        )
    }

    static let services: [Case] = [
        Case(
            event: Story.done("deployment.finished", image("docker.io/acme/carts:0.13.1")),
            says: [
                taskRun("deployment", "success"),
                (
                    "service.deployed.0.3.0", "carts",
                    [
                        "environment": environment,
                        "artifactId": "pkg:oci/carts?repository_url=docker.io/acme/carts&tag=0.13.1",
                    ]
                ),
            ]),
        // What the answer does not repeat stands in the question.
        Case(
            event: Story.done("deployment.finished"),
            run: [Story.event("deployment.triggered", id: "t1", image("carts.tgz@sha256:\(digest)"))],
            previous: "carts.tgz@sha256:\(digest)",
            says: [
                taskRun("deployment", "success"),
                (
                    "service.upgraded.0.3.0", "carts",
                    [
                        "environment": environment,
                        "artifactId": .string("pkg:generic/carts.tgz@sha256%3A\(digest)"),
                    ]
                ),
            ]),
        Case(
            event: Story.done("deployment.finished", ["deployment": ["gitCommit": "abc123"]]),
            says: [
                taskRun("deployment", "success"),
                (
                    "service.deployed.0.3.0", "carts",
                    ["environment": environment, "artifactId": "pkg:generic/sockshop/carts@abc123"]
                ),
            ]),
        Case(
            event: Story.event(
                "deployment.finished", triggeredID: "t1", status: "succeeded", result: "fail", message: "not ready"),
            says: [taskRun("deployment", "failure", errors: "not ready")]),
        Case(
            event: Story.done("rollback.finished", image("carts:2")), previous: "carts:1",
            says: [
                taskRun("rollback", "success"),
                (
                    "service.rolledback.0.3.0", "carts",
                    ["environment": environment, "artifactId": "pkg:oci/carts?tag=1"]
                ),
            ]),
        Case(
            event: Story.done("rollback.finished", image("carts:2")),
            says: [
                taskRun("rollback", "success"),
                (
                    "service.rolledback.0.3.0", "carts",
                    ["environment": environment, "artifactId": "pkg:generic/sockshop/carts"]
                ),
            ]),
        Case(
            event: Story.done("release.finished"),
            says: [
                taskRun("release", "success"),
                ("service.published.0.3.0", "carts", ["environment": environment]),
            ]),
        Case(
            event: Story.event("service.delete.finished", status: "succeeded", result: "pass", stage: nil),
            says: [("service.removed.0.3.0", "carts", .emptyObject)]),
        Case(event: Story.event("service.delete.finished", status: "errored", result: "fail", stage: nil), says: []),
        Case(
            event: Story.event("project.create.finished", status: "succeeded", result: "pass", stage: nil),
            says: [("environment.created.0.3.0", "sockshop", ["name": "sockshop"])]),
        Case(
            event: Story.event("project.delete.finished", status: "succeeded", result: "pass", stage: nil),
            says: [("environment.deleted.0.3.0", "sockshop", ["name": "sockshop"])]),
        Case(event: Story.event("project.create.finished", status: "errored", result: "fail", stage: nil), says: []),
        Case(event: Story.event("project.create.started", stage: nil), says: []),
    ]

    static let gates: [Case] = [
        Case(
            event: Story.event("test.triggered", id: "t1", ["test": ["teststrategy": "performance"]]),
            says: [
                (
                    "testsuiterun.queued.0.3.0", "t1",
                    [
                        "environment": environment, "testSuite": ["id": "performance", "name": "performance"],
                        "trigger": ["type": "pipeline", "uri": uri],
                    ]
                )
            ]),
        Case(
            event: Story.event("test.started", triggeredID: "t1"),
            says: [
                taskRun("test"),
                (
                    "testsuiterun.started.0.3.0", "t1",
                    ["environment": environment, "trigger": ["type": "pipeline", "uri": uri]]
                ),
            ]),
        Case(
            event: Story.event(
                "test.finished", triggeredID: "t1", status: "succeeded", result: "fail", message: "too slow"),
            run: [Story.event("test.triggered", id: "t1", ["test": ["teststrategy": "performance"]])],
            says: [
                taskRun("test", "failure", errors: "too slow"),
                (
                    "testsuiterun.finished.0.3.0", "t1",
                    [
                        "environment": environment, "testSuite": ["id": "performance", "name": "performance"],
                        "outcome": "failure", "reason": "too slow",
                    ]
                ),
            ]),
        Case(
            event: Story.event("evaluation.triggered", id: "t1"),
            says: [
                (
                    "keptn-evaluation.queued.0.1.0", "t1",
                    ["environment": environment, "service": service, "uri": uri]
                )
            ]),
        Case(
            event: Story.event("evaluation.started", triggeredID: "t1"),
            says: [
                taskRun("evaluation"),
                (
                    "keptn-evaluation.started.0.1.0", "t1",
                    ["environment": environment, "service": service, "uri": uri]
                ),
            ]),
        Case(
            event: Story.done("evaluation.finished", ["evaluation": ["result": "pass", "score": 95.5]]),
            says: [
                taskRun("evaluation", "success"),
                (
                    "keptn-evaluation.finished.0.1.0", "t1",
                    [
                        "environment": environment, "service": service, "uri": uri, "outcome": "success",
                        "result": "pass", "score": 95.5,
                    ]
                ),
            ]),
        Case(
            event: Story.event("evaluation.invalidated", triggeredID: "t1"),
            says: [
                (
                    "keptn-evaluation.invalidated.0.1.0", "t1",
                    ["environment": environment, "service": service, "uri": uri]
                )
            ]),
        Case(
            event: Story.event("approval.triggered", id: "t1"),
            says: [
                (
                    "keptn-approval.created.0.1.0", "t1",
                    ["approvalDetailsUrl": uri, "resourceTargetUrl": .string(Story.stage)]
                )
            ]),
        Case(event: Story.event("approval.started", triggeredID: "t1"), says: [taskRun("approval")]),
        Case(
            event: Story.done("approval.finished"),
            says: [
                taskRun("approval", "success"),
                (
                    "keptn-approval.closed.0.1.0", "t1",
                    ["approvalDetailsUrl": uri, "resourceTargetUrl": .string(Story.stage), "decision": "approved"]
                ),
            ]),
    ]

    static let all = sequences + tasks + services + gates

    @Test("Each event says what the table says", arguments: all)
    func says(_ test: Case) {
        let events = Story.inCDEvents(test.event, after: test.run, previous: test.previous)
        #expect(
            events.map { $0.type.drop { $0 != "." }.dropFirst().drop { $0 != "." }.dropFirst() }
                == test.says.map { Substring($0.type) })
        #expect(events.map(\.subject) == test.says.map(\.subject))
        #expect(events.map { $0.json?["subject", "content"] } == test.says.map(\.content))
        for event in events { checkEnvelope(of: event, from: test.event) }
    }

    /// The CloudEvents binding of CDEvents, and what every one of ours has.
    private func checkEnvelope(of event: CloudEvent, from original: CloudEvent) {
        #expect(CDEvents.types.contains(event.type))
        let context = event.json?["context"]
        #expect(context?["specversion"] == "0.5.1")
        #expect(context?["id"]?.stringValue == event.id && event.id.hasPrefix("\(original.id)."))
        #expect(context?["source"]?.stringValue == event.source)
        #expect(event.source == "https://keptn.example.com/shipyard-controller")
        #expect(context?["type"]?.stringValue == event.type)
        #expect(context?["timestamp"] == "2023-11-14T22:13:20.123Z" && event.time == original.time)
        #expect(context?["chainId"] == .string(Story.context))
        #expect(event.json?["subject", "id"]?.stringValue == event.subject)
        #expect(event.json?["customData", "keptn", "id"]?.stringValue == original.id)
        guard case .success(let own) = CDEvent.reading(event) else {
            Issue.record("\(CDEvent.reading(event))")
            return
        }
        #expect(own.type.description == event.type)
    }

    @Test(
        "Outcomes are those of the control plane",
        arguments: [
            ("succeeded", "pass", "success"), ("succeeded", "warning", "success"), ("succeeded", "fail", "failure"),
            ("succeeded", nil, "failure"), ("succeeded", "good", "failure"), ("errored", "fail", "error"),
            ("errored", "pass", "error"), ("unknown", "fail", "error"), (nil, "pass", "error"),
            ("aborted", "pass", "cancel"),
        ] as [(String?, String?, String)])
    func outcomes(status: String?, result: String?, outcome: String) {
        let event = Story.event("dev.delivery.finished", triggeredID: "t1", status: status, result: result)
        #expect(
            Story.inCDEvents(event).map { $0.json?["subject", "content", "outcome"]?.stringValue } == [outcome])
    }

    @Test("What a subject went through is linked")
    func links() {
        let ids = [
            Story.done("dev.delivery.finished"), Story.event("test.started", triggeredID: "t1"),
            Story.done("approval.finished"), Story.event("dev.delivery.triggered"),
        ].map { event in
            Story.inCDEvents(event).last?.json?["context", "links"]?.elements.map {
                "\($0["linkType"]?.stringValue ?? "") \($0["from", "contextId"]?.stringValue ?? "")"
            }
        }
        #expect(
            ids == [
                ["PATH t1.pipelinerun.queued"], ["PATH t1.testsuiterun.queued"], ["PATH t1.keptn-approval.created"],
                nil,
            ])
        let begun = Story.inCDEvents(
            Story.event("deployment.triggered", id: "d1"), after: [Story.event("dev.delivery.triggered", id: "t1")])
        #expect(begun.first?.id == "d1.pipelinerun.started")
        #expect(
            begun.first?.json?["context", "links"]?.elements.first?["from", "contextId"]
                == "t1.pipelinerun.queued")
    }

    @Test("What stands in no address is written as codes")
    func addresses() {
        let event = Story.event("dev.delivery.triggered", source: "https://ci.example.com/a b#c")
        #expect(
            Story.inCDEvents(event).map(\.source)
                == ["https://keptn.example.com/https%3A%2F%2Fci.example.com%2Fa%20b%23c"])
    }

    @Test("Events of others, and such as lack what CDEvents needs, say nothing")
    func silent() {
        var timeless = Story.event("dev.delivery.triggered")
        timeless.time = nil
        var dataless = Story.event("dev.delivery.triggered")
        dataless.data = .text("hello")
        let events = [
            timeless, dataless, Story.event("dev.delivery.triggered", stage: "production"),
            Story.event("test.triggered", stage: nil), CloudEvent(id: "1", source: "s", type: "com.example.ping"),
        ]
        #expect(events.flatMap { Story.inCDEvents($0) }.isEmpty)
    }
}
