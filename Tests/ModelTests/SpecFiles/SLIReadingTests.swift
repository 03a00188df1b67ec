import CloudEvents
import KeptnModel
import SpecFiles
import Testing

@Suite("SLIs and their providers")
struct SLIReadingTests {
    @Test("Queries are texts, or requests to a JSON API; a more special file counts")
    func queries() throws {
        var sli = try SpecFiles.sli(
            bytes(
                """
                spec_version: "1.0"
                indicators:
                  a: up
                  b: 7
                  c: {path: /c, value: x, unit: s, scale: 2}
                """), file: "sli.yaml"
        ).value
        #expect(sli.indicators == ["a": "up", "b": "7"])
        #expect(sli.requests["c"]?.method == "GET" && sli.requests["c"]?.factor == 2000)
        sli.merge(SLI(indicators: ["c": "text"], requests: sli.requests.filter { _ in false }))
        #expect(sli.indicators["c"] == "text" && sli.requests.isEmpty)
    }

    @Test(
        "What is wrong with a request has its place",
        arguments: [
            SpecCase(
                "nothing", "indicators: {a: {}}", "s.yaml:1:17: error: 'a' has no 'path'",
                "s.yaml:1:17: error: 'a' has no 'value'"),
            SpecCase(
                "a selector", "indicators: {a: {path: /, value: 'x['}}",
                "s.yaml:1:34: error: 'value' needs a path in the answer, such as series[0].points[-1][1], found "
                    + "the text \"x[\""
            ),
            SpecCase(
                "a unit", "indicators: {a: {path: /, value: x, unit: h}}",
                "s.yaml:1:43: error: 'unit' needs one of ns, us, ms, s, min, percent, ratio, found 'h'"),
        ])
    func mistakes(_ test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.sli) == test.diagnostics)
    }

    @Test("Where a provider is, and who asks")
    func provider() throws {
        let text = """
            kind: prometheus
            url: https://p
            headers: {X-Scope-OrgID: shop}
            authentication:
            - {type: basic, user: u, secret: {name: s, key: k}}
            - {type: header, name: X-Key, prefix: "Key ", secret: {name: s, key: l}}
            tls: {ca: PEM, insecureSkipVerify: true}
            timeout: 5s
            step: 2m
            """
        let spec = try SpecFiles.sliProviderSpec(bytes(text), file: "provider.yaml").value
        #expect(
            spec
                == SLIProviderSpec(
                    kind: .prometheus, url: "https://p", headers: [.init(name: "X-Scope-OrgID", value: "shop")],
                    authentication: [
                        .basic(user: "u", password: .init(name: "s", key: "k")),
                        .header(name: "X-Key", prefix: "Key ", .init(name: "s", key: "l")),
                    ], certificate: "PEM", skipsVerification: true, timeout: .seconds(5), step: .seconds(120)))
        #expect(try SpecFiles.validate(bytes(text), file: "prometheus/provider.yaml").kind == .sliProvider)
    }

    @Test(
        "All mistakes of a provider's file at once",
        arguments: [
            SpecCase(
                "everything", "kind: graphite\nurl: ftp://x\nauthentication: {type: digest}\nstep: 1ms\n",
                "s.yaml:1:7: error: 'kind' needs one of prometheus, http, file, found 'graphite'",
                "s.yaml:2:6: error: 'url' needs a URL that begins with http:// or https://, found 'ftp://x'",
                "s.yaml:3:24: error: 'type' needs one of none, basic, bearer, header, found 'digest'",
                "s.yaml:4:7: error: 'step' needs a duration of at least 1s, found '1ms'"),
            SpecCase(
                "a secret", "authentication: {type: bearer, secret: {name: a}}",
                "s.yaml:1:40: error: 'secret' has no 'key'"),
        ])
    func providerMistakes(_ test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.sliProviderSpec) == test.diagnostics)
    }

    @Test(
        "A selector names members and elements",
        arguments: [
            ("a.b", "[1]"), ("$.a.b", "[1]"), ("$['a']['b']", "[1]"), ("list[0]", "[10]"), ("list[-1]", "[30]"),
            ("list[*]", "[10,20,30]"), ("rows[*].x", "[1,2]"), ("a.*", "[1]"), ("list[9]", "[]"), ("none.more", "[]"),
            ("$", #"[{"a":{"b":1},"list":[10,20,30],"rows":[{"x":1},{},{"x":2}],"a.b":7}]"#), ("['a.b']", "[7]"),
        ])
    func selectors(_ text: String, _ expected: String) throws {
        let document = try JSON(parsing: #"{"a":{"b":1},"list":[10,20,30],"rows":[{"x":1},{},{"x":2}],"a.b":7}"#)
        let selector = try #require(JSONSelector(text))
        #expect(JSON.array(selector.values(in: document)).text == expected)
    }

    @Test("What is no selector", arguments: ["a..b", "a[", "a[x]", "a['b]", "a b", ".", "a["])
    func noSelectors(_ text: String) { #expect(JSONSelector(text) == nil) }

    @Test("An objective may promise a share, and needs to where a criterion speaks of its budget")
    func targets() throws {
        func objective(_ more: String) -> String {
            "objectives: [{sli: a, pass: [{criteria: ['burn_rate(1h)<14.4', similar]}]\(more)}]\n"
                + "total_score: {pass: '1'}"
        }
        for (text, target) in [(", target: 0.99", 0.99), (", target: 99.9%", 0.999)] {
            let parsed = try SpecFiles.slo(bytes(objective(text)), file: "slo.yaml")
            #expect(abs((parsed.value?.objectives.first?.target ?? 0) - target) < 1e-12)
            #expect(parsed.warnings.isEmpty)
        }
        #expect(
            diagnostics(objective(""), SpecFiles.slo) == [
                "s.yaml:1:14: warning: 'objectives[0]' has a criterion with 'burn_rate' and no 'target' such as 99.9%"
            ])
        #expect(
            diagnostics(objective(", target: 99"), SpecFiles.slo).contains {
                $0.contains("error: 'target' needs a share between 0 and 1, such as 0.999 or 99.9%, found")
            })
    }
}
