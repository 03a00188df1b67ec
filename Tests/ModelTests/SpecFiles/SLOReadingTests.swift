import KeptnModel
import SpecFiles
import Testing

@Suite("Reading SLO and SLI files")
struct SLOReadingTests {
    @Test("A whole SLO file, values as they are written")
    func whole() throws {
        let parsed = try SpecFiles.slo(
            bytes(
                """
                spec_version: 1.0
                filter:
                  zone: "1"
                  handler: ItemsController
                  empty:
                comparison:
                  compare_with: several_results
                  include_result_with_score: Pass_or_Warn
                  number_of_comparison_results: 3.9
                  aggregate_function: p90
                objectives:
                - sli: response_time_p95
                  displayName: Response time
                  key_sli: yes
                  weight: 2.7
                  pass:
                  - criteria: ["<=+10%", "<600"]
                  - criteria: [<500]
                  warning:
                  - criteria:
                    - "<=800"
                -
                - sli: throughput
                - {sli: errors, weight: 0, key_sli: false, pass: null}
                total_score: {pass: 90, warning: 75%}
                """), file: "slo.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == SLO(
                    specVersion: "1.0", filter: [("zone", "1"), ("handler", "ItemsController"), ("empty", "")],
                    comparison: .init(
                        compareWith: "several_results", includeResultWithScore: "Pass_or_Warn",
                        numberOfComparisonResults: 3, aggregateFunction: "p90"),
                    objectives: [
                        .init(
                            sli: "response_time_p95", displayName: "Response time",
                            pass: [.init(["<=+10%", "<600"]), .init(["<500"])], warning: [.init(["<=800"])], weight: 2,
                            keySLI: true),
                        .init(sli: "throughput"),
                        .init(sli: "errors", weight: 0),
                    ], totalScore: .init(pass: "90", warning: "75%")))
    }

    @Test("An empty file is no SLO", arguments: ["", "\n\n", "# only a comment\n", "---\n", "null", "~"])
    func empty(text: String) throws {
        #expect(try SpecFiles.slo(bytes(text), file: "slo.yaml").value == nil)
    }

    static let valid = "objectives: [{sli: a, pass: [{criteria: [<1]}]}]\ntotal_score: {pass: 90%}\n"

    static let cases = [
        SpecCase("all is well", valid),
        SpecCase(
            "nothing in it", "spec_version: '1.0'",
            "s.yaml:1:1: warning: the file has no 'objectives', so every evaluation fails",
            "s.yaml:1:1: warning: the file has no 'total_score.pass', so every evaluation fails"),
        SpecCase(
            "quoted numbers and booleans are type errors",
            "objectives: [{sli: a, weight: \"2\", key_sli: 'true'}, {sli: b, weight: two}, {sli: c, weight: true}, "
                + "{sli: d, weight: [1]}]\n"
                + "total_score: {pass: '90%'}\ncomparison: {number_of_comparison_results: '3'}",
            "s.yaml:1:31: error: 'weight' needs a whole number, found the text \"2\"",
            "s.yaml:1:45: error: 'key_sli' needs true or false, found the text \"true\"",
            "s.yaml:1:71: error: 'weight' needs a whole number, found 'two'",
            "s.yaml:1:94: error: 'weight' needs a whole number, found 'true'",
            "s.yaml:1:118: error: 'weight' needs a whole number, found a list",
            "s.yaml:3:44: error: 'number_of_comparison_results' needs a whole number, found the text \"3\""),
        SpecCase(
            "wrong shapes",
            "filter: [a]\ncomparison: single_result\nobjectives: {sli: a}\ntotal_score: 90%",
            "s.yaml:1:9: error: 'filter' needs a mapping of names to values, found a list",
            "s.yaml:2:13: error: 'comparison' needs a mapping with compare_with, include_result_with_score, "
                + "number_of_comparison_results, aggregate_function, found 'single_result'",
            "s.yaml:3:13: error: 'objectives' needs a list, found a mapping",
            "s.yaml:4:14: error: 'total_score' needs a mapping with pass, warning, found '90%'"),
        SpecCase(
            "wrong shapes inside an objective",
            valid + "comparison: {compare_with: [single_result]}\nfilter: {a: {b: c}}",
            "s.yaml:3:28: warning: 'compare_with' needs one of single_result, several_results, found a list",
            "s.yaml:3:28: error: 'compare_with' needs text, found a list",
            "s.yaml:4:13: error: 'a' needs text, found a mapping"),
        SpecCase(
            "criteria of the wrong type",
            """
            objectives:
            - sli: a
              pass: "<600"
            - sli: b
              pass: ["<600"]
            - sli: c
              pass:
              - criteria: "<600"
            - "<600"
            total_score: {pass: 90%}
            """,
            "s.yaml:3:9: error: 'pass' needs a list, found the text \"<600\"",
            "s.yaml:5:10: error: 'pass[0]' needs a mapping with criteria, found the text \"<600\"",
            "s.yaml:8:15: error: 'criteria' needs a list, found the text \"<600\"",
            "s.yaml:9:3: error: 'objectives[3]' needs a mapping with sli, displayName, pass, warning, weight, key_sli, "
                + "target, found the text \"<600\""),
        SpecCase(
            "keys that stand twice",
            valid + "objectives: []\nfilter: {a: 1, a: 2}",
            "s.yaml:3:1: error: the key 'objectives' stands twice, first in line 1",
            "s.yaml:4:16: error: the key 'a' stands twice, first in line 4"),
        SpecCase(
            "words that mean nothing",
            valid + """
                comparison:
                  compare_with: single_results
                  include_result_with_score: passed
                  aggregate_function: median
                """,
            "s.yaml:4:17: warning: 'compare_with' has the unknown value 'single_results'; "
                + "did you mean 'single_result'?",
            "s.yaml:5:30: warning: 'include_result_with_score' has the unknown value 'passed'; did you mean 'pass'?",
            "s.yaml:6:23: warning: 'aggregate_function' has the unknown value 'median'; known are avg, p50, p90, p95"),
        SpecCase(
            "what cannot be evaluated",
            "objectives: [{}, {sli: a, weight: -1, pass: [{criteria: ['600', '<', '<<5', '<= 5 %', '=NaN', "
                + "'similar:2', 'burn_rate(x)<2']}]}]\n"
                + "total_score: {pass: 90 %, warning: many}",
            "s.yaml:1:14: warning: 'objectives[0]' has no 'sli', so it never gets a value",
            "s.yaml:1:18: warning: 'objectives[1]' has a criterion with 'burn_rate' and no 'target' such as 99.9%",
            "s.yaml:1:35: warning: 'weight' is negative",
            "s.yaml:1:58: warning: '600' is no criterion: it must begin with <, <=, =, >= or >, as in <=600, or be "
                + "similar, not_worse, not_lower or burn_rate<2",
            "s.yaml:1:65: warning: '<' is no criterion: it must be a comparison and a number, such as <=+10%",
            "s.yaml:1:70: warning: '<<5' is no criterion: it must be a comparison and a number, such as <=+10%",
            "s.yaml:1:95: warning: 'similar:2' is no criterion: it must be a word, and at most two numbers between 0 "
                + "and 1 behind colons, as in not_worse:0.05",
            "s.yaml:1:108: warning: 'burn_rate(x)<2' is no criterion: it must be burn_rate, a window or none, a "
                + "comparison and a number, as in burn_rate(1h)<14.4",
            "s.yaml:2:21: warning: 'pass' needs a percentage such as \"90%\", found '90 %'",
            "s.yaml:2:36: warning: 'warning' needs a percentage such as \"90%\", found 'many'"),
        SpecCase(
            "a criterion without quotes that begins with >",
            "objectives:\n- sli: a\n  pass:\n  - criteria:\n    - >=90",
            "s.yaml:5:8: error: not valid YAML: did not find expected comment or line break; "
                + "text that begins with > or | needs quotes"),
    ]

    @Test("Every mistake is named at its place", arguments: cases)
    func mistakes(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.slo) == test.diagnostics)
    }

    @Test("An SLI file")
    func sli() throws {
        let text = """
            spec_version: "1.0"
            indicators:
              response_time_p95: histogram_quantile(0.95, sum(rate(x{job="$SERVICE"}[1m])))
              number: 5
              nothing:
              folded: >-
                a
                b
            """
        let parsed = try SpecFiles.sli(bytes(text), file: "sli.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == SLI(
                    indicators: [
                        "response_time_p95": "histogram_quantile(0.95, sum(rate(x{job=\"$SERVICE\"}[1m])))",
                        "number": "5",
                        "nothing": "", "folded": "a b",
                    ]))
    }

    @Test(
        "Mistakes in SLI files",
        arguments: [
            SpecCase("empty", "", "s.yaml:1:1: error: the file is empty"),
            SpecCase(
                "a typing mistake", "indicator: {a: b}",
                "s.yaml:1:1: warning: unknown key 'indicator'; did you mean 'indicators'?",
                "s.yaml:1:1: warning: the file has no 'indicators'"),
            SpecCase(
                "wrong types", "indicators: {a: [b], c: {d: e}}", "s.yaml:1:17: error: 'a' needs text, found a list",
                "s.yaml:1:25: error: 'c' has no 'path'", "s.yaml:1:25: error: 'c' has no 'value'",
                "s.yaml:1:26: warning: unknown key 'd'; known here: method, path, headers, body, value, samples, "
                    + "unit, scale"),
        ])
    func sliMistakes(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.sli) == test.diagnostics)
    }
}
