import CloudEvents
import Foundation
import Testing

/// `keptn evaluate`, a gate in a CI job without any server, and the files that come from OpenSLO.
@Suite("The gate without a server", .timeLimit(.minutes(5)))
struct EvaluateTests {
    private static let slo = """
        comparison: {compare_with: several_results, number_of_comparison_results: 2, include_result_with_score: pass}
        objectives:
        - sli: latency
          displayName: "Latency <&> \\"quoted\\""
          key_sli: true
          pass: [{criteria: ["<=+10%", "<200"]}]
          warning: [{criteria: ["<=+50%"]}]
        - sli: requests
        total_score: {pass: "90%", warning: "50%"}
        """

    /// A home with `slo.yaml`, `sli.yaml` and one file of measurements for each value of `latency`.
    private static func withFiles(_ body: (KeptnProcess, _ path: (String) -> String) async throws -> Void) async throws
    {
        try await KeptnProcess.withHome { keptn in
            func path(_ name: String) -> String { keptn.home.appending(path: name).path }
            func write(_ name: String, _ text: String) throws {
                try Data(text.utf8).write(to: URL(filePath: path(name)))
            }
            try write("slo.yaml", slo)
            try write("sli.yaml", "indicators: {latency: p50(ms), requests: count(ms)}")
            for value in [100, 105, 130, 300] { try write("\(value).csv", "ms\n\(value)\n\(value)\n\(value)\n") }
            try await body(keptn, path)
        }
    }

    private static func evaluate(
        _ keptn: KeptnProcess, _ path: (String) -> String, _ measurements: String, _ more: String...
    ) async throws -> KeptnProcess.CommandResult {
        try await keptn.keptn(
            [
                "evaluate", "--slo", path("slo.yaml"), "--sli", path("sli.yaml"), "--provider", "file", "--url",
                path(measurements), "--history", path("history"), "--service", "carts",
            ] + more)
    }

    @Test("The exit code is the verdict, and earlier runs are compared with")
    func verdicts() async throws {
        try await Self.withFiles { keptn, path in
            let first = try await Self.evaluate(keptn, path, "100.csv")
            #expect(first.code == 0, "\(first.output)\(first.errors)")
            #expect(first.output.hasPrefix("carts: pass, score 100, "))
            #expect(first.output.contains("requests"))
            #expect(try await Self.evaluate(keptn, path, "105.csv").code == 0)
            let warning = try await Self.evaluate(keptn, path, "130.csv", "-o", "json")
            #expect(warning.code == 2, "\(warning.output)\(warning.errors)")
            let json = try JSON(parsing: warning.output.trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(json["result"] == "warning" && json["evaluation", "score"] == 50)
            #expect(json["evaluation", "comparedEvents"]?.elements.count == 2)
            #expect(
                json["evaluation", "indicatorResults"]?.elements.first?["value", "comparedValue"] == 102.5,
                "the average of both that passed")
            let failed = try await Self.evaluate(keptn, path, "300.csv", "-o", "markdown")
            #expect(failed.code == 1)
            #expect(
                failed.output.contains("| Latency <&> \"quoted\" (key) | 300 | <=+10% and <200 | <=+50% | 0 | fail |"))
            let lines = try String(contentsOfFile: path("history"), encoding: .utf8).split(separator: "\n")
            #expect(try lines.map { try JSON(parsing: String($0))["result"] } == ["pass", "pass", "warning", "fail"])
        }
    }

    @Test("A slip in a criterion is named at its line, whatever else is printed")
    func criterion() async throws {
        try await Self.withFiles { keptn, path in
            let slip = Self.slo.replacingOccurrences(of: "\"<200\"", with: "\"<<200\"")
            try Data(slip.utf8).write(to: URL(filePath: path("slo.yaml")))
            let result = try await Self.evaluate(keptn, path, "100.csv", "-o", "json")
            #expect(result.code == 1)
            let warning = "slo.yaml:6:32: warning: '<<200' is no criterion: it must be a comparison"
            #expect(result.errors.contains(warning), "\(result.errors)")
            #expect(result.output.hasPrefix("{"))
        }
    }

    @Test("JUnit XML is XML, with a failure for each missed objective and for the whole")
    func junit() async throws {
        try await Self.withFiles { keptn, path in
            #expect(try await Self.evaluate(keptn, path, "100.csv").code == 0)
            let result = try await Self.evaluate(keptn, path, "300.csv", "-o", "junit")
            #expect(result.code == 1)
            try Data(result.output.utf8).write(to: URL(filePath: path("junit.xml")))
            let program = """
                import sys, xml.etree.ElementTree as tree
                suite = tree.parse(sys.argv[1]).getroot()
                cases = suite.findall("testcase")
                print(suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors"))
                for case in cases: print(case.get("name"), case.find("failure") is not None)
                """
            let shown = try await KeptnProcess.output(of: "python3", ["-c", program, path("junit.xml")])
            #expect(
                shown == "testsuite 3 2 0\nLatency <&> \"quoted\" True\nrequests False\ntotal score True\n", "\(shown)")
        }
    }

    @Test(
        "What cannot be judged is said, with exit code 1",
        arguments: [
            (["--url", "gone.csv"], "there is no file gone.csv with measurements"),
            (["--start", "yesterday", "--end", "2026-01-31T12:00:00Z"], "start is 'yesterday'"),
            (["--end", "2026-01-31T12:00:00Z"], "'end' cannot be set without 'start'"),
            (["--slo", "gone.yaml"], "File gone.yaml not found"), (["--provider", "dynatrace"], "dynatrace"),
            (["--provider-config", "CONFIG"], "set KEPTN_SECRET_MY_PROM_API_KEY in the environment"),
            (["--history", "BROKEN"], "BROKEN:2: not an earlier evaluation"),
        ])
    func mistakes(_ arguments: [String], _ reason: String) async throws {
        try await Self.withFiles { keptn, path in
            try Data("{}\nnonsense\n".utf8).write(to: URL(filePath: path("BROKEN")))
            try Data(
                "authentication: {type: bearer, secret: {name: my-prom, key: api.key}}\nurl: http://127.0.0.1:1\n".utf8
            ).write(to: URL(filePath: path("CONFIG")))
            let files = ["BROKEN", "CONFIG"]
            let given = arguments.map { files.contains($0) ? path($0) : $0 }
            let result = try await keptn.keptn(
                [
                    "evaluate", "--slo", path("slo.yaml"), "--sli", path("sli.yaml"), "--provider", "file", "--url",
                    path("100.csv"),
                ] + given)
            #expect(result.code == 1)
            #expect((result.output + result.errors).contains(reason), "\(result.output)\(result.errors)")
        }
    }

    @Test("A provider that cannot be reached fails the gate with the reason")
    func unreachable() async throws {
        try await Self.withFiles { keptn, path in
            let result = try await keptn.keptn(
                "evaluate", "--slo", path("slo.yaml"), "--provider", "prometheus", "--url", "http://127.0.0.1:1",
                "--timeframe", "5m", "-o", "junit")
            #expect(result.code == 1)
            #expect(
                result.output.contains("unsupported SLI: sli.yaml has no query for &#39;latency&#39;")
                    || result.output.contains("unsupported SLI: sli.yaml has no query for 'latency'"),
                "\(result.output)")
        }
    }

    @Test("Objectives of OpenSLO become files that the gate takes, and nothing is written over")
    func openSLO() async throws {
        try await KeptnProcess.withHome { keptn in
            let example = KeptnProcess.checkout.appending(path: "examples/openslo/checkout.yaml").path
            let folder = keptn.home.appending(path: "gate").path
            let written = try await keptn.keptn("import", "openslo", example, "--dir", folder)
            #expect(written.code == 0, "\(written.errors)")
            let checked = try await keptn.keptn("validate", "\(folder)/slo.yaml", "\(folder)/prometheus/sli.yaml")
            #expect(checked.code == 0 && !checked.output.contains("warning"), "\(checked.output)")
            let again = try await keptn.keptn("import", "openslo", example, "--dir", folder)
            #expect(again.code == 1 && again.errors.contains("--force writes over it"))
            #expect(try await keptn.keptn("import", "openslo", example, "--dir", folder, "--force").code == 0)
            let wrong = try await keptn.keptn("import", "openslo", example, "--dir", folder, "--pass", "burn_rate")
            #expect(wrong.code == 1 && wrong.errors.contains("as in burn_rate(1h)<14.4"))
        }
    }

    @Test("In a server, the same measurements are read from the project")
    func inServer() async throws {
        let shipyard =
            "apiVersion: spec.keptn.sh/0.2.2\nkind: Shipyard\nmetadata: {name: shop}\nspec: {stages: [{name: dev}]}\n"
        try await ProjectUnderTest.with(shipyard: shipyard, arguments: ["--sli-provider", "file"]) { project in
            let files = [
                "slo.yaml": Self.slo, "file/measurements.csv": "ms\n90\n100\n110\n",
                "file/sli.yaml": "indicators: {latency: p50(ms), requests: count(ms)}",
            ]
            let stored = try await project.server.send(
                "POST", "/resource-service/v1/project/shop/stage/dev/service/cart/resource",
                [
                    "resources": .array(
                        files.map { name, text in
                            ["resourceURI": .string(name), "resourceContent": .string(Base64.encode(text.utf8))]
                        })
                ])
            try #require(stored.status == 201, "\(stored.json)")
            let answer = try await project.server.send(
                "POST", "/controlPlane/v1/project/shop/stage/dev/service/cart/evaluation", ["timeframe": "5m"])
            let context = try #require(answer.json["keptnContext"]?.stringValue)
            try await project.becomes("finished", context)
            let verdict = try #require(try await project.latest("evaluation.finished", of: context))
            #expect(verdict["data", "result"] == "pass", "\(verdict)")
            let values = verdict["data", "evaluation", "indicatorResults"]?.elements.map { $0["value", "value"] }
            #expect(values == [100, 3])
        }
    }
}
