import CloudEvents
import KeptnModel
import SpecFiles
import Testing

@Suite("Reading shipyards of Keptn 0.5")
struct OldShipyardReadingTests {
    private static func read(_ text: String) throws -> Parsed<Shipyard> {
        try SpecFiles.shipyard(Array(text.utf8), file: "shipyard.yaml")
    }

    @Test("Stages with strategies become sequences, in the order of the file")
    func story() throws {
        let parsed = try Self.read(
            """
            stages:
              - name: dev
                deployment_strategy: direct
                test_strategy: functional
              - name: staging
                deployment_strategy: blue_green_service
                test_strategy: performance
                approval_strategy: {pass: automatic, warning: manual}
              - name: production
                deployment_strategy: blue_green
                remediation_strategy: automated
            """)
        #expect(parsed.warnings.isEmpty)
        let told = parsed.value.stages.flatMap { stage in
            stage.sequences.map { sequence in
                let triggers = sequence.triggeredOn.map { "\($0.event)\($0.match.isEmpty ? "" : " \($0.match)")" }
                let tasks = sequence.tasks.map { "\($0.name)\($0.properties?.text ?? "")" }
                return "\(stage.name).\(sequence.name) <- \(triggers.joined()): \(tasks.joined(separator: " "))"
            }
        }
        let automatic = #"approval{"pass":"automatic","warning":"automatic"} release"#
        let manual = #"approval{"pass":"automatic","warning":"manual"} release"#
        func deployment(_ strategy: String) -> String { #"deployment{"deploymentstrategy":"\#(strategy)"}"# }
        #expect(
            told == [
                #"dev.delivery <- : \#(deployment("direct")) test{"teststrategy":"functional"} evaluation "#
                    + automatic,
                #"dev.delivery-direct <- : \#(deployment("direct")) test{"teststrategy":"functional"} evaluation "#
                    + automatic,
                "staging.delivery <- dev.delivery.finished: \(deployment("blue_green_service")) "
                    + #"test{"teststrategy":"performance"} evaluation \#(manual)"#,
                "staging.delivery-direct <- dev.delivery-direct.finished: \(deployment("direct")) "
                    + #"test{"teststrategy":"performance"} evaluation \#(manual)"#,
                #"staging.rollback <- staging.delivery.finished ["result": "fail"]: rollback"#,
                "production.delivery <- staging.delivery.finished: \(deployment("blue_green_service")) \(automatic)",
                "production.delivery-direct <- staging.delivery-direct.finished: \(deployment("direct")) \(automatic)",
                #"production.rollback <- production.delivery.finished ["result": "fail"]: rollback"#,
                #"production.remediation <- production.remediation.finished ["evaluation.result": "fail"]: "#
                    + #"get-action action evaluation{"timeframe":"3m"}"#,
            ])
        #expect(parsed.value.version == "0.1.0")
    }

    @Test(
        "Mistakes are told with their place",
        arguments: [
            ("stages: []", "1:9: error: a shipyard needs at least one stage"),
            ("stages:\n- deployment_strategy: direct", "2:3: error: "),
            ("stages:\n- name: dev\n- name: dev", "3:9: error: there are two stages 'dev'"),
            ("stages:\n- name: Dev.1", "2:9: error: 'Dev.1'"),
        ])
    func mistakes(text: String, says: String) {
        let error = #expect(throws: InvalidFile.self) { try Self.read(text) }
        #expect(error.map { "\($0)" }?.contains(says) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("An unknown strategy is a warning that names the known ones")
    func unknown() throws {
        let parsed = try Self.read("stages:\n- name: dev\n  deployment_strategy: blue-green\n  tests: x")
        let warnings = parsed.warnings.map { "\($0)" }
        #expect(warnings.contains { $0.contains("blue-green") && $0.contains("blue_green") }, "\(warnings)")
        #expect(warnings.contains { $0.contains("tests") }, "\(warnings)")
    }
}
