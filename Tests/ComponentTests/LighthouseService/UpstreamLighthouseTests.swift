import CloudEvents
import KeptnModel
import LighthouseService
import Ports
import Testing

/// Keptn's own cases of these names (`lighthouse-service/main_test.go` and `Test_QualityGates_…`, K §6.5). The
/// evaluation hangs in Keptn when the provider says nothing; here it ends.
@Suite("Upstream: lighthouse-service", .timeLimit(.minutes(5)))
struct UpstreamLighthouseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var slo = Case.slo(pass: "90%")
        var status = "succeeded"
        var result = "pass"
        var message = ""
        var values: JSON = [LighthouseBench.value("response_time_p95", 100)]
        /// What the verdict says.
        var expectedStatus = "errored"
        var says: String

        static func slo(pass: String, objectives: String = "[{sli: response_time_p95, pass: [{criteria: ['<200']}]}]")
            -> String
        {
            "objectives: \(objectives)\ntotal_score: {pass: '\(pass)'}\n"
        }
    }

    static let cases = [
        Case(
            testDescription: "ErroredFinishedPayloadSend", status: "errored", message: "no connection",
            says: "evaluation errored because the SLI provider ended with status errored: no connection"),
        Case(
            testDescription: "AbortedFinishedPayloadSend", status: "aborted", message: "sequence aborted",
            says: "evaluation aborted because the SLI provider ended with status aborted: sequence aborted"),
        Case(
            testDescription: "SLIFailResultSend", result: "fail", message: "no metrics", expectedStatus: "succeeded",
            says: "lighthouse failed because SLI failed with message no metrics"),
        Case(
            testDescription: "NoSLOObjectives", slo: Case.slo(pass: "90%", objectives: "[]"),
            expectedStatus: "succeeded", says: "lighthouse failed because no SLO objective was provided"),
        Case(
            testDescription: "WrongCriteria",
            slo: Case.slo(pass: "90%", objectives: "[{sli: response_time_p95, pass: [{criteria: ['about 200']}]}]"),
            expectedStatus: "succeeded", says: "error with response_time_p95: invalid criteria string"),
        Case(
            testDescription: "WrongTotalScore", slo: Case.slo(pass: "most"),
            says: "could not parse pass target percentage"),
        Case(
            testDescription: "QualityGates_SLIWrongFinishedPayloadSend", values: "everything is fine",
            says: "Could not parse event payload: get-sli.indicatorValues is no array but string"),
        Case(
            testDescription: "a string as value",
            values: [["metric": "response_time_p95", "value": "fast", "success": true]],
            says: "Could not parse event payload: get-sli.indicatorValues[0].value is no number but \"fast\""),
    ]

    @Test("What a provider answers wrongly, and what is wrong with objectives, ends the evaluation", arguments: cases)
    func ends(_ test: Case) async throws {
        let bench = LighthouseBench()
        try await bench.evaluating(test.slo) { asked in
            try await bench.answer(
                asked, status: test.status, result: test.result, message: test.message, values: test.values)
            let verdict = try await bench.finished()
            #expect(verdict["status"]?.stringValue == test.expectedStatus)
            #expect(verdict["result"] == "fail")
            let message = verdict["message"]?.stringValue ?? ""
            #expect(message.hasPrefix(test.says), "\(message)")
        }
    }

    @Test(
        "Without objectives a provider that errs counts, else the evaluation passes",
        arguments: ["errored", "succeeded"])
    func noObjectives(status: String) async throws {
        let bench = LighthouseBench()
        try await bench.evaluating("") { asked in
            #expect(asked.json?["get-sli", "indicators"] == [])
            try await bench.answer(asked, status: status, message: "no connection")
            let verdict = try await bench.finished()
            #expect(verdict["status"]?.stringValue == status)
            #expect(verdict["result"] == (status == "errored" ? "fail" : "pass"))
            let message = verdict["message"]?.stringValue ?? ""
            #expect(message.contains(status == "errored" ? "no connection" : "no SLO file"), "\(message)")
        }
    }

    @Test("QualityGates_NoSLIAnswer, QualityGates_SLIStartedEventSend", arguments: [false, true])
    func silentProvider(_ hasStarted: Bool) async throws {
        let bench = LighthouseBench()
        try await bench.evaluating(UpstreamLighthouseTests.Case.slo(pass: "90%")) { asked in
            if hasStarted {
                try await bench.bench.store.append([
                    CloudEvent(
                        keptn: .task(name: "get-sli", kind: .started), id: "started", source: "fake",
                        time: bench.bench.time.now, context: asked.keptnContext ?? "", triggeredID: asked.id,
                        data: ["project": "sockshop", "stage": "dev", "service": "carts"])
                ])
            }
            try await bench.bench.time.waitForSleepers()
            bench.bench.time.advance(by: LighthouseService.providerMax)
            let verdict = try await bench.finished()
            #expect(verdict["status"] == "errored" && verdict["result"] == "fail")
            let message = verdict["message"]?.stringValue ?? ""
            #expect(message.hasPrefix("SLI provider fake has not answered within 5m0s"), "\(message)")
        }
    }

    @Test("Values that no objective asks for are named, when the evaluation passes")
    func additional() async throws {
        let bench = LighthouseBench()
        try await bench.evaluating(UpstreamLighthouseTests.Case.slo(pass: "90%")) { asked in
            try await bench.answer(
                asked, values: [LighthouseBench.value("response_time_p95", 1), LighthouseBench.value("load", 2)])
            let verdict = try await bench.finished()
            #expect(verdict["result"] == "pass")
            #expect(
                verdict["message"]?.stringValue
                    == ("Lighthouse received additional SLIs, which are not specified as SLO: load . Please consider "
                        + "using them as an SLO."))
        }
    }

    @Test("10,000 SLIs are judged, and the message stays readable")
    func manySLIs() async throws {
        let names = (0..<10_000).map { "sli_\($0)" }
        let objectives = names.map { "- {sli: \($0), pass: [{criteria: ['<200']}]}\n" }.joined()
        let bench = LighthouseBench()
        try await bench.evaluating("objectives:\n\(objectives)total_score: {pass: '90%'}\n") { asked in
            #expect(asked.json?["get-sli", "indicators"]?.elements.count == 10_000)
            try await bench.answer(asked, values: .array(names.map { LighthouseBench.value($0, 300) }))
            let verdict = try await bench.finished()
            #expect(verdict["result"] == "fail" && verdict["status"] == "succeeded")
            #expect(verdict["evaluation", "indicatorResults"]?.elements.count == 10_000)
            let message = verdict["message"]?.stringValue ?? ""
            #expect(
                message.contains("sli_49 is 300") && message.hasSuffix("; and 9950 more."), "\(message.suffix(100))")
        }
    }

    @Test("Objectives on error budgets ask for their windows too, and those on samples for samples")
    func budgets() async throws {
        let slo = """
            objectives:
            - sli: errors
              target: 99.9%
              pass: [{criteria: ["burn_rate<2", "burn_rate(1h)<14.4"]}]
            - sli: latency
              pass: [{criteria: [similar]}]
            total_score: {pass: "90%"}
            """
        let bench = LighthouseBench()
        try await bench.evaluating(slo) { _ in
            func asked(_ start: String) async throws -> CloudEvent {
                try await bench.bench.event {
                    $0.type == "sh.keptn.event.get-sli.triggered" && $0.json?["get-sli", "start"]?.stringValue == start
                }
            }
            let hour = try await asked("2026-01-31T11:01:00.000Z")
            #expect(hour.json?["get-sli", "indicators"] == ["errors"])
            #expect(hour.json?["get-sli", "end"] == "2026-01-31T12:01:00.000Z")
            let whole = try await asked("2026-01-31T12:00:00.000Z")
            #expect(whole.json?["get-sli", "indicators"] == ["errors", "latency"])
            #expect(whole.json?["get-sli", "sampled"] == ["latency"])
            try await bench.answer(hour, values: [LighthouseBench.value("errors", 0.02)])
            try await bench.answer(
                whole,
                values: [
                    LighthouseBench.value("errors", 0.001), LighthouseBench.value("latency", 5, samples: [4, 5, 6]),
                ])
            let verdict = try await bench.finished()
            #expect(verdict["result"] == "fail")
            #expect(verdict["message"]?.stringValue?.contains("burn rate 20 over 1h0m0s") == true, "\(verdict)")
            let results = verdict["evaluation", "indicatorResults"]?.elements ?? []
            #expect(results.map { $0["status"] } == ["fail", "pass"])
            #expect(results.last?["value", "samples"] == [4, 5, 6])
        }
    }

    @Test("A provider that fails, or answers what cannot be read, for the window of an error budget says so")
    func failedWindow() async throws {
        let slo = """
            objectives:
            - sli: errors
              target: 99.9%
              pass: [{criteria: ["burn_rate(1h)<14.4"]}]
            total_score: {pass: "90%"}
            """
        for (status, values, says) in [
            ("errored", [], "because the SLI provider ended with status errored: no disk"),
            ("succeeded", ["errors"], "indicatorValues[0] is no object"),
        ] as [(String, JSON, String)] {
            let bench = LighthouseBench()
            try await bench.evaluating(slo) { _ in
                for start in ["2026-01-31T11:01:00.000Z", "2026-01-31T12:00:00.000Z"] {
                    let asked = try await bench.bench.event {
                        $0.type == "sh.keptn.event.get-sli.triggered"
                            && $0.json?["get-sli", "start"]?.stringValue == start
                    }
                    let isWindow = start.contains("T11:")
                    try await bench.answer(
                        asked, status: isWindow ? status : "succeeded", message: "no disk",
                        values: isWindow ? values : [LighthouseBench.value("errors", 0.001)])
                }
                let verdict = try await bench.finished()
                #expect(verdict["status"] == "errored" && verdict["result"] == "fail")
                #expect(verdict["message"]?.stringValue?.contains(says) == true, "\(verdict)")
            }
        }
    }
}
