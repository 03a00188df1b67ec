import CloudEvents
import KeptnModel
import Testing

@testable import Core

/// What the evaluation says of each objective, and how it is written.
@Suite("Evaluation details")
struct EvaluationDetailsTests {
    private func only(_ objective: SLO.Objective, _ values: [SLIValue], after previous: [PreviousEvaluation] = [])
        throws -> EvaluationOutcome.IndicatorResult
    {
        let outcome = Evaluation.evaluate(slo: slo([objective]), values: values, previous: previous)
        return try #require(outcome.indicatorResults?.first)
    }

    @Test("Targets show each criterion with what it came to, passed or not, and the warning's too")
    func targets() throws {
        let result = try only(
            objective("a", pass: [["<=+10%", "<=100"], [">5"]], warning: [["<= -50 %"]], key: true, name: "A"),
            [SLIValue("a", 105)], after: history(100, 200))
        #expect(
            result.passTargets == [
                .init(criteria: "<=+10%", targetValue: 165, violated: false),
                .init(criteria: "<=100", targetValue: 100, violated: true),
                .init(criteria: ">5", targetValue: 5, violated: false),
            ])
        #expect(result.warningTargets == [.init(criteria: "<= -50 %", targetValue: 75, violated: true)])
        #expect(result.status == .pass)
        #expect(result.keySLI)
        #expect(result.displayName == "A")
        #expect(result.comparedValue == 150)
        #expect(result.comparedEvents == ["e1", "e2"])
    }

    @Test("Without history a relative criterion holds with target 0")
    func withoutHistory() throws {
        let result = try only(objective("a", pass: [["<=+10%"]]), [SLIValue("a", 105)])
        #expect(result.passTargets == [.init(criteria: "<=+10%", targetValue: 0, violated: false)])
        #expect(result.comparedValue == 0)
    }

    @Test("Only successful earlier values of the same indicator are compared, each of them")
    func historyValues() throws {
        let previous = [
            PreviousEvaluation(eventID: "none", values: []),
            PreviousEvaluation(eventID: "other", values: [SLIValue("b", 1)]),
            PreviousEvaluation(eventID: "failed", values: [.failed("a", "boom", value: 1)]),
            PreviousEvaluation(eventID: "good", values: [SLIValue("a", 10), SLIValue("a", 30)]),
        ]
        let result = try only(objective("a", pass: [["<=+0"]]), [SLIValue("a", 20)], after: previous)
        #expect(result.comparedValue == 20)
        #expect(result.comparedEvents == ["good"])
        let outcome = Evaluation.evaluate(slo: slo([objective("a")]), values: [], previous: previous)
        #expect(outcome.comparedEvents == ["none", "other", "failed", "good"])
    }

    @Test("The SLO's aggregate is used")
    func aggregate() throws {
        let outcome = Evaluation.evaluate(
            slo: slo([objective("a", pass: [["<=+0"]])], comparison: .init(aggregateFunction: "p50")),
            values: [SLIValue("a", 3)], previous: history(1, 2, 100))
        #expect(outcome.indicatorResults?.first?.comparedValue == 2)
        #expect(outcome.result == .fail)
    }

    @Test("Judged objectives without warning have no warning targets; a bad warning has an empty list")
    func warningTargets() throws {
        #expect(try only(objective("a", pass: [["<1"]]), [SLIValue("a", 0)]).warningTargets == nil)
        #expect(try only(objective("a", pass: [["<1"]], warning: [[]]), [SLIValue("a", 0)]).warningTargets == nil)
        #expect(try only(objective("a", pass: [["<1"]], warning: [["bad"]]), [SLIValue("a", 0)]).warningTargets == [])
        #expect(try only(objective("a", pass: [["<1"]]), []).warningTargets == [])
        #expect(try only(objective("a"), [SLIValue("a", 0)]).warningTargets == [])
    }

    @Test("Empty pass lists have no pass targets, informational objectives an empty list")
    func passTargets() throws {
        #expect(try only(objective("a", pass: [[]]), [SLIValue("a", 0)]).passTargets == nil)
        #expect(try only(objective("a"), [SLIValue("a", 0)]).passTargets == [])
    }

    @Test("An empty warning list is satisfied")
    func emptyWarning() throws {
        let result = try only(objective("a", pass: [["<1"]], warning: [[]], weight: 4), [SLIValue("a", 1)])
        #expect(result.status == .warning)
        #expect(result.score == 2)
    }

    @Test("Where nothing was tried all targets are violated, relative ones show the bare base, bad ones are left out")
    func untriedTargets() throws {
        let expected: [EvaluationOutcome.Target] = [
            .init(criteria: "<=+10%", targetValue: 150, violated: true),
            .init(criteria: "<600", targetValue: 600, violated: true),
        ]
        let criteria = [["<=+10%", "bad"], ["<600"]]
        let missing = try only(objective("a", pass: criteria, key: true), [], after: history(100, 200))
        #expect(missing.passTargets == expected)
        #expect(!missing.keySLI)
        let failed = try only(objective("a", pass: criteria), [.failed("a", "boom")], after: history(100, 200))
        #expect(failed.passTargets == expected)
        #expect(failed.value == .failed("a", "boom"))
        #expect(failed.comparedValue == 0)
        let informational = try only(objective("a", warning: criteria, key: true), [], after: history(100, 200))
        #expect(informational.warningTargets == expected)
        #expect(informational.value == nil)
        #expect(!informational.keySLI)
        let first = try only(objective("a", pass: [["<=+10%"]]), [])
        #expect(first.passTargets == [.init(criteria: "<=+10%", targetValue: 0, violated: true)])
    }

    @Test("data.evaluation has Keptn's members")
    func json() {
        let outcome = Evaluation.evaluate(
            slo: slo(
                [objective("a", pass: [["<=+10%"]], weight: 2, key: true, name: "A"), objective("b")], warning: ""),
            values: [SLIValue(metric: "a", value: 105.5, message: "fine")], previous: history(100))
        let json = outcome.evaluationJSON(timeStart: "t1", timeEnd: "t2", sloFile: Array("x".utf8), gitCommit: "c0ffee")
        #expect(
            json.text == """
                {"timeStart":"t1","timeEnd":"t2","result":"pass","score":100,"sloFileContent":"eA==",\
                "indicatorResults":[\
                {"score":2,"value":{"metric":"a","value":105.5,"comparedValue":100,"success":true,"message":"fine"},\
                "displayName":"A","passTargets":[{"criteria":"<=+10%","targetValue":110,"violated":false}],\
                "warningTargets":null,"keySli":true,"status":"pass"},\
                {"score":0,"value":null,"displayName":"","passTargets":[],"warningTargets":[],"keySli":false,\
                "status":"info"}],"comparedEvents":["e1"],"gitCommit":"c0ffee"}
                """)
    }

    @Test("An errored evaluation has no indicators and nothing compared")
    func erroredJSON() {
        let json = EvaluationOutcome.errored("boom").evaluationJSON(
            timeStart: "t1", timeEnd: "t2", sloFile: [], gitCommit: nil)
        #expect(
            json.text == """
                {"timeStart":"t1","timeEnd":"t2","result":"fail","score":0,"sloFileContent":"","indicatorResults":null}
                """)
    }

    @Test("A finished evaluation reads back as a previous one")
    func roundTrip() throws {
        let values = [SLIValue(metric: "a", value: 1.5, message: "m"), .failed("b", "boom")]
        let outcome = Evaluation.evaluate(
            slo: slo([objective("a", pass: [["<1"]]), objective("b", pass: [["<1"]]), objective("c")]), values: values)
        let data = JSON.emptyObject.setting(
            "evaluation", to: outcome.evaluationJSON(timeStart: "", timeEnd: "", sloFile: [], gitCommit: nil))
        #expect(PreviousEvaluation(eventID: "id", data: data) == PreviousEvaluation(eventID: "id", values: values))
    }

    @Test(
        "Previous events without indicators count, malformed ones do not",
        arguments: [
            ("{}", true), (#"{"evaluation":{"indicatorResults":null}}"#, true),
            (#"{"evaluation":{"indicatorResults":[{"value":null}]}}"#, true),
            (#"{"evaluation":{"indicatorResults":[{"value":{"metric":5}}]}}"#, false),
            (#"{"evaluation":{"indicatorResults":"none"}}"#, false),
        ])
    func previous(text: String, isRead: Bool) throws {
        let previous = PreviousEvaluation(eventID: "id", data: try JSON(parsing: text))
        #expect((previous != nil) == isRead)
        #expect(previous?.values.isEmpty != false)
    }

    @Test("The provider's values are read as Go reads them")
    func providerValues() throws {
        let data = try JSON(
            parsing: """
                {"get-sli":{"indicatorValues":[{"metric":"a","value":1.5,"success":true,"message":"m"},{"metric":"b"},
                null,{"metric":"c","value":null,"success":true}]}}
                """)
        #expect(
            try SLIValue.values(ofGetSLIFinished: data) == [
                SLIValue(metric: "a", value: 1.5, message: "m"), .failed("b", ""), SLIValue("c", 0),
            ])
        #expect(try SLIValue.values(ofGetSLIFinished: .emptyObject) == [])
    }

    @Test(
        "A provider's wrong type is named",
        arguments: [
            (#"{"metric":"a","value":"1"}"#, #"[0].value is no number but "1""#),
            (#"{"metric":1}"#, "[0].metric is no string but 1"),
            (#"{"success":"yes"}"#, #"[0].success is no boolean but "yes""#),
            ("7", "[0] is no object but number"),
        ])
    func wrongTypes(value: String, message: String) throws {
        let data = try JSON(parsing: #"{"get-sli":{"indicatorValues":[\#(value)]}}"#)
        let error = #expect(throws: EvaluationError.self) { try SLIValue.values(ofGetSLIFinished: data) }
        #expect(error?.description == "Could not parse event payload: get-sli.indicatorValues" + message)
    }
}
