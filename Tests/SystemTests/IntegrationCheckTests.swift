import CloudEvents
import Foundation
import ProcessRuntime
import Subprocess
import SystemPackage
import TestSupport
import Testing

@Suite("keptn test integration", .timeLimit(.minutes(10)))
struct IntegrationCheckTests {
    /// Asks for its events, one at a time, and answers by what its argument says.
    private static let puller = """
        import json, os, sys, urllib.request, uuid

        def call(path, body):
            request = urllib.request.Request(
                f"{os.environ['KEPTN_ENDPOINT']}/v1/subscriptions/puller/{path}", json.dumps(body).encode(),
                {"x-token": os.environ["KEPTN_API_TOKEN"], "content-type": "application/json"})
            with urllib.request.urlopen(request, timeout=60) as answer: return json.load(answer)

        def reply(event, kind, fault, **data):
            place = {key: event["data"][key] for key in ("project", "stage", "service")}
            if fault == "place": place["stage"] = "elsewhere"
            name = str(uuid.uuid4()) if fault == "forgetful" else f"{kind} {event['id']}"
            answer = {"specversion": "1.0", "id": name, "source": "puller", "type": f"sh.keptn.event.work.{kind}",
                      "datacontenttype": "application/json", "shkeptncontext": event["shkeptncontext"],
                      "triggeredid": event["id"], "data": {**place, **data}}
            if fault == "context": answer["shkeptncontext"] = str(uuid.uuid4())
            return answer

        fault, restart = sys.argv[1], True
        while True:
            pulled = call("pull", {"events": ["sh.keptn.event.work.triggered"], "waitSeconds": 20, "max": 1,
                                   "restart": restart})
            restart = False
            for delivery in pulled["deliveries"]:
                event = delivery["event"]
                if fault == "fragile": [event["data"].get(key, {}).get("x") for key in ("work", "deployment")]
                events = [reply(event, "started", fault)]
                if fault == "startless": events = []
                if fault != "endless":
                    events.append(reply(event, "finished", fault, status="succeeded",
                                        result="great" if fault == "verdict" else "pass"))
                if fault == "twice":
                    events.append({**events[-1], "id": str(uuid.uuid4())})
                call("settle", {"positions": [delivery["position"]], "events": events})
        """

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        /// Whose verdicts are `failed`, as `CASE: DUTY`; all that are met otherwise are.
        let failed: Set<String>
        var testDescription: String { name }
    }

    private static let cases = [
        "one task", "side by side", "strange payload", "handed out again", "aborted", "afterwards",
    ]

    private static func everywhere(_ duty: String) -> Set<String> { Set(cases.map { "\($0): \(duty)" }) }

    private static let faults = [
        Fault(name: "none", failed: []),
        Fault(name: "endless", failed: everywhere("finished")),
        Fault(name: "startless", failed: everywhere("started").union(everywhere("finished"))),
        Fault(name: "twice", failed: everywhere("finished")),
        Fault(name: "forgetful", failed: ["handed out again: started", "handed out again: finished"]),
        Fault(name: "context", failed: everywhere("correlation")),
        Fault(name: "place", failed: everywhere("scope")),
        Fault(name: "verdict", failed: everywhere("verdict")),
        Fault(
            name: "fragile",
            failed: Set(
                cases.dropFirst(2).flatMap { test in ["started", "finished"].map { "\(test): \($0)" } })),
    ]

    private static func failed(_ output: String) throws -> Set<String> {
        let report = try JSON(parsing: output)
        let findings = try #require(report["findings"]?.elements)
        #expect(report["passed"]?.boolValue == !findings.contains { $0["verdict"] == "failed" })
        return Set(
            findings.filter { $0["verdict"] == "failed" }.map {
                "\($0["case"]?.stringValue ?? ""): \($0["duty"]?.stringValue ?? "")"
            })
    }

    @Test("It finds what an integration that asks for its events does wrong", arguments: faults)
    func pulled(_ fault: Fault) async throws {
        try await KeptnProcess.withHome { keptn in
            let program = keptn.home.appending(path: "puller.py").path
            try Self.puller.write(toFile: program, atomically: true, encoding: .utf8)
            // Who answers does so in milliseconds; only those that never do are waited for.
            let patience =
                fault.failed.contains { $0.hasSuffix("finished") || $0.hasSuffix("correlation") } ? "8s" : "30s"
            let result = try await keptn.keptn(
                "test", "integration", "--task", "work", "--wait", patience, "--output", "json", "--", "python3",
                program,
                fault.name)
            #expect(result.code == (fault.failed.isEmpty ? 0 : 1), "\(result.errors)")
            #expect(try Self.failed(result.output) == fault.failed, "\(result.output)")
        }
    }

    /// Listens, as an integration behind Keptn's distributor does, and works twice on what it is told twice.
    private static let listener = """
        import json, os, sys, urllib.request
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        def answer(event, kind, **data):
            place = {key: event["data"].get(key) for key in ("project", "stage", "service")}
            reply = {"specversion": "1.0", "source": "listener", "type": event["type"].replace("triggered", kind),
                     "shkeptncontext": event["shkeptncontext"], "triggeredid": event["id"], "data": {**place, **data}}
            request = urllib.request.Request(os.environ["KEPTN_ANSWERS"], json.dumps(reply).encode(),
                                             {"content-type": "application/cloudevents+json"})
            urllib.request.urlopen(request, timeout=20).read()

        done = set()
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments): pass
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200); self.send_header("content-length", "0"); self.end_headers()
                if event["id"] in done and sys.argv[2] == "careful": return
                done.add(event["id"])
                answer(event, "started")
                answer(event, "finished", status="succeeded", result="pass")

        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """

    @Test("It finds what an integration that listens does wrong", arguments: ["careful", "careless"])
    func pushed(_ kind: String) async throws {
        try await KeptnProcess.withHome { keptn in
            let program = keptn.home.appending(path: "listener.py").path
            try Self.listener.write(toFile: program, atomically: true, encoding: .utf8)
            let port = try await LocalProcesses(name: "nobody", time: MachineTime()).freePort()
            let result = try await keptn.keptn(
                "test", "integration", "http://127.0.0.1:\(port)/", "--task", "work", "--answers-port", "0", "--output",
                "json", "--", "python3", program, "\(port)", kind)
            #expect(result.code == (kind == "careful" ? 0 : 1), "\(result.errors)")
            let expected: Set =
                kind == "careful" ? [] : ["handed out again: started", "handed out again: finished"]
            #expect(try Self.failed(result.output) == expected, "\(result.output)")
        }
    }

    @Test("The Python example meets its duties, and a person reads that")
    func pythonExample() async throws {
        try await KeptnProcess.withHome { keptn in
            let program = KeptnProcess.checkout.appending(path: "examples/python/integration.py").path
            let result = try await keptn.keptn("test", "integration", "--task", "notify", "--", "python3", program)
            #expect(result.code == 0, "\(result.output) \(result.errors)")
            #expect(result.output.contains("CASE"))
            #expect(result.output.contains("The integration meets its duties."))
            #expect(result.errors.contains("Keptn is played at http://127.0.0.1:"))
        }
    }

    @Test("The Swift example meets its duties, and says what it is missing")
    func swiftExample() async throws {
        try await KeptnProcess.withHome { keptn in
            let program = KeptnProcess.products.appending(path: "notifier").path
            let result = try await keptn.keptn("test", "integration", "--task", "notify", "--", program)
            #expect(result.code == 0, "\(result.output) \(result.errors)")
        }
        let alone = try await Subprocess.run(
            .path(FilePath(KeptnProcess.products.appending(path: "notifier").path)),
            environment: .custom(["PATH": "/usr/bin"]), output: .discarded, error: .string(limit: 1 << 16))
        #expect(!alone.terminationStatus.isSuccess)
        #expect(alone.standardError.contains("KEPTN_ENDPOINT is missing"), "\(alone.standardError)")
        #expect(alone.standardError.contains("KEPTN_API_TOKEN is missing"), "\(alone.standardError)")
    }

    @Test(
        "Whoever interrupts it is told so, and nothing of it is left",
        arguments: [(Subprocess.Signal.interrupt, Int32(130)), (.terminate, Int32(143))])
    func interrupted(signal: Subprocess.Signal, code: Int32) async throws {
        try await KeptnProcess.withHome { keptn in
            let folder = keptn.home.appending(path: "temporary")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let program = keptn.home.appending(path: "program").path
            let result = try await Subprocess.run(
                .path(KeptnProcess.program),
                arguments: [
                    "test", "integration", "--task", "work", "--wait", "1h", "--", "sh", "-c",
                    "echo $$ > \(program) && exec sleep 3600",
                ],
                environment: .inherit.updating(["KEPTN_HOME": keptn.home.path, "TMPDIR": folder.path]), input: .none,
                output: .discarded, error: .string(limit: 1 << 16)
            ) { execution in
                try await KeptnProcess.eventually("the program has started") {
                    (try? String(contentsOfFile: program, encoding: .utf8))?.hasSuffix("\n") == true
                }
                try execution.send(signal: signal)
            }
            #expect(result.terminationStatus == .exited(code))
            #expect(result.standardError.hasSuffix("\nInterrupted.\n"), "\(result.standardError)")
            #expect(!result.standardError.contains("Error"), "\(result.standardError)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            let process = try String(contentsOfFile: program, encoding: .utf8)
            let running = "/proc/\(process.trimmingCharacters(in: .whitespacesAndNewlines))"
            #expect(!FileManager.default.fileExists(atPath: running))
        }
    }

    @Test(
        "Mistakes of the call are told",
        arguments: [
            (["--task", "a.b"], "the name of one task is needed"), (["ftp://x", "--task", "a"], "'ftp://x'"),
            (["--task", "a", "--wait", "soon"], "--wait soon"), (["--task", "a", "--data", "/none"], "/none"),
            (["--task", "a", "--wait", "1s"], "nobody has asked for sh.keptn.event.a.triggered"),
        ])
    func mistakes(arguments: [String], says: String) async throws {
        try await KeptnProcess.withHome { keptn in
            let result = try await keptn.keptn(["test", "integration"] + arguments)
            #expect(result.code == 1)
            #expect(result.errors.contains(says), "\(result.errors)")
        }
    }
}
