import CloudEvents
import Core
import Foundation
import Ports
import ProcessRuntime
import RemoteClients
import SystemPackage
import TestSupport
import Testing

/// Keptn's own test cases of these names (K §6.5): an integration that knows nothing but HTTP, behind
/// `keptn run distributor`.
@Suite("Upstream: integrations", .timeLimit(.minutes(5)))
struct IntegrationTests {
    static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
            - {name: dev, sequences: [{name: mysequence, tasks: [{name: mytask}]}]}
            - {name: prod, sequences: [{name: mysequence, tasks: [{name: mytask}]}]}
        """

    /// Takes each event that is posted to it, as Keptn's SDK does before it works (who needs more than 5 s to take
    /// one is told again), then sends `.started` and `.finished` through its distributor:
    /// `python3 echo.py PORT DISTRIBUTOR-PORT`.
    static let program = """
        import json, sys, urllib.request
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        def answer(event, kind, **data):
            place = {key: event["data"].get(key) for key in ("project", "stage", "service")}
            reply = {"specversion": "1.0", "source": "echo", "type": event["type"].replace("triggered", kind),
                     "shkeptncontext": event["shkeptncontext"], "triggeredid": event["id"], "data": {**place, **data}}
            request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[2]}/event", json.dumps(reply).encode(),
                                             {"content-type": "application/cloudevents+json"})
            urllib.request.urlopen(request, timeout=20).read()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments): pass
            def do_GET(self):
                self.send_response(200); self.end_headers()
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
                answer(event, "started", mytask={"repeated": self.headers.get("keptn-repeated") == "true"})
                answer(event, "finished", status="succeeded", result="pass",
                       mytask={"via": event["data"]["temporaryData"]["distributor"]["subscriptionID"]})

        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """

    @Test("The Python example does its task over plain HTTP, once for each")
    func pythonExample() async throws {
        let shipyard = Self.shipyard.replacing("mytask", with: "notify")
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            try await withTemporaryFolder { folder in
                let processes = LocalProcesses(name: folder, time: MachineTime())
                let program = KeptnProcess.checkout.appending(path: "examples/python/integration.py").path
                let process = try await processes.start(
                    ProcessCommand(
                        program: "python3", arguments: [program],
                        environment: [
                            "KEPTN_ENDPOINT": project.server.endpoint, "KEPTN_API_TOKEN": project.server.token,
                        ], folder: folder, logFile: "\(folder)/example.log"))
                do {
                    try await Self.expectNotified(project)
                } catch {
                    await processes.stop(process, grace: .zero)
                    throw error
                }
                await processes.stop(process, grace: .zero)
            }
        }
    }

    @Test("Of two Python examples the second leaves alone what the first works on")
    func pythonReplicas() async throws {
        let shipyard = Self.shipyard.replacing("mytask", with: "notify")
        let example = try String(
            contentsOf: KeptnProcess.checkout.appending(path: "examples/python/integration.py"), encoding: .utf8)
        let work = "    return {\"told\""
        let patient = example.replacing(
            work, with: "    while CLIENT == 'a' and not os.path.exists('go'): time.sleep(0.05)\n" + work)
        try await ProjectUnderTest.with(shipyard: shipyard) { project in
            try await withTemporaryFolder { folder in
                let processes = LocalProcesses(name: folder, time: MachineTime())
                try patient.write(toFile: "\(folder)/integration.py", atomically: true, encoding: .utf8)
                var running: [ProcessHandle] = []
                func start(_ client: String) async throws {
                    running.append(
                        try await processes.start(
                            ProcessCommand(
                                program: "python3", arguments: ["integration.py"],
                                environment: [
                                    "KEPTN_ENDPOINT": project.server.endpoint, "KEPTN_CLIENT": client,
                                    "KEPTN_API_TOKEN": project.server.token,
                                ], folder: folder, logFile: "\(folder)/\(client).log")))
                }
                func stop() async { for process in running { await processes.stop(process, grace: .zero) } }
                do {
                    let ready: JSON = [
                        "events": ["sh.keptn.event.notify.triggered"], "waitSeconds": 0, "client": "a",
                    ]
                    _ = try await project.server.send("POST", "/v1/subscriptions/python-notifier/pull", ready)
                    try await start("a")
                    let first = try await project.trigger("mysequence", in: "dev")
                    try await KeptnProcess.eventually("the first has it") {
                        try await Self.count("notify.started", of: first, in: project) == 1
                    }
                    try await start("b")
                    let second = try await project.trigger("mysequence", in: "prod")
                    try await project.becomes("finished", second)
                    #expect(try await Self.count("notify.finished", of: first, in: project) == 0)
                    try "".write(toFile: "\(folder)/go", atomically: true, encoding: .utf8)
                    try await project.becomes("finished", first)
                } catch {
                    await stop()
                    throw error
                }
                await stop()
            }
        }
    }

    private static func expectNotified(_ project: ProjectUnderTest) async throws {
        // It hears what comes after its first pull.
        let ready: JSON = ["events": ["sh.keptn.event.notify.triggered"], "waitSeconds": 0]
        _ = try await project.server.send("POST", "/v1/subscriptions/python-notifier/pull", ready)
        for stage in ["dev", "prod"] {
            let context = try await project.trigger("mysequence", in: stage)
            try await project.becomes("finished", context)
            let finished = try await project.latest("notify.finished", in: stage, of: context)
            #expect(finished?["data", "notify", "told"] == "everybody")
            #expect(try await count("notify.started", of: context, in: project) == 1)
        }
    }

    static func registered(_ project: ProjectUnderTest) async throws -> JSON {
        var found: JSON?
        try await KeptnProcess.eventually("the integration is registered") {
            let answer = try await project.server.send(
                "GET", "/controlPlane/v1/uniform/registration?name=echo-service")
            found = answer.json.elements.first
            return found != nil
        }
        return try #require(found)
    }

    private static func count(_ type: String, of context: String, in project: ProjectUnderTest) async throws -> Int? {
        let query = "type=sh.keptn.event.\(type)&keptnContext=\(context)"
        return try await project.server.send("GET", "/mongodb-datastore/event?\(query)").json["totalCount"]?.intValue
    }

    private static func starts(of context: String, in project: ProjectUnderTest) async throws -> [JSON] {
        let query = "type=sh.keptn.event.mytask.started&keptnContext=\(context)"
        let answer = try await project.server.send("GET", "/mongodb-datastore/event?\(query)")
        return answer.json["events"]?.elements ?? []
    }

    @Test("Test_UniformRegistration_RegistrationOfKeptnIntegrationRemoteExecPlane")
    func remoteExecutionPlane() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let environment = ["PUBSUB_TOPIC": "sh.keptn.event.mytask.triggered", "STAGE_FILTER": "dev"]
            try await project.withIntegration(Self.program, environment: environment) { proxies, _ in
                let integration = try await Self.registered(project)
                #expect(integration["metadata", "location"] == "remote-execution-plane")
                #expect(integration["metadata", "integrationversion"] == "0.9")
                let subscription = try #require(integration["subscriptions"]?.elements.first)
                #expect(subscription["event"] == "sh.keptn.event.mytask.triggered")
                #expect(subscription["filter", "stages"] == ["dev"])
                let context = try await project.trigger("mysequence")
                try await project.becomes("finished", context)
                let finished = try await project.latest("mytask.finished", of: context)
                #expect(finished?["data", "mytask", "via"] == subscription["id"])
                #expect(try await Self.count("mytask.started", of: context, in: project) == 1)

                let elsewhere = try await project.trigger("mysequence", in: "prod")
                let again = try await project.trigger("mysequence")
                try await project.becomes("finished", again)
                #expect(try await Self.count("mytask.started", of: elsewhere, in: project) == 0, "it hears dev only")

                let url = "http://127.0.0.1:\(proxies[0])/controlPlane/v1/project/\(ProjectUnderTest.name)"
                let answer = try await WebRequester().send(OutgoingRequest(url: url))
                #expect(answer.status == 200, "the rest of the API is there, with the token added")
                #expect(try JSON(parsing: answer.body)["projectName"]?.stringValue == ProjectUnderTest.name)
            }
        }
    }

    /// The filter is changed while the integration runs, as somebody does in the Bridge.
    @Test("Test_UniformRegistration_RegistrationOfKeptnIntegration")
    func changedSubscription() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let environment = ["PUBSUB_TOPIC": "sh.keptn.event.other.triggered", "LOCATION": "control-plane"]
            try await project.withIntegration(Self.program, environment: environment) { _, _ in
                let integration = try await Self.registered(project)
                #expect(integration["metadata", "location"] == "control-plane")
                #expect(integration["metadata", "kubernetesmetadata", "deploymentname"] == "echo-service")
                let id = try #require(integration["id"]?.stringValue)
                let subscription = try #require(integration["subscriptions"]?.elements.first)
                let path = "/controlPlane/v1/uniform/registration/\(id)/subscription/"
                let changed = try await project.server.send(
                    "PUT", path + (subscription["id"]?.stringValue ?? ""),
                    subscription.setting("event", to: "sh.keptn.event.mytask.triggered")
                        .setting("filter", to: ["stages": ["dev"]]))
                #expect(changed.status == 201, "\(changed.json)")
                // It hears of that with the answer to its next sign of life.
                var seen = try await Self.registered(project)["metadata", "lastseen"]
                for _ in 1...2 {
                    let before = seen
                    try await KeptnProcess.eventually("a sign of life") {
                        seen = try await Self.registered(project)["metadata", "lastseen"]
                        return seen != before
                    }
                }
                let elsewhere = try await project.trigger("mysequence", in: "prod")
                let context = try await project.trigger("mysequence")
                try await project.becomes("finished", context)
                #expect(try await Self.count("mytask.started", of: context, in: project) == 1)
                #expect(try await Self.count("mytask.started", of: elsewhere, in: project) == 0, "it hears dev only")
            }
        }
    }

    @Test("Test_UniformRegistration_RegistrationOfKeptnIntegrationMultiplePods")
    func replicas() async throws {
        try await ProjectUnderTest.with(shipyard: Self.shipyard) { project in
            let environment = ["PUBSUB_TOPIC": "sh.keptn.event.mytask.triggered"]
            try await project.withIntegration(Self.program, replicas: 2, environment: environment) { _, _ in
                _ = try await Self.registered(project)
                for _ in 1...5 {
                    let context = try await project.trigger("mysequence")
                    try await project.becomes("finished", context)
                    // A machine that stands still for half a minute lets a replica's lease run out: then the task goes
                    // to the other one too, and says so.
                    let starts = try await Self.starts(of: context, in: project)
                    #expect(starts.count { $0["data", "mytask", "repeated"] == false } <= 1, "\(starts)")
                    let ends = try await Self.count("mytask.finished", of: context, in: project)
                    #expect((1...max(1, starts.count)).contains(ends ?? 0), "\(starts)")
                }
                let all = try await project.server.send(
                    "GET", "/controlPlane/v1/uniform/registration?name=echo-service")
                #expect(all.json.elements.count == 1, "two replicas are one integration")
            }
        }
    }
}

extension ProjectUnderTest {
    /// Runs a Python program so many times, each behind a distributor of its own: `python3 PROGRAM PORT PROXY-PORT` in
    /// a folder. The body gets the ports of the distributors, and the folder.
    func withIntegration(
        _ program: String, replicas: Int = 1, environment: [String: String],
        _ body: (_ proxies: [Int], _ folder: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let processes = LocalProcesses(name: folder, time: MachineTime())
            try program.write(toFile: "\(folder)/integration.py", atomically: true, encoding: .utf8)
            var running: [ProcessHandle] = []
            var proxies: [Int] = []
            func start(_ program: String, _ arguments: [String], _ environment: [String: String]) async throws {
                let log = "\(folder)/\(running.count).log"
                running.append(
                    try await processes.start(
                        ProcessCommand(
                            program: program, arguments: arguments, environment: environment, folder: folder,
                            logFile: log)))
            }
            func stop() async { for process in running { await processes.stop(process, grace: .zero) } }
            do {
                for replica in 1...replicas {
                    let (port, proxy) = (try await processes.freePort(), try await processes.freePort())
                    proxies.append(proxy)
                    try await start("python3", ["\(folder)/integration.py", String(port), String(proxy)], [:])
                    let own = [
                        "KEPTN_API_ENDPOINT": server.endpoint, "KEPTN_API_TOKEN": server.token,
                        "K8S_DEPLOYMENT_NAME": "echo-service", "PUBSUB_RECIPIENT_PORT": String(port),
                        "API_PROXY_PORT": String(proxy), "HEARTBEAT_INTERVAL": "1s", "VERSION": "0.9",
                        "K8S_POD_NAME": "echo-\(replica)",
                    ]
                    try await start(
                        KeptnProcess.program.string, ["run", "distributor"], own.merging(environment) { $1 })
                }
                try await body(proxies, folder)
            } catch {
                await stop()
                throw error
            }
            await stop()
        }
    }
}
