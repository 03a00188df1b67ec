import API
import CloudEvents
import Core
import HTTPServing
import HTTPTypes
import KeptnModel
import Ports
import TestSupport
import Testing

/// The lists for people, over executions and events in memory.
@Suite("Overviews of the API", .timeLimit(.minutes(5)))
struct OverviewsTests {
    private static let all = "/api/v1/overview"
    private static let project = all + "/project/sockshop"

    private static func withRuns() async throws -> AccessBench {
        let bench = try await AccessBench()
        try await StoreContract.save(
            StoreContract.execution("a", context: "aa-1", at: 1, state: .finished, result: .fail),
            StoreContract.execution("b", context: "bb-2", at: 2, task: "approval", deadline: StoreContract.time),
            StoreContract.execution("c", context: "cc-3", at: 3, state: .waiting), in: bench.store)
        try await bench.store.append([
            StoreContract.event(
                "gate", type: "sh.keptn.event.evaluation.finished", context: "aa-1", result: "fail")
        ])
        return bench
    }

    @Test("A project shows what is open, what its gates say, and its latest runs")
    func projects() async throws {
        let bench = try await Self.withRuns()
        let json = try await bench.send("GET", Self.all + "/projects").json
        let project = try #require(json["projects"]?.elements.first)
        #expect(json["totalCount"] == 1 && json["totals", "approvals"] == 0 && json["totals", "waiting"] == 1)
        #expect(project["name"] == "sockshop" && project["serviceCount"] == 1)
        #expect(project["running"] == 1 && project["gates", "fail"] == 1)
        let dev = try #require(project["stages"]?.elements.first { $0["name"] == "dev" })
        #expect(dev["waiting"] == 1 && dev["gates", "fail"] == 1 && dev["parents"] == [])
        #expect(project["runs"]?.elements.map { $0["context"] } == ["cc-3", "bb-2", "aa-1"])
        #expect(project["runs"]?.elements.last?["result"] == "fail")
        #expect(try await bench.send("GET", Self.all + "/projects?search=nothing").json["totalCount"] == 0)
    }

    @Test("Services are searched, filtered, cut, and say what stands in each stage")
    func services() async throws {
        let bench = try await Self.withRuns()
        func names(_ query: String) async throws -> [JSON?] {
            let answer = try await bench.send("GET", Self.project + "/services?" + query)
            #expect(answer.status == 200)
            return answer.json["services"]?.elements.map { $0["name"] } ?? []
        }
        #expect(try await names("search=CAR") == ["carts"])
        #expect(try await names("search=x") == [])
        #expect(try await names("filter=evaluation") == ["carts"])
        #expect(try await names("filter=evaluation&stage=staging") == [])
        #expect(try await names("filter=approval&stage=dev") == ["carts"])
        #expect(try await names("filter=problem") == [])
        #expect(try await names("nextPageKey=1") == [])
        #expect(try await names("filter=differs&stage=dev&against=prod") == [])
        func deployed(_ stage: String) async throws {
            try await bench.store.append([
                StoreContract.event(
                    stage, type: "sh.keptn.event.deployment.finished", context: "aa-1", stage: stage)
            ])
        }
        try await deployed("dev")
        #expect(try await names("filter=differs&stage=dev&against=prod") == ["carts"])
        try await deployed("prod")
        #expect(try await names("filter=differs&stage=dev&against=prod") == [])
        let row = try await bench.send("GET", Self.project + "/services").json["services"]?.elements.first
        let dev = try #require(row?["stages"]?.elements.first { $0["stage"] == "dev" })
        #expect(dev["gate", "result"] == "fail" && dev["gate", "context"] == "aa-1")
        #expect(dev["open"]?.elements.map { $0["context"] } == ["bb-2", "cc-3"])
    }

    @Test("The newest gates of a stage and the addresses of deployments are told to those who ask")
    func extras() async throws {
        let bench = try await Self.withRuns()
        for (id, result) in [("second", "pass"), ("third", "warning")] {
            try await bench.store.append([
                StoreContract.event(
                    id, type: "sh.keptn.event.evaluation.finished", context: "aa-1", result: result)
            ])
        }
        var deployed = StoreContract.event("d", type: "sh.keptn.event.deployment.finished", context: "aa-1")
        deployed.data = .json([
            "project": "sockshop", "stage": "dev", "service": "carts",
            "deployment": ["deploymentURIsPublic": ["http://carts.example.org"]],
        ])
        try await bench.store.append([deployed])
        func stages(_ query: String) async throws -> [JSON] {
            try await bench.send("GET", Self.project + "/services?" + query)
                .json["services"]?.elements.first?["stages"]?.elements ?? []
        }
        let plain = try #require(try await stages("").first)
        #expect(plain["gates"] == nil && plain["addresses"] == nil)
        let asked = try await stages("gates=2&stage=dev&addresses=true")
        #expect(asked.first?["addresses"] == ["http://carts.example.org"])
        #expect(asked.first?["gates"]?.elements.map { $0["eventID"] } == ["third", "second"])
        #expect(asked.first?["gates"]?.elements.map { $0["result"] } == ["warning", "pass"])
        #expect(asked.dropFirst().allSatisfy { $0["gates"] == nil })
    }

    @Test("Runs are found by result and state, open ones by task")
    func runs() async throws {
        let bench = try await Self.withRuns()
        func contexts(_ path: String, _ list: String) async throws -> [JSON?] {
            try await bench.send("GET", path).json[list]?.elements.map { $0["context"] } ?? []
        }
        #expect(try await contexts(Self.project + "/sequences?result=fail", "runs") == ["aa-1"])
        #expect(try await contexts(Self.project + "/sequences?state=waiting,started", "runs") == ["cc-3", "bb-2"])
        #expect(try await contexts(Self.all + "/open?task=approval", "open") == ["bb-2"])
        #expect(try await contexts(Self.all + "/open?pageSize=1&nextPageKey=1", "open") == ["cc-3"])
        let found = try await bench.send("GET", "/api/v1/search?q=bb").json["results"]?.elements
        #expect(found?.map { $0["kind"] } == ["sequence"] && found?.first?["context"] == "bb-2")
        let services = try await bench.send("GET", "/api/v1/search?q=CART").json["results"]?.elements
        #expect(services?.map { $0["service"] } == ["carts"])
    }

    @Test("A run is a timeline: who worked on a task and when, what is still to come, what it waits for")
    func timeline() async throws {
        let bench = try await Self.withRuns()
        let type = "sh.keptn.event.approval"
        try await bench.store.append([
            StoreContract.event("task-b", type: type + ".triggered", context: "bb-2"),
            StoreContract.event("s", source: "x", type: type + ".started", context: "bb-2", triggeredID: "task-b"),
            StoreContract.event("o", source: "y", type: type + ".started", context: "bb-2", triggeredID: "task-b"),
            StoreContract.event(
                "f", source: "x", type: type + ".finished", context: "bb-2", triggeredID: "task-b", result: "pass"),
        ])
        let json = try await bench.send("GET", Self.project + "/sequence/bb-2").json
        let execution = try #require(json["executions"]?.elements.first)
        #expect(json["eventCount"] == 4 && json["events"]?.elements.map { $0["id"] } == ["task-b", "s", "o", "f"])
        #expect(execution["waitingFor", "kind"] == "executorStart")
        let tasks = execution["tasks"]?.elements ?? []
        #expect(tasks.map { $0["phase"] } == ["open", "planned"])
        let executors = tasks.first?["executors"]?.elements ?? []
        #expect(executors.map { $0["source"] } == ["x", "y"] && executors.map { $0["result"] } == ["pass", nil])
        #expect(try await bench.send("GET", Self.project + "/sequence/nothing").status == 404)
    }

    @Test("Who is limited to projects sees nothing of others")
    func limits() async throws {
        let bench = try await Self.withRuns()
        let theirs = try await bench.token("theirs", ["read"], projects: ["bank"])
        func get(_ path: String) async throws -> (status: Int, json: JSON) {
            try await bench.send("GET", path, token: theirs)
        }
        #expect(try await get(Self.all + "/projects").json["totalCount"] == 0)
        #expect(try await get(Self.all + "/projects").json["totals", "waiting"] == 0)
        #expect(try await get(Self.all + "/open").json["totalCount"] == 0)
        #expect(try await get("/api/v1/search?q=a").json["results"] == [])
        #expect(try await get(Self.all + "/repaired").json["totalCount"] == 0)
        #expect(try await get(Self.all + "/repaired?project=sockshop").status == 403)
        for path in ["", "/services", "/sequences", "/sequence/bb-2"] {
            #expect(try await get(Self.project + path).status == 403, "\(path)")
        }
        #expect(try await get(Self.all + "/open?project=sockshop").status == 403)
    }

    @Test(
        "Mistakes say what would be right",
        arguments: [
            ("/services?filter=x", "problem, evaluation, approval, running or differs"),
            ("/services?gates=99&stage=dev", "gates is '99'"), ("/services?gates=2", "a 'stage'"),
            ("/services?filter=differs&stage=dev", "'against' is ''"), ("/sequences?result=good", "'good'"),
            ("/sequences?state=x", "'x'"), ("/services?pageSize=0", "pageSize"),
        ])
    func mistakes(path: String, says: String) async throws {
        let answer = try await Self.withRuns().send("GET", Self.project + path)
        #expect(answer.status == 400 && answer.json["message"]?.stringValue?.contains(says) == true)
    }

    @Test("An ended remediation says what was wrong, and what was done with which result")
    func repairs() async throws {
        let bench = try await AccessBench()
        func finished(_ name: String, _ id: String, _ result: String) -> JSON {
            [
                "name": .string(name), "eventID": .string(id), "finishedAt": 1,
                "outcome": ["result": .string(result), "status": "succeeded", "message": "said so"],
            ]
        }
        func execution(_ id: String, at: Int64, task: String? = nil, _ tasks: [JSON]) throws -> SequenceExecution {
            let plain = try StoreContract.execution(
                id, context: "r", name: "remediation", at: at, state: task == nil ? .finished : .aborted, task: task)
            let json = plain.encoded.setting("finishedTasks", to: .array(tasks)).setting(
                "payload", to: ["problem": ["problemTitle": "slow"]])
            return try SequenceExecution(decoding: json, definition: plain.definition)
        }
        try await StoreContract.save(
            execution("a", at: 1, [finished("get-action", "g1", "pass"), finished("action", "a1", "fail")]),
            execution("b", at: 2, [finished("action", "a2", "pass"), finished("evaluation", "e", "pass")]),
            execution("c", at: 3, task: "action", []), in: bench.store)
        for (id, action) in [("a1", "scaling"), ("a2", "rollback")] {
            var event = StoreContract.event(id, type: "sh.keptn.event.action.triggered", context: "r")
            event.data = .json([
                "project": "sockshop", "stage": "dev", "service": "carts",
                "action": ["action": .string(action), "name": "more"],
            ])
            try await bench.store.append([event])
        }
        let run = try #require(try await bench.send("GET", Self.all + "/repaired").json["runs"]?.elements.first)
        #expect(run["problem"] == "slow" && run["actionCount"] == 3)
        let actions = run["actions"]?.elements ?? []
        #expect(actions.map { $0["action"] } == ["scaling", "rollback", nil])
        #expect(actions.map { $0["result"] } == ["fail", "pass", nil])
        #expect(actions.first?["message"] == "said so" && actions.first?["name"] == "more")
        // Of a run that began to turn in circles the newest are told.
        let many = (1...30).map { finished("action", "m\($0)", "fail") }
        try await StoreContract.save(execution("c", at: 3, many), expecting: 1, in: bench.store)
        let circle = try #require(try await bench.send("GET", Self.all + "/repaired").json["runs"]?.elements.first)
        #expect(circle["actionCount"] == 32 && circle["actions"]?.elements.count == 20)
    }

    @Test("An answer that could not wait for what has just happened says so", arguments: [true, false])
    func behind(isStuck: Bool) async throws {
        struct Stuck: EventBarrier {
            let time: ManualTime
            func handled(_ position: Position) async throws { try await time.sleep(for: .seconds(3600)) }
        }
        let time = ManualTime()
        let bench = try await AccessBench(barrier: isStuck ? Stuck(time: time) : NoBarrier())
        let route = try #require(bench.api.routes.first { $0.path == Self.all + "/projects" })
        let answer = Task {
            var request = APIRequest()
            request.caller = Caller(name: "first", grant: .admin)
            return try await route.handler(request)
        }
        if isStuck {
            try await bench.time.waitForSleepers(1)
            bench.time.advance(by: .seconds(1))
        }
        let behind = try #require(HTTPField.Name("keptn-behind"))
        #expect(try await answer.value.headers[behind] == (isStuck ? "true" : nil))
    }

    @Test("The stream tells the facts of events without what they say")
    func facts() async throws {
        let bench = try await Self.withRuns()
        let answer = try await bench.send("GET", "/api/v1/stream?view=all")
        #expect(answer.status == 400 && answer.json["message"]?.stringValue?.contains("'facts'") == true)
    }
}
