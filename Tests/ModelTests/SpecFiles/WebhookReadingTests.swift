import KeptnModel
import SpecFiles
import Testing

@Suite("Reading webhook files")
struct WebhookReadingTests {
    /// The requests of one webhook in either form.
    private static func file(_ version: String, requests: String) -> String {
        """
        apiVersion: webhookconfig.keptn.sh/\(version)
        kind: WebhookConfig
        metadata: {name: webhook-configuration}
        spec:
          webhooks:
          - type: sh.keptn.event.mytask.triggered
            subscriptionID: "4711"
            requests:
            - \(requests)
        """
    }

    private static func request(_ command: String) throws -> WebhookSpec.Request {
        let quoted = "'" + command.replacing("'", with: "''") + "'"
        let parsed = try SpecFiles.webhook(bytes(file("v1alpha1", requests: quoted)), file: "webhook.yaml")
        return try #require(parsed.value.webhooks.first?.requests.first)
    }

    @Test("Structured requests, with secrets and what is sent")
    func structured() throws {
        let text = """
            apiVersion: webhookconfig.keptn.sh/v1beta1
            kind: WebhookConfig
            metadata:
              name: webhook-configuration
            spec:
              webhooks:
              - type: sh.keptn.event.othertask.triggered
                subscriptionID: 8a2b
                sendStarted: false
                sendFinished: true
                envFrom:
                - {name: secretKey, secretRef: {name: my-secret, key: my-key}}
                requests:
                - url: https://example.com/{{.data.project}}
                  method: POST
                  headers:
                  - {key: x-token, value: "{{.env.secretKey}}"}
                  payload: '{"text": "it''s {{.data.service}}"}'
                  options: --proxy http://proxy:3128 -m 2.5 -L
                - {url: https://example.com, method: DELETE}
              - {type: t, subscriptionID: id, requests: [{url: u, method: HEAD}]}
            """
        let parsed = try SpecFiles.webhook(bytes(text), file: "webhook.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == WebhookSpec(webhooks: [
                    .init(
                        type: "sh.keptn.event.othertask.triggered", subscriptionID: "8a2b", sendsStarted: false,
                        sendsFinished: true, secrets: [.init(name: "secretKey", secret: "my-secret", key: "my-key")],
                        requests: [
                            .init(
                                method: .post, url: "https://example.com/{{.data.project}}",
                                headers: [.init(name: "x-token", value: "{{.env.secretKey}}")],
                                body: "{\"text\": \"it's {{.data.service}}\"}", proxy: "http://proxy:3128",
                                timeout: .milliseconds(2500), followsRedirects: true),
                            .init(method: .delete, url: "https://example.com"),
                        ]),
                    .init(type: "t", subscriptionID: "id", requests: [.init(method: .head, url: "u")]),
                ]))
    }

    static let commands: [(String, WebhookSpec.Request)] = [
        ("curl https://example.com", .init(url: "https://example.com")),
        ("curl --request GET https://example.com", .init(url: "https://example.com")),
        (
            #"curl -X POST -H 'Content-type: application/json' --data '{"text":"Hello!"}' https://my.hook.com/foo"#,
            .init(
                method: .post, url: "https://my.hook.com/foo",
                headers: [.init(name: "Content-type", value: "application/json")], body: #"{"text":"Hello!"}"#)
        ),
        (
            #"curl -sSfXPUT "-HA: 1" -d a=1 --data-raw @b https://h --fail-with-body"#,
            .init(method: .put, url: "https://h", headers: [.init(name: "A", value: "1")], body: "a=1&@b")
        ),
        ("curl -d 'a' https://h", .init(method: .post, url: "https://h", body: "a")),
        ("curl -I https://h -L", .init(method: .head, url: "https://h", followsRedirects: true)),
        ("curl --url https://h -u name:pass", .init(url: "https://h", credentials: "name:pass")),
        (
            "curl https://h -A keptn -e https://r -b k=v",
            .init(
                url: "https://h",
                headers: [
                    .init(name: "User-Agent", value: "keptn"), .init(name: "Referer", value: "https://r"),
                    .init(name: "Cookie", value: "k=v"),
                ])
        ),
        (
            "curl --json '{}' https://h",
            .init(
                method: .post, url: "https://h",
                headers: [
                    .init(name: "Content-Type", value: "application/json"),
                    .init(name: "Accept", value: "application/json"),
                ], body: "{}")
        ),
        (
            #"curl "a \"quoted\" \\ b"'c'd\ e"#,
            .init(url: #"a "quoted" \ bcd e"#)
        ),
        (
            #"curl {{ .data.url | printf "%s}}" }} -H 'X: {{index .data "its"}}' -d "{{ eq .type "a" }}""#,
            .init(
                method: .post, url: #"{{ .data.url | printf "%s}}" }}"#,
                headers: [.init(name: "X", value: #"{{index .data "its"}}"#)],
                body: #"{{ eq .type "a" }}"#)
        ),
    ]

    @Test("Command lines of curl", arguments: commands)
    func command(_ command: String, _ request: WebhookSpec.Request) throws {
        #expect(try Self.request(command) == request)
    }

    @Test("A command over several lines")
    func lines() throws {
        let text = Self.file(
            "v1alpha1", requests: "|\n        curl -X POST \\\n          -d 'a\n        b' https://h\n")
        let request = try SpecFiles.webhook(bytes(text), file: "webhook.yaml").value.webhooks[0].requests[0]
        #expect(request == .init(method: .post, url: "https://h", body: "a\nb"))
    }

    static let refused: [(command: String, mistake: String)] = [
        ("invalid command", "only curl can be called; the command has to begin with 'curl'"),
        ("curl -X POST", "the command has no URL"),
        ("curl -X FETCH https://h", "'FETCH' is no method of webhooks; there are GET, POST, PUT, HEAD, PATCH, DELETE"),
        ("curl https://h -H 'token: $(kubectl exec)'", "the command cannot have '$(': no shell runs it"),
        ("curl https://h | pwd", "the command cannot have '|': no shell runs it"),
        ("curl https://h ; pwd", "the command cannot have ';': no shell runs it"),
        ("curl https://h && pwd", "the command cannot have '&&': no shell runs it"),
        ("curl https://h & pwd", "the command cannot have ' &': no shell runs it"),
        ("curl https://h > file", "the command cannot have '>': no shell runs it"),
        ("curl `whoami`", "the command cannot have '`': no shell runs it"),
        ("curl --unix-socket /var/run/x http://h", "the command cannot have '/var/run': no shell runs it"),
        ("curl https://h -o somefile", "curl's option '-o' is not for webhooks; there are --compressed --cookie"),
        ("curl https://h --output somefile", "curl's option '--output' is not for webhooks; there are"),
        ("curl https://h -F 'data=@file'", "curl's option '-F' is not for webhooks; there are"),
        ("curl https://h -T file", "curl's option '-T' is not for webhooks; there are"),
        ("curl https://h -K file", "curl's option '-K' is not for webhooks; there are"),
        ("curl https://h --heades 'a: b'", "curl's option '--heades' is not for webhooks; did you mean '--header'?"),
        ("curl -d @/etc/hosts https://h", "'-d @/etc/hosts' would send a file of ours; write its text"),
        ("curl --data ''@/etc/hosts https://h", "'--data @/etc/hosts' would send a file of ours; write its text"),
        ("curl -b file https://h", "'-b file' would read a file of ours; write name=value"),
        ("curl -d 'a https://h", "the command has a quote ' that is not closed"),
        ("curl {{.a https://h", "the command has '{{' that is never closed with '}}'"),
        ("curl https://h https://i", "'https://i' is a second URL; a request has one (is a quote missing?)"),
        ("curl https://h -H name", "the header 'name' needs the form 'name: value'"),
        ("curl https://h -H", "curl's option '-H' needs a value behind it"),
        ("curl https://h -m soon", "'-m soon' needs a number of seconds up to 600"),
        ("curl https://h/{{.a", "the command has '{{' that is never closed with '}}'"),
        ("curl https://h/{{bad}}", "'https://h/{{bad}}' is no template: line 1, column 13: there is no function 'bad'"),
    ]

    @Test("What no request can be made of is refused with what is allowed", arguments: refused)
    func refusal(_ command: String, _ mistake: String) throws {
        let quoted = "'" + command.replacing("'", with: "''") + "'"
        let found = diagnostics(Self.file("v1alpha1", requests: quoted), SpecFiles.webhook)
        #expect(found.first?.hasPrefix("s.yaml:9:7: error: \(mistake)") == true, "\(found)")
    }

    @Test(
        "Mistakes in webhook files",
        arguments: [
            SpecCase(
                "nothing in it", "{}", "s.yaml:1:1: error: the file has no 'apiVersion'",
                "s.yaml:1:1: error: the file has no 'spec'"),
            SpecCase(
                "other versions", "apiVersion: webhookconfig.keptn.sh/v1\nkind: Webhook\nspec: {webhooks: []}",
                "s.yaml:1:13: error: 'apiVersion' needs one of webhookconfig.keptn.sh/v1alpha1, "
                    + "webhookconfig.keptn.sh/v1beta1, found 'webhookconfig.keptn.sh/v1'",
                "s.yaml:2:7: warning: 'kind' has the unknown value 'Webhook'; known are WebhookConfig"),
            SpecCase(
                "an entry without what it needs",
                """
                apiVersion: webhookconfig.keptn.sh/v1beta1
                spec:
                  webhooks:
                  - subscriptionId: "1"
                    sendFinished: perhaps
                    envFrom: [{name: a}, {secretRef: {name: b}}]
                    requests: []
                """,
                "s.yaml:4:5: warning: unknown key 'subscriptionId'; did you mean 'subscriptionID'?",
                "s.yaml:4:5: error: 'webhooks[0]' has no 'type'",
                "s.yaml:4:5: error: 'webhooks[0]' has no 'subscriptionID'",
                "s.yaml:5:19: error: 'sendFinished' needs true or false, found 'perhaps'",
                "s.yaml:6:15: error: 'envFrom[0]' has no 'secretRef'",
                "s.yaml:6:26: error: 'envFrom[1]' has no 'name'",
                "s.yaml:6:38: error: 'secretRef' has no 'key'",
                "s.yaml:7:15: error: 'requests' is empty; a webhook needs at least one"),
            SpecCase(
                "wrong requests",
                """
                apiVersion: webhookconfig.keptn.sh/v1beta1
                spec:
                  webhooks:
                  - type: t
                    subscriptionID: "1"
                    requests:
                    - curl https://example.com
                    - {url: "{{.a", method: get, headers: [{key: a}], options: -m never}
                  - {type: t, subscriptionID: "1", requests: [{url: u, method: GET, options: "https://v"}]}
                """,
                "s.yaml:7:7: error: 'requests[0]' needs a mapping with url, method, headers, payload, options, "
                    + "found 'curl https://example.com'",
                "s.yaml:8:7: error: '{{.a' is no template: line 1, column 1: '{{' is never closed with '}}'",
                "s.yaml:8:29: error: 'method' needs one of GET, POST, PUT, HEAD, PATCH, DELETE, found 'get'",
                "s.yaml:8:44: error: 'headers[0]' has no 'value'",
                "s.yaml:8:64: error: '-m never' needs a number of seconds up to 600",
                "s.yaml:9:5: warning: an earlier webhook has the subscription '1' too, and counts",
                "s.yaml:9:78: error: 'https://v' is a second URL; a request has one (is a quote missing?)"),
        ])
    func mistakes(_ example: SpecCase) {
        #expect(diagnostics(example.text, SpecFiles.webhook) == example.diagnostics)
    }
}
