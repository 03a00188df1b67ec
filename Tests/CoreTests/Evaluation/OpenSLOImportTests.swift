import CloudEvents
import KeptnModel
import SpecFiles
import Testing

@testable import Core

@Suite("OpenSLO")
struct OpenSLOImportTests {
    private static func file(indicator: String, objective: String, method: String = "Occurrences") -> String {
        """
        apiVersion: openslo/v1
        kind: SLO
        metadata: {name: Front-Page, displayName: The front page}
        spec:
          service: shop
          budgetingMethod: \(method)
          indicator: {metadata: {name: x}, spec: \(indicator)}
          objectives: [\(objective)]
        """
    }

    private static func query(_ text: String) throws -> String {
        let read = try SpecFiles.openSLOs(Array(text.utf8), file: "o.yaml").value
        let imported = OpenSLOImport(read, pass: ["burn_rate<1"], warning: [])
        return imported.sli["indicators", "front_page"]?.stringValue ?? imported.notes.joined()
    }

    private static func metric(_ query: String, type: String = "Prometheus") -> String {
        "{metricSource: {type: \(type), spec: {query: '\(query)'}}}"
    }

    @Test("Each way of counting becomes a share of what was bad")
    func queries() throws {
        let (good, total) = (Self.metric("ok"), Self.metric("all"))
        let ratio = "{ratioMetric: {counter: true, good: \(good), total: \(total)}}"
        #expect(
            try Self.query(Self.file(indicator: ratio, objective: "{target: 0.99}"))
                == "1 - sum(increase(ok[$DURATION_SECONDS])) / sum(increase(all[$DURATION_SECONDS]))")
        let bad = "{ratioMetric: {bad: \(good), total: \(total)}}"
        #expect(
            try Self.query(Self.file(indicator: bad, objective: "{targetPercent: 99}")) == "1 - (1 - (ok) / (all))")
        #expect(
            try Self.query(
                Self.file(
                    indicator: ratio, objective: "{target: 0.9, timeSliceTarget: 0.95, timeSliceWindow: 1m}",
                    method: "Timeslices"))
                == "1 - avg_over_time((sum(increase(ok[60s])) / sum(increase(all[60s])) >= bool 0.95)"
                + "[$DURATION_SECONDS:60s])")
        let threshold = "{thresholdMetric: \(Self.metric("latency"))}"
        #expect(
            try Self.query(Self.file(indicator: threshold, objective: "{op: lt, value: 500, target: 0.99}"))
                == "1 - avg_over_time(((latency) < bool 500)[$DURATION_SECONDS:1m])")
        let foreign = "{thresholdMetric: \(Self.metric("latency", type: "Datadog"))}"
        #expect(
            try Self.query(Self.file(indicator: foreign, objective: "{op: lt, value: 5, target: 0.9}"))
                .contains("write the query of 'front_page' by hand"))
    }

    @Test("What was imported is an SLO that can be evaluated")
    func evaluates() throws {
        let ratio = "{ratioMetric: {good: \(Self.metric("ok")), total: \(Self.metric("all"))}}"
        let text = Self.file(
            indicator: ratio, objective: "{displayName: good, target: 0.999}, {displayName: sla, target: 0.99}")
        let read = try SpecFiles.openSLOs(Array(text.utf8), file: "o.yaml").value
        let imported = OpenSLOImport(read, pass: ["burn_rate<1"], warning: ["burn_rate<2"])
        let slo = try #require(
            try SpecFiles.slo(Array(SpecFiles.yaml(from: imported.slo).utf8), file: "slo.yaml").value)
        #expect(slo.objectives.map(\.sli) == ["front_page_1", "front_page_2"])
        #expect(slo.objectives.map(\.target) == [0.999, 0.99])
        let outcome = Evaluation.evaluate(
            slo: slo, values: [SLIValue("front_page_1", 0.0015), SLIValue("front_page_2", 0.0015)])
        #expect(outcome.indicatorResults?.map(\.status) == [.warning, .pass])
    }

    @Test(
        "What cannot be read is refused with its place, and references inside of a file are followed",
        arguments: [
            ("apiVersion: openslo/v2\nkind: SLO\n", "o.yaml:1:13"), ("kind: SLO", "has no 'apiVersion'"),
            ("apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec: {objectives: []}", "neither 'indicator'"),
            (
                "kind: Service\napiVersion: openslo/v1\n---\napiVersion: openslo/v1\nkind: SLO\n"
                    + "spec: {indicatorRef: gone, budgetingMethod: Occurrences, objectives: []}", "o.yaml:6:22"
            ),
            (file(indicator: "{}", objective: "{target: 1}"), "a share between 0 and 1"),
        ])
    func refused(_ text: String, _ reason: String) {
        let error = #expect(throws: InvalidFile.self) {
            try SpecFiles.openSLOs(Array(text.utf8), file: "o.yaml")
        }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test("An indicator may stand in a document of its own")
    func references() throws {
        let text = """
            apiVersion: openslo/v1
            kind: SLI
            metadata: {name: latency}
            spec: {thresholdMetric: \(Self.metric("slow"))}
            ---
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: front-page}
            spec:
              indicatorRef: latency
              budgetingMethod: Occurrences
              objectives: [{op: gte, value: 5, target: 0.9}]
            """
        #expect(try Self.query(text).contains("(slow) >= bool 5"))
    }
}
