import CloudEvents
import Foundation
import Ports
import RemoteClients
import TestSupport
import Testing

/// The story of Keptn 0.5 (K §1.15), as somebody of that time would tell it: a shipyard with strategies, a new
/// artifact, and a service of their own that listens for `deployment-finished` and answers with `tests-finished`.
@Suite("The story of Keptn 0.5", .timeLimit(.minutes(5)))
struct EraStoryTests {
    private static let shipyard = """
        stages:
          - name: dev
            deployment_strategy: direct
            test_strategy: functional
          - name: staging
            deployment_strategy: blue_green_service
            test_strategy: performance
        """

    /// Notes what it hears, and answers in the words of its time.
    private static let tester = """
        import json, sys, urllib.request
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments): pass
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with open("heard.jsonl", "a") as file: file.write(json.dumps(event) + "\\n")
                answer = dict(event, id=event["id"] + "-tested", source="old-tests",
                              type="sh.keptn.events.tests-finished")
                answer["data"] = dict(event["data"], result="pass", start=event["time"], end=event["time"])
                request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[2]}/event", json.dumps(answer).encode(),
                                                 {"content-type": "application/cloudevents+json"})
                urllib.request.urlopen(request, timeout=20).read()
                self.send_response(200); self.end_headers()

        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """

    private static let process = """
        command: python3
        arguments: [server.py, $PORT, cart]
        health_check: {path: /health, start_timeout: 30s, interval: 100ms}
        """

    @Test("A new artifact goes through both stages, and an old service tests it in each")
    func story() async throws {
        try await ProjectUnderTest.with(
            shipyard: Self.shipyard, arguments: ["--without", "jmeter-service"]
        ) { project in
            let environment = [
                "PUBSUB_TOPIC": "sh.keptn.events.deployment-finished", "K8S_DEPLOYMENT_NAME": "old-tests",
            ]
            try await project.withIntegration(Self.tester, environment: environment) { _, folder in
                try await KeptnProcess.eventually("the old service is registered") {
                    let path = "/controlPlane/v1/uniform/registration?name=old-tests"
                    return try await project.server.send("GET", path).json.elements.count == 1
                }
                let image = try await Self.artifact(project, folder)
                let context = try await Self.newArtifact(image, project)
                try await KeptnProcess.eventually("staging has released it") {
                    try await project.latest("staging.delivery.finished", in: "staging", of: context) != nil
                }
                let end = try await project.latest("staging.delivery.finished", in: "staging", of: context)
                #expect(end?["data", "result"] == "pass", "\(end ?? .null)")
                for stage in ["dev", "staging"] {
                    let query = "type=sh.keptn.event.test.finished&keptnContext=\(context)&stage=\(stage)"
                    let events = try await project.server.send("GET", "/mongodb-datastore/event?\(query)")
                    let sources = events.json["events"]?.elements.compactMap { $0["source"]?.stringValue } ?? []
                    #expect(sources == ["old-tests"], "\(stage)")
                }
                try Self.checkHeard(folder)
            }
        }
    }

    private static func artifact(_ project: ProjectUnderTest, _ folder: String) async throws -> String {
        let server = try Data(contentsOf: URL(filePath: try TestUpstream.write(to: folder)))
        let stored = try await project.server.send(
            "PUT", "/v1/artifacts?name=server.py", contentType: "application/octet-stream", Array(server))
        for stage in ["dev", "staging"] {
            let written = try await project.server.send(
                "POST", "/resource-service/v1/project/\(ProjectUnderTest.name)/stage/\(stage)/service/cart/resource",
                [
                    "resources": [
                        ["resourceURI": "process.yaml", "resourceContent": .string(Base64.encode(process.utf8))]
                    ]
                ])
            try #require(written.status == 201, "\(written.json)")
        }
        return try #require(stored.json["reference"]?.stringValue, "\(stored.json)")
    }

    /// What `keptn send event new-artifact` of that time sent.
    private static func newArtifact(_ image: String, _ project: ProjectUnderTest) async throws -> String {
        let answer = try await project.server.send(
            "POST", "/v1/event",
            [
                "specversion": "0.2", "type": "sh.keptn.event.configuration.change", "source": "keptn-cli",
                "id": "new-artifact", "contenttype": "application/json",
                "data": [
                    "project": .string(ProjectUnderTest.name), "service": "cart",
                    "valuesCanary": ["image": .string(image)], "canary": ["action": "set", "value": 100],
                ],
            ])
        try #require(answer.status == 200, "\(answer.json)")
        return try #require(answer.json["keptnContext"]?.stringValue)
    }

    private static func checkHeard(_ folder: String) throws {
        let heard = try String(contentsOfFile: "\(folder)/heard.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(heard.allSatisfy { $0["specversion"] == "0.2" && $0["contenttype"] == "application/json" })
        let strategies = heard.map {
            "\($0["data", "stage"]?.stringValue ?? "") \($0["data", "teststrategy"]?.stringValue ?? "") "
                + ($0["data", "deploymentstrategy"]?.stringValue ?? "")
        }
        #expect(strategies == ["dev functional direct", "staging performance blue_green_service"])
    }
}
