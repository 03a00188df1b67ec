import CloudEvents
import KeptnModel
import SpecFiles
import Testing

@Suite("Reading remediation.yaml")
struct RemediationReadingTests {
    @Test("Spec 0.1.4")
    func today() throws {
        let text = """
            apiVersion: spec.keptn.sh/0.1.4
            kind: Remediation
            metadata: {name: carts}
            spec:
              remediations:
              - problemType: Response time degradation
                actionsOnOpen:
                - action: scaling
                  name: more
                  description: one process more
                  value: "1"
                - action: toggle-feature
                  value: {EnablePromotion: "off"}
              - problemType: default
                actionsOnOpen:
                - action: escalate
            """
        let parsed = try SpecFiles.remediation(bytes(text), file: "remediation.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == RemediationSpec(
                    name: "carts",
                    remediations: [
                        .init(
                            problemType: "Response time degradation",
                            actions: [
                                .init(name: "more", action: "scaling", description: "one process more", value: "1"),
                                .init(action: "toggle-feature", value: ["EnablePromotion": "off"]),
                            ]),
                        .init(problemType: "default", actions: [.init(action: "escalate")]),
                    ]))
        #expect(try SpecFiles.validate(bytes(text), file: "x.yaml").kind == .remediation)
    }

    @Test(
        "The forms before it",
        arguments: [
            "remediations:\n- name: Failure rate\n  actions:\n  - {action: scaling, value: '+1'}",
            "version: 0.1.0\nremediations:\n- name: Failure rate\n  actionsOnOpen:\n  - {action: scaling, value: '+1'}",
        ])
    func old(_ text: String) throws {
        let parsed = try SpecFiles.remediation(bytes(text), file: "remediation.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == RemediationSpec(remediations: [
                    .init(
                        problemType: "Failure rate", matching: .beginning,
                        actions: [.init(action: "scaling", value: "+1")])
                ]))
        #expect(try SpecFiles.validate(bytes(text), file: "any.yaml").kind == .remediation)
    }

    static let mistakes = [
        SpecCase(
            "nothing in it", "{}", "s.yaml:1:1: error: the file has no 'apiVersion'",
            "s.yaml:1:1: warning: the file has no 'kind'; Keptn's schema demands 'kind: Remediation'",
            "s.yaml:1:1: warning: the file has no 'metadata.name'; Keptn's schema demands it",
            "s.yaml:1:1: error: the file has no 'spec'"),
        SpecCase(
            "another version and kind",
            """
            apiVersion: spec.keptn.sh/0.1.3
            kind: Remedation
            metadata: {name: a}
            spec: {remediations: []}
            """,
            "s.yaml:1:13: error: 'apiVersion' needs 'spec.keptn.sh/0.1.4', found 'spec.keptn.sh/0.1.3'",
            "s.yaml:2:7: error: 'kind' needs 'Remediation', found 'Remedation'; did you mean 'Remediation'?",
            "s.yaml:4:22: error: 'remediations' is empty; at least one is needed"),
        SpecCase(
            "remediations",
            """
            apiVersion: spec.keptn.sh/0.1.4
            kind: Remediation
            metadata: {name: a}
            spec:
              remediations:
              - {problemType: a, actionOnOpen: []}
              - {problemType: "", actionsOnOpen: []}
              - {problemType: b, actionsOnOpen: [{name: x}, {action: scalling}, {action: scaling, value: many}]}
              - {problemType: b, actionsOnOpen: [{action: slowdown, value: 90s}]}
            """,
            "s.yaml:6:5: error: 'remediations[0]' has no 'actionsOnOpen'",
            "s.yaml:6:22: warning: unknown key 'actionOnOpen'; did you mean 'actionsOnOpen'?",
            "s.yaml:7:19: error: 'problemType' needs text, found the text \"\"",
            "s.yaml:7:38: error: 'actionsOnOpen' is empty; a remediation needs at least one action",
            "s.yaml:8:38: error: 'actionsOnOpen[0]' has no 'action'",
            "s.yaml:8:58: warning: nobody here carries out 'scalling'; did you mean 'scaling'?",
            "s.yaml:8:94: warning: 'value' of scaling needs a whole number other than 0, such as \"1\" or \"-1\", "
                + "found \"many\"",
            "s.yaml:9:19: warning: there is an earlier remediation of 'b', and it counts",
            "s.yaml:9:64: warning: 'value' of slowdown needs a delay of at most 60s, such as 5s, found \"90s\""),
    ]

    @Test("Mistakes are named with their place", arguments: mistakes)
    func wrong(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.remediation) == test.diagnostics)
    }

    static let values: [(BuiltInAction.Name, JSON, BuiltInAction)] = [
        (.scaling, "+2", .scaling(by: 2)), (.scaling, -1, .scaling(by: -1)), (.rollback, "anything", .rollback),
        (.slowdown, "5s", .slowdown(delay: .seconds(5), .init())),
        (.slowdown, 5, .slowdown(delay: .seconds(5), .init())),
        (
            .slowdown, ["delay": "1s", "for": "5m", "client": "10.0.0.7"],
            .slowdown(delay: .seconds(1), .init(client: "10.0.0.7", duration: .seconds(300)))
        ),
        (.abort, .null, .abort(status: 403, .init())), (.abort, ["status": 429], .abort(status: 429, .init())),
        (.featuretoggle, "promotion:off", .featureToggle([.init(flag: "promotion", variant: "off")])),
        (
            .toggleFeature, ["a": false, "b": "blue"],
            .featureToggle([.init(flag: "a", variant: "off"), .init(flag: "b", variant: "blue")])
        ),
        (.command, "/bin/true", .command(.init(program: "/bin/true"))),
        (
            .command, ["program": "/bin/x", "arguments": ["a", 1], "timeout": "5s"],
            .command(.init(program: "/bin/x", arguments: ["a", "1"], timeout: .seconds(5)))
        ),
    ]

    @Test("Values of our actions", arguments: values)
    func reads(name: BuiltInAction.Name, value: JSON, action: BuiltInAction) throws {
        #expect(try BuiltInAction(name, value: value) == action)
    }

    @Test(
        "Values that cannot be used",
        arguments: [
            (.scaling, "0"), (.scaling, 64), (.scaling, .null), (.slowdown, .null), (.slowdown, "-1s"),
            (.slowdown, ["delay": "1s", "for": "25h"]), (.abort, ["status": 200]), (.featuretoggle, "promotion"),
            (.featuretoggle, [:]), (.featuretoggle, ":on"), (.webhook, [:]),
            (.webhook, ["url": "http://x", "method": "BREW"]), (.command, "sh"),
            (.command, ["program": "/bin/x", "arguments": "a b"]), (.command, ["program": "/bin/x", "timeout": "2h"]),
        ] as [(BuiltInAction.Name, JSON)])
    func wrongValues(name: BuiltInAction.Name, value: JSON) {
        let mistake = #expect(throws: ActionMistake.self) { try BuiltInAction(name, value: value) }
        #expect(mistake?.description.hasPrefix("'value' of \(name.rawValue) needs ") == true)
    }
}
