import CloudEvents
import Core
import KeptnKit
import KeptnModel
import Logging
import Ports
import RemediationService
import Synchronization
import Testing

@Suite("RemediationService", .timeLimit(.minutes(5)))
struct RemediationServiceTests {
    static let file = """
        apiVersion: spec.keptn.sh/0.1.4
        kind: Remediation
        metadata: {name: carts}
        spec:
          remediations:
          - problemType: slow
            actionsOnOpen:
            - {action: slowdown, name: first, description: why, value: {delay: 2s, for: 5m}}
            - {action: abort, value: {client: 10.0.0.9}}
        """
    private let problem: JSON = [
        "problemTitle": "slow", "ProblemID": "p1", "ProblemDetails": ["ClientIP": "10.0.0.7"],
    ]

    // MARK: Which action

    @Test("It answers with the action, and the index of the next one")
    func getAction() async throws {
        let world = RemediationWorld(files: ["remediation.yaml": Self.file])
        try await world.running { bench in
            try await bench.store.append([bench.triggered("get-action", data: ["problem": problem])])
            let first = try await bench.event("get-action.finished")
            #expect(first.json?["result"] == "pass")
            #expect(
                first.json?["action"] == [
                    "name": "first", "action": "slowdown", "description": "why",
                    "value": ["delay": "2s", "for": "5m"],
                ])
            #expect(first.json?["get-action", "actionIndex"] == 1)
            let later: JSON = ["problem": problem, "get-action": ["actionIndex": 1]]
            try await bench.store.append([bench.triggered("get-action", id: "t2", data: later)])
            let second = try await bench.event("get-action.finished", answering: "t2")
            #expect(second.json?["action", "action"] == "abort")
            #expect(second.json?["get-action", "actionIndex"] == 2)
        }
    }

    @Test("A problem that comes back goes on with the next action; at the end somebody has to look at it")
    func flapping() async throws {
        let world = RemediationWorld(files: ["remediation.yaml": Self.file])
        try await world.running { bench in
            for (id, action) in [("t1", "slowdown"), ("t2", "abort"), ("t3", nil)] as [(String, String?)] {
                try await bench.store.append([bench.triggered("get-action", id: id, data: ["problem": problem])])
                let answer = try await bench.event("get-action.finished", answering: id)
                #expect(answer.json?["action", "action"]?.stringValue == action)
                #expect(answer.json?["result"]?.stringValue == (action == nil ? "fail" : "pass"))
                #expect(answer.json?["status"] == "succeeded")
            }
            bench.time.advance(by: ProblemHistory.calm + .seconds(1))
            try await bench.store.append([bench.triggered("get-action", id: "t4", data: ["problem": problem])])
            let answer = try await bench.event("get-action.finished", answering: "t4")
            #expect(answer.json?["action", "action"] == "slowdown")
        }
    }

    @Test("How long a problem was away counts from its last sign: the end of its run, or that it was over")
    func away() async throws {
        let world = RemediationWorld(files: ["remediation.yaml": Self.file])
        try await world.running { bench in
            func answer(_ id: String, in context: String) async throws -> JSON? {
                try await bench.store.append([
                    bench.triggered("get-action", id: id, context: context, data: ["problem": problem])
                ])
                return try await bench.event("get-action.finished", answering: id).json
            }
            func sign(_ type: String, _ data: JSON, in context: String) async throws {
                let place: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
                try await bench.store.append([
                    CloudEvent(
                        id: "sign of \(context)", source: "test", type: type, time: bench.time.now,
                        extensions: ["shkeptncontext": .string(context)], data: .json(place.merging(data)))
                ])
            }
            #expect(try await answer("t1", in: "one")?["action", "action"] == "slowdown")
            // Its action took long to show what it does.
            bench.time.advance(by: .seconds(3000))
            try await sign(Problem.eventType, ["State": "RESOLVED", "ProblemID": "p1"], in: "alert")
            bench.time.advance(by: ProblemHistory.calm - .seconds(1))
            #expect(try await answer("t2", in: "two")?["action", "action"] == "abort")
            bench.time.advance(by: .seconds(3000))
            try await sign("sh.keptn.event.dev.remediation.finished", [:], in: "two")
            bench.time.advance(by: ProblemHistory.calm - .seconds(1))
            #expect(try await answer("t3", in: "three")?["result"] == "fail")
            // That all were tried is not forgotten while it goes on to come back.
            bench.time.advance(by: ProblemHistory.calm - .seconds(1))
            #expect(try await answer("t4", in: "four")?["result"] == "fail")
            bench.time.advance(by: ProblemHistory.calm)
            #expect(try await answer("t5", in: "five")?["action", "action"] == "slowdown")
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var files: [String: String] = ["remediation.yaml": RemediationServiceTests.file]
        var data: JSON = ["problem": ["problemTitle": "slow"]]
        var status = "errored"
        var says: String
        var testDescription: String { says }
    }

    static let refusals = [
        Refusal(
            files: [:],
            says: "could not retrieve remediation.yaml: neither carts nor stage dev nor project sockshop has one"),
        Refusal(
            files: ["remediation.yaml": "apiVersion: 1"],
            says: "remediation.yaml cannot be used:\nremediation.yaml:1:1: warning: the file has no 'kind'"),
        Refusal(
            data: ["problem": ["problemTitle": "other"]], status: "succeeded",
            says: "unable to find action for problem 'other'; remediation.yaml has 'slow'"),
        Refusal(
            data: ["problem": ["problemTitle": "slow"], "get-action": ["actionIndex": 2]], status: "succeeded",
            says: "there is no action with index 2 for problem 'slow'"),
        Refusal(
            data: ["problem": ["problemTitle": "slow"], "get-action": ["actionIndex": "x"]],
            says: "data.get-action.actionIndex is \"x\"; a whole number from 0 is needed"),
        Refusal(data: [:], status: "succeeded", says: "unable to find action for a problem without a title"),
    ]

    @Test("What leads to no action is said, and fails", arguments: refusals)
    func refuses(_ test: Refusal) async throws {
        try await RemediationWorld(files: test.files).running { bench in
            try await bench.store.append([bench.triggered("get-action", data: test.data)])
            let answer = try await bench.event("get-action.finished")
            #expect(answer.json?["result"] == "fail")
            #expect(answer.json?["status"]?.stringValue == test.status)
            let message = answer.json?["message"]?.stringValue ?? ""
            #expect(message.hasPrefix(test.says), "\(message)")
        }
    }

    // MARK: Clients

    @Test("A client is slowed down until its problem is over, also after a restart")
    func slowdown() async throws {
        let world = RemediationWorld()
        let scope = Scope(project: "sockshop", stage: "dev", service: "carts")
        let data: JSON = [
            "problem": problem, "action": ["action": "slowdown", "value": ["delay": "2s", "for": "5m"]],
        ]
        try await world.running { bench in
            try await bench.store.append([bench.triggered("action", data: data)])
            let answer = try await bench.event("action.finished")
            #expect(answer.json?["result"] == "pass", "\(answer.json?["message"] ?? "")")
            #expect(world.faults.of(scope).map(\.client) == ["10.0.0.7"])
            #expect(world.faults.of(scope).first?.effect == .delay(.seconds(2)))
        }
        let next = world.restarted()
        try await next.running { bench in
            try await next.faults.set(for: scope)
            #expect(next.faults.of(scope).map(\.id) == ["t1"])
            let over: JSON = [
                "project": "sockshop", "stage": "dev", "service": "carts", "State": "RESOLVED", "ProblemID": "p1",
            ]
            let receipts = try await bench.store.append([
                CloudEvent(id: "over", source: "test", type: Problem.eventType, time: bench.time.now, data: .json(over))
            ])
            try await bench.settled(RemediationService.name, upTo: try #require(receipts.last).position.value)
            #expect(next.faults.of(scope).isEmpty)
        }
    }

    @Test("An action against clients whose problem has ended in the meantime leaves them alone")
    func slowdownTooLate() async throws {
        let world = RemediationWorld()
        let scope = Scope(project: "sockshop", stage: "dev", service: "carts")
        let data: JSON = ["problem": problem, "action": ["action": "slowdown", "value": "2s"]]
        try await world.running { bench in
            func problem(_ id: String, _ type: String, _ state: String, _ context: String) -> CloudEvent {
                let place: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
                let told: JSON = ["State": .string(state), "ProblemID": "p1"]
                return CloudEvent(
                    id: id, source: "test", type: type, time: bench.time.now,
                    extensions: ["shkeptncontext": .string(context)],
                    data: .json(place.merging(told).setting("problem", to: told)))
            }
            let opening = "sh.keptn.event.dev.remediation.triggered"
            try await bench.store.append([
                problem("opened", opening, "OPEN", "context-1"),
                problem("over", Problem.eventType, "RESOLVED", "alert"), bench.triggered("action", data: data),
            ])
            let answer = try await bench.event("action.finished")
            #expect(answer.json?["result"] == "pass" && answer.json?["fault"] == nil)
            #expect(answer.json?["message"] == "the problem is over: nobody is slowed down or refused")
            #expect(world.faults.of(scope).isEmpty)
            // When it has come back, that is the end of an earlier one.
            try await bench.store.append([
                problem("opened again", opening, "OPEN", "context-2"),
                bench.triggered("action", id: "t2", context: "context-2", data: data),
            ])
            let second = try await bench.event("action.finished", answering: "t2")
            #expect(second.json?["fault", "client"] == "10.0.0.7")
            #expect(world.faults.of(scope).map(\.id) == ["t2"])
        }
    }

    @Test(
        "Actions that cannot be done are answered",
        arguments: [
            (["action": "scaling", "value": "1"], true, "nobody took action scaling"),
            (["action": "escalate"], true, "no executor took action 'escalate'; known here are scaling, rollback"),
            (["action": "slowdown", "value": "soon"], false, "'value' of slowdown needs a delay of at most 60s"),
            (["action": "slowdown", "value": "1s"], false, "whose requests?"),
            (["action": "abort", "value": ["client": "nobody"]], false, "the client 'nobody' is no IP address"),
            (["action": "featuretoggle", "value": "a:on"], true, "sockshop/dev/carts has no flag file"),
            (["action": "command", "value": "/bin/false"], false, "this server does not run /bin/false: its operator"),
            ([:], true, "no executor took action ''"),
        ] as [(JSON, Bool, String)])
    func impossible(action: JSON, waits: Bool, says: String) async throws {
        try await RemediationWorld().running { bench in
            try await bench.store.append([bench.triggered("action", data: ["action": action])])
            if waits {
                try await bench.time.waitForSleepers()
                bench.time.advance(by: .seconds(30))
            }
            let answer = try await bench.event("action.finished")
            #expect(answer.json?["status"] == "errored")
            #expect(answer.json?["result"] == "fail")
            let message = answer.json?["message"]?.stringValue ?? ""
            #expect(message.hasPrefix(says), "\(message)")
        }
    }

    @Test("An action that somebody else has begun is left to him")
    func othersAction() async throws {
        try await RemediationWorld().running { bench in
            let task = bench.triggered("action", data: ["action": ["action": "escalate"]])
            let started = CloudEvent(
                keptn: .task(name: "action", kind: .started), id: "s", source: "pager", time: bench.time.now,
                context: "context-1", triggeredID: "t1",
                data: ["project": "sockshop", "stage": "dev", "service": "carts"])
            let receipts = try await bench.store.append([task, started])
            let position = try #require(receipts.first).position.value
            try await bench.passed(over: position, by: RemediationService.name)
            #expect(try await bench.log() == ["action.triggered", "action.started"])
        }
    }

    @Test("An earlier round's value does not mix with that of this one")
    func exactValue() async throws {
        let world = RemediationWorld()
        try await world.running { bench in
            let place: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
            let chosen = CloudEvent(
                keptn: .task(name: "get-action", kind: .finished), id: "g", source: RemediationService.name,
                time: bench.time.now, context: "context-1", triggeredID: "x",
                data: place.merging(["action": ["action": "abort", "value": ["client": "10.0.0.9"]]]))
            let mixed: JSON = [
                "action": ["action": "abort", "value": ["client": "10.0.0.9", "status": 999]], "problem": problem,
            ]
            try await bench.store.append([chosen, bench.triggered("action", data: mixed)])
            let answer = try await bench.event("action.finished")
            #expect(answer.json?["result"] == "pass", "\(answer.json?["message"] ?? "")")
            #expect(answer.json?["fault", "status"] == 403)
        }
    }

    // MARK: Flags, requests, programs

    @Test("Flags are changed in the flag file, else at Unleash")
    func flags() async throws {
        let world = RemediationWorld()
        let action: JSON = ["action": ["action": "toggle-feature", "value": ["promotion": "off"]]]
        try await world.running { bench in
            try await world.secrets.save(
                ["url": "https://unleash.example.com/", "token": "s3cret"],
                as: SecretName("unleash", scope: "keptn-default"))
            try await bench.store.append([bench.triggered("action", data: action)])
            let first = try await bench.event("action.finished")
            #expect(first.json?["result"] == "pass", "\(first.json?["message"] ?? "")")
            #expect(
                world.webhooks.made.map(\.target.url) == [
                    "https://unleash.example.com/api/admin/projects/default/features/promotion/environments/dev/off"
                ])
            #expect(world.webhooks.made.first?.headers.first { $0.name == "Authorization" }?.value == "s3cret")
            world.flags.have()
            try await bench.store.append([bench.triggered("action", id: "t2", data: action)])
            let second = try await bench.event("action.finished", answering: "t2")
            #expect(second.json?["result"] == "pass")
            #expect(second.json?["message"] == "promotion is off")
            #expect(world.flags.changes == [[.init(flag: "promotion", variant: "off")]])
            #expect(world.webhooks.made.count == 1)
        }
    }

    @Test("A webhook is called with the event's values; what it is answered counts")
    func webhook() async throws {
        let world = RemediationWorld()
        let value: JSON = [
            "url": "https://example.com/{{.data.service}}", "payload": #"{"title": "{{.data.problem.problemTitle}}"}"#,
        ]
        let data: JSON = ["problem": problem, "action": ["action": "webhook", "value": value]]
        try await world.running { bench in
            try await bench.store.append([bench.triggered("action", data: data)])
            #expect(try await bench.event("action.finished").json?["result"] == "pass")
            #expect(world.webhooks.made.map(\.target.url) == ["https://example.com/carts"])
            #expect(world.webhooks.made.first?.body == #"{"title": "slow"}"#)
            world.webhooks.answer(500)
            try await bench.store.append([bench.triggered("action", id: "t2", data: data)])
            let failed = try await bench.event("action.finished", answering: "t2")
            #expect(failed.json?["status"] == "errored")
            #expect(failed.json?["message"]?.stringValue?.contains("it was answered with 500") == true)
        }
    }

    @Test("A program that a killed process has left is stopped before its task comes again")
    func strays() async throws {
        let processes = InMemoryProcesses()
        _ = try await processes.start(
            ProcessCommand(program: "/bin/repair", arguments: [], environment: [:], folder: "", logFile: ""))
        await RemediationWorld().service(over: FilesOfAStage(files: [:]), processes).prepare()
        #expect(processes.commands.isEmpty && processes.startCount == 1)
    }

    @Test("A program is stopped when its sequence is aborted")
    func abortedCommand() async throws {
        let world = RemediationWorld()
        let begun = Gate()
        let processes = InMemoryProcesses { _ in
            begun.open()
            return nil
        }
        let data: JSON = ["action": ["action": "command", "value": ["program": "/bin/repair"]]]
        try await world.running(processes) { bench in
            try await bench.store.append([bench.triggered("action", data: data)])
            try await begun.pass()
            try await bench.store.append([
                CloudEvent(
                    keptn: .sequence(stage: "dev", name: "remediation", kind: .finished), id: "e1",
                    source: "shipyard-controller", time: bench.time.now, context: "context-1",
                    data: [
                        "project": "sockshop", "stage": "dev", "service": "carts", "status": "aborted",
                        "result": "fail",
                    ])
            ])
            #expect(try await bench.event("action.finished").json?["status"] == "aborted")
            #expect(processes.commands.isEmpty && processes.startCount == 1)
        }
    }

    @Test("A program runs only where the operator has allowed it")
    func command() async throws {
        let world = RemediationWorld()
        let data: JSON = [
            "problem": problem,
            "action": ["action": "command", "value": ["program": "/bin/repair", "arguments": ["now"]]],
        ]
        try await world.running { bench in
            try await bench.store.append([bench.triggered("action", data: data)])
            let answer = try await bench.event("action.finished")
            #expect(answer.json?["result"] == "fail")
            #expect(answer.json?["message"] == "/bin/repair exited with code 1:\nno socks today")
        }
    }
}
