import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Writing events for Keptn 0.5 and 0.6")
struct LegacyWritingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var event: CloudEvent
        var triggered: CloudEvent?
        /// Everything that it is told as, one a line.
        var lines: [String]

        init(
            _ title: String, _ type: String, _ data: JSON, in stage: String = "dev", answering triggered: JSON? = nil,
            _ lines: String...
        ) {
            testDescription = "\(type): \(title)"
            event = LegacyBuilders.canonical(type, data, in: stage, answering: triggered.map { _ in "t" })
            self.triggered = triggered.map { LegacyBuilders.canonical("task.triggered", $0, in: stage) }
            self.lines = lines
        }
    }

    static let run: JSON = [
        "configurationChange": ["values": ["image": "docker.io:443/shop/carts:0.1"]],
        "deployment": [
            "deploymentstrategy": "duplicate", "deploymentURIsLocal": ["http://l"],
            "deploymentURIsPublic": ["http://p"],
        ], "test": ["teststrategy": "performance", "start": "a", "end": "b"], "labels": ["x": "y"],
    ]

    static let strategies = #""teststrategy":"performance","deploymentstrategy":"blue_green_service""#
    static let image = #""image":"docker.io:443/shop/carts","tag":"0.1""#

    static let cases = [
        Case(
            "deploy", "deployment.triggered", run,
            #"1 event.configuration.change {"stage":"dev","valuesCanary":{"image":"docker.io:443/shop/carts:0.1"},"#
                + #""canary":{"action":"set","value":100},"labels":{"x":"y"}}"#),
        Case(
            "promote", "release.triggered", [:],
            #"1 event.configuration.change {"stage":"dev","canary":{"action":"promote"}}"#),
        Case(
            "discard", "rollback.triggered", [:],
            #"1 event.configuration.change {"stage":"dev","canary":{"action":"discard"}}"#),
        Case("a test will be asked for", "deployment.finished", ["result": "pass"], answering: run),
        Case(
            "no test follows", "deployment.finished", ["result": "pass", "status": "succeeded"], in: "prod",
            answering: run,
            #"1 events.deployment-finished {"stage":"prod","teststrategy":"","#
                + #""deploymentstrategy":"blue_green_service",\#(image),"#
                + #""deploymentURILocal":"http://l","deploymentURIPublic":"http://p","labels":{"x":"y"}}"#),
        Case("a failed one is silent", "deployment.finished", ["status": "errored"], in: "prod", answering: run),
        Case(
            "test it", "test.triggered", run,
            #"1 events.deployment-finished {"stage":"dev",\#(strategies),\#(image),"#
                + #""deploymentURILocal":"http://l","deploymentURIPublic":"http://p","labels":{"x":"y"}}"#),
        Case("an evaluation will be asked for", "test.finished", ["result": "pass"], answering: run),
        Case(
            "a failed test ends it", "test.finished", ["result": "fail"], answering: run,
            #"1 events.tests-finished {"stage":"dev",\#(strategies),"start":"a","startedat":"a","end":"b","#
                + #""result":"fail","labels":{"x":"y"}}"#),
        Case(
            "judge the test", "evaluation.triggered", run,
            #"1 events.tests-finished {"stage":"dev",\#(strategies),"start":"a","startedat":"a","end":"b","#
                + #""result":"pass","labels":{"x":"y"}}"#),
        Case(
            "a stage without tests has no strategy and no times of its own", "evaluation.triggered", run, in: "prod",
            #"1 events.tests-finished {"stage":"prod","teststrategy":"","deploymentstrategy":"blue_green_service","#
                + #""start":"2020-01-01T00:00:00.000Z","startedat":"2020-01-01T00:00:00.000Z","#
                + #""end":"2020-01-01T00:00:00.000Z","result":"pass","labels":{"x":"y"}}"#),
        Case(
            "judge a window", "evaluation.triggered", ["evaluation": ["timeframe": "5m"]],
            #"1 event.start-evaluation {"stage":"dev","teststrategy":"","deploymentstrategy":"","#
                + #""start":"2019-12-31T23:55:00.000Z","end":"2020-01-01T00:00:00.000Z"}"#),
        Case(
            "the verdict", "evaluation.finished",
            [
                "result": "warning", "status": "succeeded",
                "evaluation": [
                    "timeStart": "a", "timeEnd": "b", "result": "warning", "score": 50, "sloFileContent": "eA==",
                    "indicatorResults": [
                        [
                            "score": 1,
                            "value": ["metric": "rt", "value": 5, "comparedValue": 6, "success": true],
                            "displayName": "RT", "keySli": false, "status": "pass",
                            "passTargets": [["criteria": "<9", "targetValue": 9, "violated": false]],
                            "warningTargets": [["criteria": "<99", "targetValue": 99, "violated": false]],
                        ],
                        ["score": 0, "value": .null, "status": "fail"],
                    ],
                ],
            ], answering: run,
            #"1 events.evaluation-done {"stage":"dev",\#(strategies),"result":"warning","evaluationpassed":true,"#
                + #""evaluationdetails":{"timeStart":"a","timeEnd":"b","result":"warning","score":50,"#
                + #""sloFileContent":"eA==","indicatorResults":[{"score":1,"#
                + #""value":{"metric":"rt","value":5,"success":true},"#
                + #""targets":[{"criteria":"<9","targetValue":9,"violated":false},"#
                + #"{"criteria":"<99","targetValue":99,"violated":false}],"status":"pass"},"#
                + #"{"score":0,"value":null,"targets":null,"status":"fail"}]},\#(image),"labels":{"x":"y"}}"#),
        Case(
            "measure", "get-sli.triggered",
            [
                "get-sli": [
                    "sliProvider": "p", "start": "a", "end": "b", "indicators": ["rt"], "customFilters": [],
                ], "deployment": "canary",
            ],
            #"1 internal.event.get-sli {"stage":"dev","sliProvider":"p","start":"a","end":"b","customFilters":[],"#
                + #""indicators":["rt"],"deployment":"canary"}"#),
        Case(
            "measured", "get-sli.finished",
            ["get-sli": ["start": "a", "end": "b", "indicatorValues": [["metric": "rt"]]]],
            answering: ["get-sli": ["sliProvider": "p", "customFilters": [1]], "deployment": "canary"],
            #"1 internal.event.get-sli.done {"stage":"dev","sliProvider":"p","start":"a","end":"b","#
                + #""customFilters":[1],"indicatorValues":[{"metric":"rt"}],"deployment":"canary"}"#),
        Case(
            "a problem", "staging.remediation.triggered", ["problem": ["problemTitle": "CPU", "PID": "8"]],
            in: "staging",
            #"1 event.problem.open {"ProblemTitle":"CPU","State":"OPEN","ProblemID":"1","ProblemDetails":{},"#
                + #""PID":"8","stage":"staging"}"#),
        Case(
            "by its new name", "configure-monitoring.triggered", ["configureMonitoring": ["type": "prometheus"]],
            #"1 event.monitoring.configure {"type":"prometheus"}"#),
        Case(
            "by its old name", "monitoring.configure", ["type": "prometheus"],
            #"1 event.monitoring.configure {"stage":"dev","type":"prometheus"}"#),
        Case(
            "a new project", "project.create.finished",
            ["result": "pass", "createdProject": ["shipyard": "eA==", "gitRemoteURL": "https://g"]],
            #"1 internal.event.project.create {"shipyard":"eA==","gitRemoteURL":"https://g"}"#,
            #"1 events.done {"result":"success","message":""}"#),
        Case(
            "no new project", "project.create.finished", ["result": "fail", "message": "no"],
            #"1 events.done {"result":"error","message":"no"}"#),
        Case("a new service", "service.create.finished", ["result": "pass"], #"1 internal.event.service.create {}"#),
        Case("nobody asked", "approval.triggered", run),
        Case("nobody asked", "dev.delivery.triggered", run),
    ]

    @Test("What old subscribers are told", arguments: cases)
    func told(test: Case) {
        let told = Legacy.OldType.allCases.compactMap {
            Legacy.write(test.event, as: $0, answering: test.triggered, shipyard: LegacyBuilders.shipyard)
        }
        #expect(told.map(LegacyBuilders.line) == test.lines)
        for old in told {
            let patterns = Legacy.canonicalPatterns(for: old.type)
            let filter = SubscriptionFilter(patterns: patterns)
            #expect(filter.matches(type: test.event.type, project: nil, stage: nil, service: nil), "\(patterns)")
            #expect(old.extensions == ["shkeptncontext": "c"])
            let members = old.structured(as: Legacy.version).members.map(\.key)
            #expect(
                members == [
                    "specversion", "id", "source", "type", "time", "contenttype", "shkeptncontext", "data",
                ])
        }
    }

    @Test(
        "A digest is a tag, a port is none",
        arguments: [
            ("carts", "carts", ""), ("carts:1", "carts", "1"), ("r:5000/carts", "r:5000/carts", ""),
            ("carts@sha256:ab", "carts", "sha256:ab"),
        ])
    func images(given: String, image: String, tag: String) {
        let event = LegacyBuilders.canonical(
            "test.triggered", ["configurationChange": ["values": ["image": .string(given)]]])
        let old = Legacy.write(event, as: .deploymentFinished, shipyard: LegacyBuilders.shipyard)
        #expect(old?.json?["image"]?.stringValue == image)
        #expect(old?.json?["tag"]?.stringValue == tag)
    }

    @Test("Every old type is known, and only those")
    func types() {
        #expect(Legacy.oldTypes.count == 15)
        for type in Legacy.oldTypes where type != "sh.keptn.events.log" {
            #expect(!Legacy.canonicalPatterns(for: type).isEmpty)
        }
        #expect(Legacy.canonicalPatterns(for: "sh.keptn.events.log").isEmpty)
        #expect(Legacy.canonicalPatterns(for: "sh.keptn.event.test.triggered").isEmpty)
        #expect(Legacy.canonicalPatterns(for: "sh.keptn.>").isEmpty)
    }
}
