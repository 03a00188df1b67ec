import CloudEvents
import KeptnModel
import SpecFiles
import Testing

@Suite("Reading objectives and indicators of Keptn 0.5")
struct OldFilesReadingTests {
    @Test("Objectives of 0.5 become an SLO whose marks are percentages")
    func objectives() throws {
        let parsed = try SpecFiles.serviceObjectives(
            bytes(
                """
                pass: 90
                warning: 75
                objectives:
                - {metric: response_time, threshold: 800, timeframe: 5m, score: 80}
                - {metric: error_rate, threshold: 0.5, score: 40}
                - {metric: seen, threshold: 1, score: 0}
                """), file: "service-objectives.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == SLO(
                    objectives: [
                        .init(sli: "response_time", pass: [.init(["<800"])], weight: 80),
                        .init(sli: "error_rate", pass: [.init(["<0.5"])], weight: 40), .init(sli: "seen"),
                    ], totalScore: .init(pass: "75.0%", warning: "62.5%")))
        #expect(try SpecFiles.serviceObjectives([], file: "f").value == nil)
    }

    @Test("Indicators of 0.5 go to the provider that they name, with today's placeholders")
    func indicators() throws {
        let text = """
            indicators:
            - metric: cpu
              source: Prometheus
              query: rate(cpu{job="$SERVICE-$ENVIRONMENT"}[$DURATIONs]) / $DURATION_SECONDS + $DURATIONm $
            - metric: response_time
              source: Dynatrace
              queryObject:
              - {key: timeseriesId, value: "com.dynatrace.builtin:service.responsetime"}
              - {key: aggregation, value: AVG}
            """
        let parsed = try SpecFiles.serviceIndicators(bytes(text), file: "service-indicators.yaml")
        let query = "rate(cpu{job=\"$SERVICE-$STAGE\"}[$DURATION_SECONDS]) / $DURATION_SECONDS + $DURATION_SECONDS $"
        #expect(
            parsed.value == [
                "prometheus": SLI(indicators: ["cpu": query]),
                "dynatrace": SLI(indicators: [
                    "response_time": "timeseriesId=com.dynatrace.builtin:service.responsetime&aggregation=AVG"
                ]),
            ])
        #expect(try SpecFiles.validate(bytes(text), file: "x/service-indicators.yaml").kind == .serviceIndicators)
    }

    static let objectivesMistakes = [
        SpecCase(
            "nothing in it", "{}", "s.yaml:1:1: error: the file has no 'objectives'",
            "s.yaml:1:1: error: the file has no 'pass'"),
        SpecCase(
            "numbers",
            """
            pass: 150
            warning: many
            objectives:
            - {metric: a, threshold: -5, score: 100}
            - {metric: b, threshold: 1e3, score: 1.5}
            - {threshold: 1, score: -1}
            """,
            "s.yaml:1:7: warning: 'pass' is 150, but all scores together are only 100",
            "s.yaml:2:10: error: 'warning' needs a number from 0.0 to 1000000.0, found 'many'",
            "s.yaml:4:26: error: 'threshold' needs a number such as 800 or 0.5, found '-5'",
            "s.yaml:5:26: error: 'threshold' needs a number such as 800 or 0.5, found '1e3'",
            "s.yaml:5:38: error: 'score' needs a whole number from 0 to 1000000, found '1.5'",
            "s.yaml:6:3: error: 'objectives[2]' has no 'metric'",
            "s.yaml:6:25: error: 'score' needs a whole number from 0 to 1000000, found '-1'"),
    ]

    @Test("Mistakes in objectives", arguments: objectivesMistakes)
    func wrongObjectives(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.serviceObjectives) == test.diagnostics)
    }

    @Test("Mistakes in indicators")
    func wrongIndicators() {
        let text = """
            indicators:
            - {metric: a, source: Prometheus}
            - {source: Prometheus, query: x}
            - {metric: b, query: x}
            - {metric: c, source: Prometheus, query: x}
            - {metric: c, source: prometheus, query: y}
            - {metric: d, source: Dynatrace, queryObject: [{key: a}]}
            """
        #expect(
            diagnostics(text, SpecFiles.serviceIndicators) == [
                "s.yaml:2:3: error: 'indicators[0]' has neither 'query' nor 'queryObject'",
                "s.yaml:3:3: error: 'indicators[1]' has no 'metric'",
                "s.yaml:4:3: error: 'indicators[2]' has no 'source'",
                "s.yaml:6:12: error: there are two indicators 'c' of source 'prometheus'",
                "s.yaml:7:48: error: 'queryObject[0]' has no 'value'",
            ])
    }
}
