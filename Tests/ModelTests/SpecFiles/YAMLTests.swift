import CloudEvents
import KeptnModel
import SpecFiles
import TestSupport
import Testing

@Suite("YAML")
struct YAMLTests {
    @Test(
        "Scalars mean what the core schema of YAML 1.2 says",
        arguments: [
            ("a", "\"a\""), ("", "null"), ("~", "null"), ("null", "null"), ("Null", "null"), ("nUll", "\"nUll\""),
            ("true", "true"), ("False", "false"), ("yes", "\"yes\""), ("on", "\"on\""), ("n", "\"n\""),
            ("0", "0"), ("-12", "-12"), ("+5", "5"), ("007", "7"), ("0x1F", "31"), ("0o17", "15"), ("0x", "\"0x\""),
            ("0x-1", "\"0x-1\""), ("1_000", "\"1_000\""), ("12:30:45", "\"12:30:45\""), ("1.5", "1.5"), (".5", "0.5"),
            ("5.", "5"), ("-1e3", "-1000"), ("1E-2", "0.01"), ("1e", "\"1e\""), (".", "\".\""), ("-", "[null]"),
            ("1.2.3", "\"1.2.3\""), ("123456789012345678901234567890", "1.2345678901234568e+29"),
            ("2026-01-01", "\"2026-01-01\""), ("'5'", "\"5\""), ("\"true\"", "\"true\""), ("''", "\"\""),
            ("!!str 5", "\"5\""), ("! 5", "\"5\""), ("|\n  5\n", "\"5\\n\""), (">-\n  true\n", "\"true\""),
            ("\"\\u00e9\\n\"", "\"é\\n\""), ("{a: 1, 2: b, ~: c}", #"{"a":1,"2":"b","~":"c"}"#),
            ("[a, [1, {}], []]", #"["a",[1,{}],[]]"#),
        ])
    func scalars(text: String, expected: String) throws {
        #expect(try SpecFiles.json(bytes(text), file: "x").text == expected)
    }

    @Test("What JSON cannot express is refused", arguments: [".inf", "-.INF", ".nan", "1e999"])
    func infinite(text: String) {
        let error = #expect(throws: InvalidFile.self) { try SpecFiles.json(bytes("a: [\(text)]"), file: "x") }
        #expect(error?.description == "x:1:5: error: 'a[0]' needs a number that JSON can express, found '\(text)'")
    }

    @Test("JSON written as YAML is read back as the same value", arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let json = try JSON(parsing: random.jsonText())
        let yaml = SpecFiles.yaml(from: json)
        #expect(try Self.normal(SpecFiles.json(bytes(yaml), file: "x")) == Self.normal(json), "\(yaml)")
    }

    @Test("Every text is read back as the same text")
    func texts() throws {
        let odd = [
            "", " ", "a ", " a", "a: b", "a:", "a #b", "#a", "- a", "-", "?", "? a", "~", "null", "true", "no", "5",
            "1e3",
            "0x1F", "<<", "=", "*a", "&a", "!a", "@a", "`a", "%a", "|", ">", "'a'", "\"a\"", "[a]", "{a}", "a, b",
            "a\nb",
            "a\n", "\ta", "a\u{85}b", "\u{FEFF}a", "a\u{2028}b", "\u{7F}", "\u{0}", "😀", "ümlaut", "漢字", "...", "---",
            "a\\b",
            "/path", "$VAR", "2026-01-01", "a\rb", "\u{1B}[0m",
            String(repeating: "k", count: 1100), String(repeating: "\u{0}", count: 105),
        ]
        let json: JSON = .array(
            odd.map { .string($0) } + odd.map { .object([($0, .string($0)), ($0 + "2", ["a": [["b"]]])]) })
        #expect(try SpecFiles.json(bytes(SpecFiles.yaml(from: json)), file: "x") == json)
    }

    @Test("YAML for people")
    func written() {
        let json: JSON = [
            "name": "sockshop", "empty": [], "none": [:], "number": "5", "count": 5,
            "stages": [["name": "dev", "labels": ["a": "b: c"]], [["x"], "two words"], []],
        ]
        #expect(
            SpecFiles.yaml(from: json) == """
                name: sockshop
                empty: []
                none: {}
                number: "5"
                count: 5
                stages:
                  - name: dev
                    labels:
                      a: "b: c"
                  - - - x
                    - two words
                  - []

                """)
        #expect(SpecFiles.yaml(from: "a") == "a\n")
        #expect(SpecFiles.yaml(from: []) == "[]\n")
    }

    /// Numbers in one spelling, so that 1.0 and 1 are the same.
    private static func normal(_ json: JSON) -> JSON {
        switch json.kind {
        case .object: .object(json.members.map { ($0.key, normal($0.value)) })
        case .array: .array(json.elements.map(normal))
        case .number: .number(json.doubleValue ?? 0)
        case .string: .string(json.stringValue ?? "")
        case .boolean, .null: json
        }
    }
}

// MARK: - Bad and hostile files

extension YAMLTests {
    @Test(
        "What is no YAML is refused with its place",
        arguments: [
            SpecCase(
                "no indentation", "a: 1\n b: 2",
                "s.yaml:2:3: error: not valid YAML: mapping values are not allowed in this context; "
                    + "check the indentation, and quote text that contains ': '"),
            SpecCase(
                "a tab", "a:\n\tb: 1",
                "s.yaml:2:1: error: not valid YAML: found character that cannot start any token; "
                    + "tabs cannot indent, and text that begins with @ or ` needs quotes"),
            SpecCase(
                "a list after a key", "a:\n- b\nc",
                "s.yaml:3:1: error: not valid YAML: could not find expected ':'"),
            SpecCase(
                "an open quote", "a: \"b\n",
                "s.yaml:2:1: error: not valid YAML: found unexpected end of stream while scanning a quoted scalar "
                    + "that begins in line 1; a quote or a bracket is not closed"),
            SpecCase(
                "an open bracket", "a: [1, 2\nb: 3",
                "s.yaml:2:2: error: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence "
                    + "that begins in line 1"),
            SpecCase("two documents", "a: 1\n---\nb: 2", "s.yaml:2:1: error: only one document is allowed in a file"),
            SpecCase(
                "an alias of nothing", "a: *b",
                "s.yaml:1:4: error: the alias '*b' stands for nothing: no '&b' before it"),
            SpecCase(
                "an alias of itself", "a: &a [*a]",
                "s.yaml:1:8: error: the alias '*a' stands for nothing: no '&a' before it"),
            SpecCase(
                "a list as a key", "? [a]\n: b",
                "s.yaml:1:3: error: a key has to be plain text, not a list or a mapping"),
            SpecCase("a merge of text", "<<: a", "s.yaml:1:5: error: '<<' needs a mapping to merge, found 'a'"),
            SpecCase(
                "a control character", "a: é\nb: é\u{1}",
                "s.yaml:2:5: error: not valid YAML: control characters are not allowed"),
        ])
    func syntax(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.slo) == test.diagnostics)
    }

    @Test("Bytes that are not UTF-8 are refused where they stand; a byte order mark is not minded")
    func encodings() throws {
        let bad = #expect(throws: InvalidFile.self) { try SpecFiles.json(bytes("a: 1\nb: ") + [0xFF], file: "x") }
        #expect(bad?.description == "x:2:4: error: not valid YAML: invalid leading UTF-8 octet")
        #expect(throws: InvalidFile.self) { try SpecFiles.json([0xFF, 0xFE, 0x61, 0x00], file: "x") }
        #expect(try SpecFiles.json([0xEF, 0xBB, 0xBF] + bytes("a: 1"), file: "x") == ["a": 1])
    }

    @Test("Size, depth and number of values have limits")
    func limits() throws {
        func refusal(_ text: String) -> String? {
            #expect(throws: InvalidFile.self) { try SpecFiles.json(bytes(text), file: "x") }?.description
        }
        let tooLarge = String(repeating: "#", count: (1 << 20) + 1)
        #expect(refusal(tooLarge) == "x:1:1: error: the file has 1048577 bytes; at most 1048576 are read")
        #expect(try SpecFiles.json(bytes(String(tooLarge.dropLast())), file: "x").isNull)

        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(try SpecFiles.json(bytes(deep), file: "x").kind == .array)
        #expect(refusal("[\(deep)]") == "x:1:101: error: nested deeper than 100 levels")
        #expect(refusal(String(repeating: "[", count: 500_000)) == "x:1:1: error: nested deeper than 100 levels")
        #expect(refusal(String(repeating: "- ", count: 500_000)) == "x:1:201: error: nested deeper than 100 levels")
        #expect(refusal(String(repeating: "{a: ", count: 200_000)) == "x:1:401: error: nested deeper than 100 levels")

        let merges = "a: &a {x: 1}\nb:\n" + String(repeating: "  <<: *a\n", count: 2)
        #expect(refusal(merges) == "x:4:3: error: the key '<<' stands twice, first in line 3")

        let bomb = "a0: &a0 [x]\n" + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
        #expect(refusal(bomb) == "x:17:6: error: more than 100000 values, with aliases written out")
        #expect(
            refusal("a0: &a0 [x]\n" + (1...40).map { "a\($0): &a\($0) {? *a\($0 - 1) : x}\n" }.joined())?.hasSuffix(
                "error: a key has to be plain text, not a list or a mapping") == true)
        let wide = "a: &a [\(String(repeating: "x,", count: 60_000))]\nb: [*a, *a]"
        #expect(refusal(wide) == "x:2:4: error: more than 100000 values, with aliases written out")
    }

    @Test("At most a hundred mistakes are told, an error always among them")
    func manyMistakes() {
        let text = (0..<500).map { "unknown\($0): 1\n" }.joined() + "objectives: 5\ntotal_score: 5"
        let error = #expect(throws: InvalidFile.self) { try SpecFiles.slo(bytes(text), file: "x") }
        #expect(error?.diagnostics.count == 101)
        #expect(error?.diagnostics.last?.description == "x:501:13: error: 'objectives' needs a list, found '5'")
    }

    @Test("No mutated file brings the reader down", arguments: 0..<100 as Range<UInt64>)
    func mutants(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let text = bytes(ShipyardReadingTests.cases.map(\.text).joined(separator: "\n---\n"))
        for _ in 0..<20 {
            let start = Int.random(in: 0..<text.count, using: &random)
            let piece = random.mutated(Array(text[start..<min(text.count, start + 300)]))
            for kind in SpecFiles.Kind.allCases {
                do {
                    #expect(try SpecFiles.validate(piece, file: "\(kind.rawValue).yaml").warnings.count <= 101)
                } catch {
                    #expect(error.diagnostics.contains { $0.severity == .error })
                }
            }
        }
    }
}

@Suite("Validating files")
struct ValidateTests {
    private static let webhook = "apiVersion: webhookconfig.keptn.sh/v1beta1\nspec: {webhooks: []}"

    @Test(
        "The kind of a file is found by what it says of itself, by its name, by its keys",
        arguments: [
            ("a.yaml", "kind: Shipyard\napiVersion: spec.keptn.sh/0.2.3\nspec: {stages: [{name: a}]}", .shipyard),
            ("slo.yaml", "apiVersion: spec.keptn.sh/0.2.3\nspec: {stages: [{name: a}]}", .shipyard),
            ("a.yaml", "spec: {stages: [{name: a}]}\napiVersion: spec.keptn.sh/0.2.3", .shipyard),
            ("some/folder/slo.yaml", "spec_version: 1", .slo),
            ("a.yaml", "objectives: []", .slo),
            ("dynatrace/sli.yml", "{}", .sli),
            ("a.yaml", "indicators: {}", .sli),
            ("jmeter/jmeter.conf.yaml", "workloads: []", .testConfiguration),
            ("a.yaml", "workloads: []", .testConfiguration),
            ("jmeter/load.yaml", "requests: [{path: /}]", .testPlan),
            ("process.yaml", "command: x", .process),
            ("a.yaml", "command: x", .process),
            ("a.yaml", "kind: WebhookConfig\n" + webhook, .webhook),
            ("shipyard.yaml", webhook, .webhook),
            ("webhook/webhook.yaml", webhook, .webhook),
        ] as [(String, String, SpecFiles.Kind)])
    func kinds(file: String, text: String, kind: SpecFiles.Kind) throws {
        #expect(try SpecFiles.validate(bytes(text), file: file).kind == kind)
    }

    @Test(
        "A file of no known kind is told the known ones",
        arguments: ["a: 1", "kind: Deployment\napiVersion: apps/v1\nspec: {}", "[]", "text"])
    func unknown(text: String) {
        let error = #expect(throws: InvalidFile.self) { try SpecFiles.validate(bytes(text), file: "x.yaml") }
        #expect(
            error?.description
                == "x.yaml:1:1: error: no file that Keptn knows: it knows shipyard (shipyard.yaml), slo (slo.yaml), "
                + "sli (sli.yaml), test configuration (jmeter.conf.yaml), test plan (with 'requests'), "
                + "process (process.yaml), webhook (webhook.yaml), event mappings (eventmappings.yaml), "
                + "service objectives (service-objectives.yaml), service indicators (service-indicators.yaml), "
                + "SLI provider (provider.yaml), remediation (remediation.yaml)")
    }

    @Test("The mistakes of the kind are told")
    func mistakes() throws {
        let error = #expect(throws: InvalidFile.self) {
            try SpecFiles.validate(bytes("kind: Other"), file: "shipyard.yaml")
        }
        #expect(error?.diagnostics.map(\.message).contains("'kind' needs 'Shipyard', found 'Other'") == true)
        #expect(try SpecFiles.validate(bytes("command: x\nreplica: 2"), file: "p.yaml").warnings.count == 1)
        let empty = #expect(throws: InvalidFile.self) { try SpecFiles.validate([], file: "slo.yaml") }
        #expect(empty?.description == "slo.yaml:1:1: error: the file is empty")
    }
}
