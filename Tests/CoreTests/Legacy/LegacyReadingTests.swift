import CloudEvents
import Core
import KeptnModel
import Testing

@Suite("Reading events of Keptn 0.5 and 0.6")
struct LegacyReadingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var event: CloudEvent
        var open: [Legacy.OpenTask]
        /// The events that stand for it, one a line.
        var lines: [String]

        init(
            _ title: String, _ type: String, _ data: JSON, in stage: String? = "dev", source: String = "old-service",
            open: [Legacy.OpenTask] = [], _ lines: String...
        ) {
            testDescription = "\(type): \(title)"
            let place = LegacyBuilders.place.setting("stage", to: stage.map { .string($0) })
            event = LegacyBuilders.old("sh.keptn.\(type)", place.merging(data), source: source)
            self.open = open
            self.lines = lines
        }
    }

    static let requests = [
        Case(
            "a new version goes to the first stage", "event.configuration.change",
            ["valuesCanary": ["image": "carts:1"], "canary": ["action": "set", "value": 100], "labels": ["a": "b"]],
            in: nil,
            #"1 event.dev.delivery.triggered {"stage":"dev","labels":{"a":"b"},"#
                + #""configurationChange":{"values":{"image":"carts:1"}}}"#),
        Case(
            "or to the one it names, with a part of the traffic", "event.configuration.change",
            ["valuesCanary": ["image": "carts:1"], "canary": ["action": "set", "value": 20]], in: "prod",
            #"1 event.prod.delivery.triggered {"stage":"prod","configurationChange":"#
                + #"{"values":{"image":"carts:1"},"canary":{"action":"set","value":20}}}"#),
        Case(
            "changed files travel along", "event.configuration.change",
            ["fileChangesUserChart": ["templates/a.yaml": "x"]],
            #"1 event.dev.delivery.triggered {"stage":"dev","configurationChange":"#
                + #"{"values":{},"fileChangesUserChart":{"templates/a.yaml":"x"}}}"#),
        Case(
            "the end of a canary is a rollback", "event.configuration.change", ["canary": ["action": "discard"]],
            in: "staging", #"1 event.staging.rollback.triggered {"stage":"staging"}"#),
        Case(
            "promoting approves", "event.configuration.change", ["canary": ["action": "promote"]],
            open: [LegacyBuilders.open("approval", startedBy: ["approval-service"])],
            #"1 event.approval.finished answers approval "#
                + #"{"stage":"dev","status":"succeeded","result":"pass","message":""}"#),
        Case(
            "discarding declines", "event.configuration.change", ["canary": ["action": "discard"]],
            open: [LegacyBuilders.open("approval")],
            #"1-started event.approval.started answers approval {"stage":"dev"}"#,
            #"1 event.approval.finished answers approval "#
                + #"{"stage":"dev","status":"succeeded","result":"fail","message":""}"#),
        Case(
            "a window of time", "event.start-evaluation",
            ["start": "2020-01-01T00:00:00Z", "end": "2020-01-01T00:05:00Z", "teststrategy": "manual"],
            #"1 event.dev.evaluation.triggered {"stage":"dev","#
                + #""evaluation":{"start":"2020-01-01T00:00:00Z","end":"2020-01-01T00:05:00Z"},"#
                + #""test":{"teststrategy":"manual"}}"#),
        Case(
            "indicators", "internal.event.get-sli",
            [
                "sliProvider": "prometheus", "start": "a", "end": "b", "indicators": ["x"], "deployment": "canary",
                "customFilters": [], "teststrategy": "functional",
            ],
            #"1 event.get-sli.triggered {"stage":"dev","get-sli":{"sliProvider":"prometheus","start":"a","end":"b","#
                + #""indicators":["x"],"customFilters":[],"teststrategy":"functional"},"deployment":"canary"}"#),
        Case(
            "a problem starts the remediation of its stage", "event.problem.open",
            ["State": "OPEN", "ProblemTitle": "CPU", "ProblemID": "7", "PID": "8", "ProblemDetails": ["a": 1]],
            in: "staging",
            #"1 event.staging.remediation.triggered {"stage":"staging","problem":{"problemTitle":"CPU","#
                + #""rootCause":"CPU","State":"OPEN","ProblemID":"7","ProblemDetails":{"a":1},"PID":"8"}}"#),
        Case(
            "where there is no remediation, it is noted", "event.problem.open",
            ["State": "OPEN", "ProblemTitle": "CPU"],
            #"1 events.problem {"stage":"dev","State":"OPEN","ProblemTitle":"CPU"}"#),
        Case(
            "its end is noted", "event.problem.open", ["State": "RESOLVED", "ProblemTitle": "CPU"], in: "staging",
            #"1 events.problem {"stage":"staging","State":"RESOLVED","ProblemTitle":"CPU"}"#),
        Case(
            "Keptn 0.7's own form", "event.remediation.triggered", ["problem": ["ProblemTitle": "CPU"]],
            in: "staging",
            #"1 event.staging.remediation.triggered {"stage":"staging","#
                + #""problem":{"problemTitle":"CPU","rootCause":"CPU"}}"#),
        Case(
            "raw problems stay as they are", "events.problem", ["State": "OPEN"],
            #"1 events.problem {"stage":"dev","State":"OPEN"}"#),
        Case(
            "stays as it is", "event.monitoring.configure", ["type": "prometheus"],
            #"1 event.monitoring.configure {"stage":"dev","type":"prometheus"}"#),
    ]

    static let answers = [
        Case(
            "started and finished", "events.deployment-finished",
            ["deploymentstrategy": "blue_green_service", "teststrategy": "performance"], in: "staging",
            open: [LegacyBuilders.open("deployment"), LegacyBuilders.open("deployment", in: "staging")],
            #"1-started event.deployment.started answers deployment {"stage":"staging"}"#,
            #"1 event.deployment.finished answers deployment {"stage":"staging","status":"succeeded","#
                + #""result":"pass","message":"","deployment":{"deploymentstrategy":"blue_green_service","#
                + #""deploymentURIsLocal":["http://carts-canary.shop-staging"],"deploymentNames":["canary"]}}"#),
        Case(
            "whoever has started only finishes", "events.deployment-finished",
            [
                "deploymentstrategy": "direct", "deploymentURILocal": "http://a", "deploymentURIPublic": "http://b",
                "labels": ["x": "y"],
            ],
            open: [LegacyBuilders.open("deployment", startedBy: ["old-service", "other"])],
            #"1 event.deployment.finished answers deployment {"stage":"dev","labels":{"x":"y"},"#
                + #""status":"succeeded","result":"pass","message":"","deployment":{"deploymentstrategy":"direct","#
                + #""deploymentURIsLocal":["http://a"],"deploymentURIsPublic":["http://b"],"#
                + #""deploymentNames":["direct"]}}"#),
        Case(
            "helm-service has moved the traffic", "events.deployment-finished", ["teststrategy": ""],
            open: [LegacyBuilders.open("release", startedBy: ["old-service"])],
            #"1 event.release.finished answers release "#
                + #"{"stage":"dev","status":"succeeded","result":"pass","message":""}"#),
        Case(
            "of 0.5, which knew no result", "events.tests-finished", ["startedat": "2019-12-31T23:00:00Z"],
            open: [LegacyBuilders.open("test", startedBy: ["old-service"])],
            #"1 event.test.finished answers test {"stage":"dev","status":"succeeded","result":"pass","message":"","#
                + #""test":{"start":"2019-12-31T23:00:00Z","end":"2020-01-01T00:00:00.000Z"}}"#),
        Case(
            "of 0.6", "events.tests-finished", ["start": "a", "end": "b", "result": "fail"],
            open: [LegacyBuilders.open("test", startedBy: ["other"])],
            #"1-started event.test.started answers test {"stage":"dev"}"#,
            #"1 event.test.finished answers test {"stage":"dev","status":"succeeded","result":"fail","message":"","#
                + #""test":{"start":"a","end":"b"}}"#),
        Case(
            "of 0.5", "events.evaluation-done",
            [
                "evaluationpassed": false,
                "evaluationdetails": [
                    "options": ["timeStart": 1_577_836_800, "timeEnd": 1_577_836_860], "totalScore": 50,
                    "indicatorResults": [
                        [
                            "id": "rt", "score": 0,
                            "violations": [["value": 900, "key": "a", "breach": "upper", "threshold": 800]],
                        ],
                        ["id": "err", "score": 50, "violations": []],
                    ], "result": "failed",
                ],
            ],
            open: [LegacyBuilders.open("evaluation", startedBy: ["old-service"])],
            #"1 event.evaluation.finished answers evaluation {"stage":"dev","status":"succeeded","result":"fail","#
                + #""message":"failed","evaluation":{"timeStart":"2020-01-01T00:00:00.000Z","#
                + #""timeEnd":"2020-01-01T00:01:00.000Z","result":"fail","score":50,"sloFileContent":"","#
                + #""indicatorResults":[{"score":0,"value":{"metric":"rt","value":900,"success":true},"#
                + #""displayName":"","passTargets":[{"criteria":"<800","targetValue":800,"violated":true}],"#
                + #""warningTargets":null,"keySli":false,"status":"fail"},{"score":50,"value":{"metric":"err","#
                + #""success":true},"displayName":"","passTargets":[],"warningTargets":null,"keySli":false,"#
                + #""status":"pass"}]}}"#),
        Case(
            "of 0.6", "events.evaluation-done",
            [
                "result": "warning",
                "evaluationdetails": [
                    "timeStart": "a", "timeEnd": "b", "result": "warning", "score": 80, "sloFileContent": "eA==",
                    "indicatorResults": .null,
                ],
            ],
            open: [LegacyBuilders.open("evaluation", startedBy: ["old-service"])],
            #"1 event.evaluation.finished answers evaluation {"stage":"dev","status":"succeeded","#
                + #""result":"warning","message":"","evaluation":{"timeStart":"a","timeEnd":"b","result":"warning","#
                + #""score":80,"sloFileContent":"eA==","indicatorResults":[]}}"#),
        Case(
            "the measured values", "internal.event.get-sli.done",
            ["start": "a", "end": "b", "indicatorValues": [["metric": "rt", "value": 1, "success": true]]],
            open: [LegacyBuilders.open("get-sli", startedBy: ["old-service"])],
            #"1 event.get-sli.finished answers get-sli {"stage":"dev","status":"succeeded","result":"pass","#
                + #""message":"","get-sli":{"start":"a","end":"b","#
                + #""indicatorValues":[{"metric":"rt","value":1,"success":true}]}}"#),
        Case(
            "Keptn 0.7's own form", "event.approval.finished",
            ["approval": ["result": "fail", "status": "succeeded"]],
            open: [LegacyBuilders.open("approval", startedBy: ["approval-service"])],
            #"1 event.approval.finished answers approval "#
                + #"{"stage":"dev","status":"succeeded","result":"fail","message":""}"#),
        Case(
            "Keptn 0.7's own form", "event.action.finished", ["action": ["result": "pass", "status": "errored"]],
            open: [LegacyBuilders.open("action", startedBy: ["old-service"])],
            #"1 event.action.finished answers action "#
                + #"{"stage":"dev","status":"errored","result":"pass","message":""}"#),
    ]

    @Test("The events that stand for it", arguments: requests + answers)
    func events(test: Case) throws {
        #expect(Legacy.understands(test.event))
        let meaning = try Legacy.read(
            test.event, in: Legacy.Run(shipyard: LegacyBuilders.shipyard, openTasks: test.open))
        guard case .events(let events) = meaning else {
            Issue.record("\(meaning)")
            return
        }
        #expect(events.map(LegacyBuilders.line) == test.lines)
        for event in events {
            #expect(event.keptnContext == "c" && event.time == LegacyBuilders.time)
            #expect(event.source == "old-service")
        }
    }

    @Test("Whole projects and services")
    func projects() throws {
        let create = LegacyBuilders.old(
            "sh.keptn.internal.event.project.create",
            ["project": "shop", "shipyard": "YQ==", "gitUser": "u", "gitToken": "t", "gitRemoteURL": "https://g"])
        guard case .createProject(let project) = try Legacy.read(create, in: nil) else {
            Issue.record("no project")
            return
        }
        #expect(project.name == "shop" && project.shipyard == [0x61])
        #expect([project.gitRemoteURL, project.gitUser, project.gitToken] == ["https://g", "u", "t"])
        let service = LegacyBuilders.old(
            "sh.keptn.internal.event.service.create",
            ["project": "shop", "service": "carts", "helmChart": "YQ==", "deploymentStrategies": ["*": "direct"]])
        guard case .createService(let new) = try Legacy.read(service, in: nil) else {
            Issue.record("no service")
            return
        }
        #expect(new.project == "shop" && new.name == "carts" && new.helmChart == [0x61])
        #expect(new.deploymentStrategies == ["*": "direct"])
        let delete = LegacyBuilders.old("sh.keptn.internal.event.project.delete", ["project": "shop"])
        #expect(try Legacy.read(delete, in: nil) == .deleteProject("shop"))
    }

    @Test("An answer to no open task is an orphan")
    func orphans() throws {
        let run = Legacy.Run(
            shipyard: LegacyBuilders.shipyard,
            openTasks: [LegacyBuilders.open("test", in: "staging"), LegacyBuilders.open("evaluation")])
        let event = LegacyBuilders.old("sh.keptn.events.tests-finished", LegacyBuilders.place)
        let why = "event sh.keptn.events.tests-finished: no task 'test' of context c is open"
        #expect(try Legacy.read(event, in: run) == .orphan(why))
        var other = LegacyBuilders.old("sh.keptn.events.tests-finished", LegacyBuilders.place)
        other.keptnContext = "other"
        let open = Legacy.Run(shipyard: run.shipyard, openTasks: [LegacyBuilders.open("test")])
        #expect(try Legacy.read(other, in: open) != Legacy.read(event, in: open))
    }

    @Test(
        "Events that have no effect here",
        arguments: [
            LegacyBuilders.old("sh.keptn.events.done", ["result": "success"]),
            LegacyBuilders.old("sh.keptn.events.log", ["message": "…"]),
            LegacyBuilders.old(
                "sh.keptn.event.configuration.change",
                LegacyBuilders.place.setting("valuesCanary", to: ["image": "carts:1"]),
                source: "https://github.com/keptn/keptn/gatekeeper-service"),
            LegacyBuilders.old(
                "sh.keptn.event.configuration.change",
                LegacyBuilders.place.setting("canary", to: ["action": "promote"])),
            LegacyBuilders.old(
                "sh.keptn.event.configuration.change",
                LegacyBuilders.place.setting("canary", to: ["action": "discard"])),
        ])
    func noEffect(event: CloudEvent) throws {
        guard case .noEffect = try Legacy.read(event, in: Legacy.Run(shipyard: LegacyBuilders.shipyard)) else {
            Issue.record("\(event)")
            return
        }
    }

    @Test(
        "What cannot be understood is refused with its value",
        arguments: [
            ("event.configuration.change", [:], "data.valuesCanary is missing: it names the image to deploy"),
            (
                "event.configuration.change", ["canary": ["action": "move"]],
                "data.canary.action is 'move'; set, promote or discard is needed"
            ),
            (
                "event.configuration.change", ["canary": ["action": "set", "value": 101]],
                "data.canary.value is 101; a whole number from 0 to 100 is needed"
            ),
            (
                "event.configuration.change", ["valuesCanary": ["image": "a"], "stage": "qa"],
                "data.stage is 'qa'; the stages of the project are dev, staging, prod"
            ),
            ("events.deployment-finished", ["stage": ""], "data.stage is missing"),
            ("events.tests-finished", ["result": "ok"], "data.result is 'ok'; pass, warning or fail is needed"),
            ("events.evaluation-done", ["service": ""], "data.result is ''; pass, warning or fail is needed"),
            ("event.start-evaluation", ["service": ""], "data.service is missing"),
            ("event.problem.open", ["State": "BAD"], "data.State is 'BAD'; OPEN, RESOLVED or CLOSED is needed"),
            ("event.problem.open", ["State": "OPEN"], "data.ProblemTitle is missing"),
            ("internal.event.project.create", ["shipyard": "?"], "data.shipyard is no Base64"),
            ("internal.event.service.create", ["helmChart": "?"], "data.helmChart is no Base64"),
            ("internal.event.project.delete", ["project": ""], "data.project is missing"),
        ] as [(String, JSON, String)])
    func refuses(type: String, data: JSON, message: String) {
        let event = LegacyBuilders.old("sh.keptn.\(type)", LegacyBuilders.place.merging(data))
        let error = #expect(throws: Legacy.Refusal.self) {
            try Legacy.read(event, in: Legacy.Run(shipyard: LegacyBuilders.shipyard))
        }
        #expect(error?.description == "event sh.keptn.\(type): \(message)")
    }

    @Test("A problem's place may stand in its tags")
    func tags() throws {
        let event = LegacyBuilders.old(
            "sh.keptn.event.problem.open",
            [
                "State": "open", "ProblemTitle": "CPU",
                "Tags": "keptn_project:shop, keptn_stage:staging, keptn_service:carts, other",
            ])
        #expect(Legacy.place(of: event) == ("shop", "staging", "carts"))
        guard case .events(let events) = try Legacy.read(event, in: Legacy.Run(shipyard: LegacyBuilders.shipyard))
        else {
            Issue.record("no events")
            return
        }
        #expect(events.map(\.type) == ["sh.keptn.event.staging.remediation.triggered"])
        #expect(events.first?.keptnData?.scope == Scope(project: "shop", stage: "staging", service: "carts"))
    }

    @Test("Events of today are not taken for old ones")
    func today() {
        let events = [
            LegacyBuilders.canonical("approval.finished", ["result": "pass", "approval": ["result": "pass"]]),
            LegacyBuilders.canonical("dev.delivery.triggered", [:]), LegacyBuilders.canonical("test.finished", [:]),
        ]
        for event in events { #expect(!Legacy.understands(event)) }
    }
}
