import API
import CloudEvents
import ConfigurationService
import Core
import Crypto
import Foundation
import HTTPTypes
import KeptnModel
import Ports
import SpecFiles
import Testing

/// Requests of foreign tools, by the mappings that we ship, with payloads of the shape that the tools document.
@Suite("Hooks", .timeLimit(.minutes(5)))
struct HooksTests {
    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "examples/eventmappings")

    private static func example(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: examples.appending(path: "\(name).yaml")))
    }

    /// The project `sockshop` with its service `carts`, this file, and the secret of every kind.
    private static func bench(_ file: [UInt8]) async throws -> UniformBench {
        let configuration = try await ConfigurationBench.withSockshop().service
        try await configuration.createService("carts", in: "sockshop")
        _ = try await configuration.write([(EventMappings.fileName, file)], at: sockshop)
        let bench = try await UniformBench(configuration: configuration)
        for name in ["alertmanager", "github", "gitlab", "registry", "dynatrace", "cdevents"] {
            try await bench.secrets.save(
                ["token": "s3cret", "secret": "s3cret"], as: SecretName(name, scope: "keptn-default"))
        }
        return bench
    }

    private static let bearer = ["authorization": "Bearer s3cret"]

    private static func fields(_ headers: [String: String]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return fields
    }

    private static func post(
        _ bench: UniformBench, _ hook: String, _ body: String, _ headers: [String: String]
    ) async throws -> (status: Int, json: JSON) {
        try await bench.send(
            .post, "/api/v1/hook/\(hook)?project=sockshop", body, headers: fields(headers))
    }

    private static func events(_ bench: UniformBench) async throws -> [CloudEvent] {
        try await bench.store.events(after: .start, limit: 100).map(\.event)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        let hook: String
        let headers: [String: String]
        let body: String
        /// Type and some of the data of each event.
        let expected: [(type: String, data: [String: String])]
        var testDescription: String { "\(hook): \(expected.map(\.type))" }
    }

    private static let alert = #"""
        {"status":"%","labels":{"alertname":"SlowCarts","project":"sockshop","stage":"dev","service":"carts"},
         "annotations":{"summary":"say \"hi\" {{ .x }}"},"startsAt":"2026-11-23T20:00:00Z","fingerprint":"c0ffee",
         "generatorURL":"http://prometheus/graph?g0.expr=up"}
        """#

    static let cases: [Case] = [
        Case(
            file: "alertmanager", hook: "alertmanager", headers: bearer,
            body: #"{"version":"4","status":"firing","alerts":[\#(alert.replacing("%", with: "firing")),"#
                + #"\#(alert.replacing("%", with: "resolved"))]}"#,
            expected: [
                (
                    "sh.keptn.event.dev.remediation.triggered",
                    [
                        "service": "carts", "problem.ProblemTitle": "SlowCarts", "problem.State": "OPEN",
                        "problem.ProblemDetails.summary": "say \"hi\" {{ .x }}",
                    ]
                ),
                ("sh.keptn.events.problem", ["State": "RESOLVED", "PID": "c0ffee", "stage": "dev"]),
            ]),
        Case(
            file: "github", hook: "github", headers: ["x-github-event": "release", "x-github-delivery": "d1"],
            body:
                #"{"action":"published","release":{"tag_name":"v2","#
                + #""html_url":"https://github.com/acme/carts/releases/v2"},"#
                + #""repository":{"name":"carts","full_name":"acme/carts"},"sender":{"login":"octo"}}"#,
            expected: [
                (
                    "sh.keptn.event.dev.delivery.triggered",
                    [
                        "project": "sockshop", "service": "carts", "labels.sender": "octo",
                        "configurationChange.values.image": "ghcr.io/acme/carts:v2",
                    ]
                )
            ]),
        Case(
            file: "github", hook: "github", headers: ["x-github-event": "push", "x-github-delivery": "d2"],
            body: #"{"ref":"refs/heads/main","after":"0a1b","repository":{"name":"carts","full_name":"acme/carts","#
                + #""clone_url":"https://github.com/acme/carts.git"},"pusher":{"name":"octo"}}"#,
            expected: [("sh.keptn.event.dev.build.triggered", ["build.commit": "0a1b", "labels.pusher": "octo"])]),
        Case(
            file: "github", hook: "github", headers: ["x-github-event": "ping"],
            body: #"{"zen":"Design for failure.","hook_id":1,"repository":{"name":"carts"}}"#, expected: []),
        Case(
            file: "gitlab", hook: "gitlab", headers: ["x-gitlab-token": "s3cret", "idempotency-key": "u1"],
            body:
                #"{"object_kind":"release","action":"create","tag":"v2","#
                + #""url":"https://gitlab.com/acme/carts/-/releases/v2","#
                + #""project":{"name":"carts","path_with_namespace":"acme/carts"}}"#,
            expected: [
                (
                    "sh.keptn.event.dev.delivery.triggered",
                    ["configurationChange.values.image": "registry.gitlab.com/acme/carts:v2"]
                )
            ]),
        Case(
            file: "gitlab", hook: "gitlab", headers: ["x-gitlab-token": "s3cret"],
            body: #"{"object_kind":"push","ref":"refs/heads/main","checkout_sha":"da15","user_username":"jo","#
                + #""project":{"name":"carts","git_http_url":"https://gitlab.com/acme/carts.git"}}"#,
            expected: [("sh.keptn.event.dev.build.triggered", ["build.commit": "da15", "labels.pusher": "jo"])]),
        Case(
            file: "registry", hook: "registry", headers: bearer,
            body:
                #"{"events":[{"id":"e1","action":"push","target":{"repository":"carts","#
                + #""tag":"2","digest":"sha256:1"},"#
                + #""request":{"host":"registry:5000"}},{"id":"e2","action":"pull","#
                + #""target":{"repository":"carts","tag":"2"}}]}"#,
            expected: [
                (
                    "sh.keptn.event.dev.delivery.triggered",
                    ["service": "carts", "configurationChange.values.image": "registry:5000/carts:2"]
                )
            ]),
        Case(
            file: "registry", hook: "harbor", headers: bearer,
            body: #"{"type":"PUSH_ARTIFACT","occur_at":1700000000,"operator":"admin","event_data":{"resources":["#
                + #"{"digest":"sha256:1","tag":"2","resource_url":"harbor.example.com/shop/carts:2"}],"#
                + #""repository":{"name":"carts","namespace":"shop","repo_full_name":"shop/carts"}}}"#,
            expected: [
                (
                    "sh.keptn.event.dev.delivery.triggered",
                    [
                        "labels.pushed-by": "admin",
                        "configurationChange.values.image": "harbor.example.com/shop/carts:2",
                    ]
                )
            ]),
        Case(
            file: "dynatrace", hook: "dynatrace", headers: bearer,
            body:
                #"{"State":"OPEN","ProblemID":"P-1","PID":"-12V2","#
                + #""ProblemTitle":"Response time","ProblemURL":"https://dt/1","#
                + #""ImpactedEntity":"carts","Tags":"a, b","ProblemDetails":{"id":"1"},"#
                + #""stage":"dev","service":"carts"}"#,
            expected: [
                (
                    "sh.keptn.event.dev.remediation.triggered",
                    ["problem.PID": "-12V2", "problem.ProblemDetails.id": "1", "project": "sockshop"]
                )
            ]),
        Case(
            file: "cdevents", hook: "cdevents", headers: bearer,
            body: #"{"context":{"specversion":"0.5.1","id":"1","source":"/ci","timestamp":"2026-11-23T20:00:00Z","#
                + #""type":"dev.cdevents.artifact.published.0.3.0"},"#
                + #""subject":{"id":"pkg:oci/carts@sha256%3A1","content":{}},"#
                + #""customData":{"service":"carts","image":"acme/carts:2"}}"#,
            expected: [
                (
                    "sh.keptn.event.dev.delivery.triggered",
                    ["labels.artifact": "pkg:oci/carts@sha256%3A1", "configurationChange.values.image": "acme/carts:2"]
                )
            ]),
    ]

    @Test("What a tool tells becomes an event, once, however often it tells it", arguments: cases)
    func presets(_ test: Case) async throws {
        let bench = try await Self.bench(Self.example(test.file))
        var headers = test.headers
        if test.hook == "github" { headers["x-hub-signature-256"] = "sha256=" + Self.signature(test.body) }
        let answer = try await Self.post(bench, test.hook, test.body, headers)
        #expect(answer.status == 200, "\(answer.json)")
        #expect(answer.json["keptnContexts"]?.elements.count == test.expected.count, "\(answer.json)")
        let events = try await Self.events(bench)
        #expect(events.map(\.type) == test.expected.map(\.type), "\(answer.json)")
        for (event, expected) in zip(events, test.expected) {
            for (path, value) in expected.data {
                let found = path.split(separator: ".").reduce(event.json) { $0?[String($1)] }
                #expect(found?.stringValue == value, "\(path) of \(event.json?.text ?? "")")
            }
        }
        guard headers["x-github-delivery"] != nil || !["github", "gitlab"].contains(test.hook) else { return }
        #expect(try await Self.post(bench, test.hook, test.body, headers).status == 200)
        #expect(try await Self.events(bench).count == test.expected.count, "told twice")
    }

    /// With nothing but what tells whose event it is.
    static let bare: [(file: String, hook: String, headers: [String: String], body: String, type: String)] = [
        (
            "alertmanager", "alertmanager", bearer,
            #"{"alerts":[{"status":"firing","fingerprint":"f","startsAt":"t","#
                + #""labels":{"project":"sockshop","stage":"dev","service":"carts"}}]}"#,
            "sh.keptn.event.dev.remediation.triggered"
        ),
        (
            "alertmanager", "alertmanager", bearer,
            #"{"alerts":[{"status":"resolved","fingerprint":"f","startsAt":"t","annotations":null,"#
                + #""labels":{"project":"sockshop","stage":"dev","service":"carts"}}]}"#,
            "sh.keptn.events.problem"
        ),
        (
            "github", "github", ["x-github-event": "release"],
            #"{"action":"published","release":{"tag_name":"v2"},"#
                + #""repository":{"name":"carts","full_name":"acme/carts"}}"#,
            "sh.keptn.event.dev.delivery.triggered"
        ),
        (
            "github", "github", ["x-github-event": "push"],
            #"{"ref":"refs/heads/main","after":"0a1b","repository":{"name":"carts"},"pusher":{"login":"jo"}}"#,
            "sh.keptn.event.dev.build.triggered"
        ),
        (
            "gitlab", "gitlab", ["x-gitlab-token": "s3cret"],
            #"{"object_kind":"release","action":"create","tag":"v2","#
                + #""project":{"name":"carts","path_with_namespace":"acme/carts"}}"#,
            "sh.keptn.event.dev.delivery.triggered"
        ),
        (
            "gitlab", "gitlab", ["x-gitlab-token": "s3cret"],
            #"{"object_kind":"push","ref":"refs/heads/main","checkout_sha":"da15","project":{"name":"carts"}}"#,
            "sh.keptn.event.dev.build.triggered"
        ),
        (
            "registry", "registry", bearer,
            #"{"events":[{"id":"e1","action":"push","target":{"repository":"carts","tag":"2"}},"#
                + #"{"id":"e2","action":"push","target":{"repository":"carts","tag":"2"},"request":{"host":"r"}}]}"#,
            "sh.keptn.event.dev.delivery.triggered"
        ),
        (
            "registry", "harbor", bearer,
            #"{"type":"PUSH_ARTIFACT","occur_at":1700000000,"event_data":{"resources":["#
                + #"{"digest":"sha256:1","resource_url":"harbor.example.com/shop/carts:2"}],"#
                + #""repository":{"name":"carts"}}}"#,
            "sh.keptn.event.dev.delivery.triggered"
        ),
        (
            "dynatrace", "dynatrace", bearer, #"{"State":"OPEN","PID":"1","stage":"dev","service":"carts"}"#,
            "sh.keptn.event.dev.remediation.triggered"
        ),
        (
            "dynatrace", "dynatrace", bearer, #"{"State":"RESOLVED","PID":"1","stage":"dev","service":"carts"}"#,
            "sh.keptn.events.problem"
        ),
    ]

    @Test("What a tool may leave out is left out of the event, too", arguments: bare)
    func optionalFields(
        file: String, hook: String, headers: [String: String], body: String, type: String
    ) async throws {
        let bench = try await Self.bench(Self.example(file))
        let signed = headers.merging(["x-hub-signature-256": "sha256=" + Self.signature(body)]) { $1 }
        let answer = try await Self.post(bench, hook, body, signed)
        #expect(answer.status == 200, "\(answer.json)")
        #expect(answer.json["doubts"] == [], "\(answer.json)")
        let events = try await Self.events(bench)
        #expect(events.map(\.type) == [type], "\(answer.json)")
        let text = events.first?.json?.text ?? ""
        #expect(text.contains("carts") && !text.contains("null") && !text.contains("no value"), "\(text)")
    }

    @Test("A published artifact that names no service and no image is nobody's")
    func artifactOfNobody() async throws {
        let bench = try await Self.bench(Self.example("cdevents"))
        let body = try #require(Self.cases.last?.body)
        let bare = try JSON(parsing: Array(body.utf8)).setting("customData", to: ["service": "carts"])
        let answer = try await Self.post(bench, "cdevents", bare.text, Self.bearer)
        #expect(answer.status == 200 && answer.json["doubts"] == [], "\(answer.json)")
        #expect(try await Self.events(bench).isEmpty)
    }

    @Test("A problem and its end belong to one run")
    func oneRun() async throws {
        let test = Self.cases[0]
        let bench = try await Self.bench(Self.example(test.file))
        let answer = try await Self.post(bench, test.hook, test.body, test.headers)
        let contexts = answer.json["keptnContexts"]?.elements ?? []
        #expect(contexts.count == 2 && Set(contexts).count == 1)
    }

    private static func signature(_ body: String, key: String = "s3cret") -> String {
        HMAC<SHA256>.authenticationCode(for: Data(body.utf8), using: SymmetricKey(data: Data(key.utf8)))
            .map { String(format: "%02x", $0) }.joined()
    }

    @Test("Who does not know the secret gets 401, is counted, and nothing happens")
    func unauthenticated() async throws {
        let body = #"{"alerts":[]}"#
        for (file, hook, headers) in [
            ("alertmanager", "alertmanager", [:]), ("alertmanager", "alertmanager", ["authorization": "Bearer wrong"]),
            ("alertmanager", "alertmanager", ["authorization": "s3cret"]), ("gitlab", "gitlab", ["x-gitlab-token": ""]),
            ("github", "github", [:]), ("github", "github", ["x-hub-signature-256": "sha256="]),
            ("github", "github", ["x-hub-signature-256": "sha256=" + Self.signature(body, key: "other")]),
            ("github", "github", ["x-hub-signature-256": "sha256=" + Self.signature(body + " ")]),
        ] as [(String, String, [String: String])] {
            let bench = try await Self.bench(Self.example(file))
            #expect(try await Self.post(bench, hook, body, headers).status == 401, "\(headers)")
            #expect(bench.hooks.refusalCount == 1)
            #expect(try await Self.events(bench).isEmpty)
        }
        let bench = try await Self.bench(Self.example("alertmanager"))
        #expect(try await bench.secrets.delete(SecretName("alertmanager", scope: "keptn-default")))
        #expect(try await Self.post(bench, "alertmanager", body, Self.bearer).status == 401, "no secret, no entry")
        #expect(try await Self.post(bench, "nope", body, [:]).status == 404)
        let elsewhere = try await bench.send(
            .post, "/api/v1/hook/alertmanager", body, headers: Self.fields(Self.bearer))
        #expect(elsewhere.status == 404, "the installation has no such hook")
    }

    @Test(
        "What cannot be meant is refused with its reason",
        arguments: [
            ("no json", 400, "no JSON"), (#"{"alerts":{"a":1}}"#, 400, "'alerts' of the payload is a JSON object"),
            (
                #"{"alerts":[{"status":"firing","labels":{"project":"sockshop","stage":"dev","service":"carts"}}]}"#,
                400, "event 1: line 1"
            ),
            (
                #"{"alerts":[{"status":"firing","fingerprint":"f","startsAt":"t","generatorURL":"","annotations":{},"#
                    + #""labels":{"alertname":"a","project":"other","stage":"dev","service":"carts"}}]}"#,
                403, "limited to the projects [sockshop]"
            ),
            (
                #"{"alerts":[{"status":"firing","fingerprint":"f","startsAt":"t","generatorURL":"","annotations":{},"#
                    + #""labels":{"alertname":"a","project":"sockshop","stage":"dev","service":"nope"}}]}"#,
                404, "service nope not found"
            ),
            (#"{"alerts":["# + String(repeating: "1,", count: 200) + "1]}", 400, "at most 100"),
            (#"{"alerts":"# + String(repeating: "[", count: 5000), 400, "no JSON"),
        ])
    func refused(body: String, status: Int, says: String) async throws {
        let bench = try await Self.bench(Self.example("alertmanager"))
        let answer = try await Self.post(bench, "alertmanager", body, Self.bearer)
        #expect(answer.status == status, "\(answer.json)")
        #expect(answer.json["message"]?.stringValue?.contains(says) == true, "\(answer.json)")
        #expect(try await Self.events(bench).isEmpty)
    }

    @Test("A CloudEvent is told by its data, and has one effect; a CDEvent that is none is refused with its mistakes")
    func cloudEvents() async throws {
        let bench = try await Self.bench(Self.example("cdevents"))
        let body = try #require(Self.cases.last?.body)
        let event =
            #"{"specversion":"1.0","id":"7","source":"/ci","type":"dev.cdevents.artifact.published.0.3.0","#
            + #""data":\#(body)}"#
        let headers = Self.bearer.merging(["content-type": "application/cloudevents+json"]) { $1 }
        for _ in 1...2 { #expect(try await Self.post(bench, "cdevents", event, headers).status == 200) }
        #expect(try await Self.events(bench).map(\.type) == ["sh.keptn.event.dev.delivery.triggered"])
        let broken = try await Self.post(
            bench, "cdevents", #"{"context":{"type":"dev.cdevents.artifact.published.0.3.0"}}"#, Self.bearer)
        #expect(broken.status == 400)
        #expect(broken.json["message"]?.stringValue?.contains("timestamp") == true, "\(broken.json)")
    }

    @Test("A condition that cannot be told does not apply, and the answer says so")
    func doubts() async throws {
        let file = """
            apiVersion: keptn.sh/v1alpha1
            hooks:
              - name: h
                authentication: {type: none}
                events:
                  - when: '{{ lt .payload.count 3.0 }}'
                    type: sh.keptn.events.problem
                    data: {ProblemTitle: few}
            """
        let bench = try await Self.bench(Array(file.utf8))
        let doubtful = try await Self.post(bench, "h", "{}", [:])
        #expect(doubtful.status == 200)
        #expect(doubtful.json["doubts"]?.elements.first?.stringValue?.hasPrefix("hook 'h', event 1: when: ") == true)
        let sure = try await Self.post(bench, "h", #"{"count":2}"#, [:])
        #expect(sure.json["keptnContexts"]?.elements.count == 1)
        #expect(sure.json["doubts"] == [])
    }

    @Test("A file that cannot be used is refused when it is written, with all its mistakes")
    func unusable() async throws {
        let file = """
            apiVersion: keptn.sh/v1
            hooks:
              - name: a b
                authentication: {type: magic}
                events: []
              - name: c
                authentication: {type: token, secret: {name: s}}
                events:
                  - type: 'sh.keptn.event.{{ .x'
                    when: '{{ nope }}'
                    data: {a: ['{{ if }}']}
            """
        let configuration = try await ConfigurationBench.withSockshop().service
        let error = await #expect(throws: KeptnError.self) {
            try await configuration.write([(EventMappings.fileName, Array(file.utf8))], at: sockshop)
        }
        let message = error?.message ?? ""
        for text in [
            "yaml:1:13", "yaml:3:11", "yaml:4:28", "'events' is empty", "has no 'header'", "has no 'key'",
            "yaml:9:15", "yaml:10:15", "yaml:11:20",
        ] {
            #expect(message.contains(text), "\(text) in \(message)")
        }
    }

    @Test("Every file that we ship can be used, without a doubt")
    func examples() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.examples.path)
        #expect(files.count == 6)
        for file in files {
            let bytes = try Self.example(String(file.dropLast(".yaml".count)))
            #expect(try SpecFiles.eventMappings(bytes, file: file).warnings.isEmpty, "\(file)")
        }
    }
}
