import CloudEvents
import KeptnModel

/// The events of Keptn (spec 0.2.4, K §2.0) as a page of Markdown, with an example for each.
struct EventReference {
    /// An event of a task: what it is for, and the member of `data` that has its name.
    struct Entry {
        var type: String
        var meaning: String
        /// What `data` has besides the common members.
        var data: JSON = .emptyObject
    }

    private static let deployment: JSON = [
        "deployment": [
            "deploymentstrategy": "blue_green_service", "deploymentURIsLocal": ["http://127.0.0.1:8081"],
            "deploymentURIsPublic": ["http://127.0.0.1:8080"], "deploymentNames": ["direct"], "gitCommit": "1a2b3c4d",
        ]
    ]

    static let sequences = [
        Entry(
            type: "dev.delivery.triggered",
            meaning: "Starts the sequence `delivery` in the stage `dev`; STAGE and SEQUENCE stand in the shipyard.",
            data: ["configurationChange": ["values": ["image": "registry.example.com/cart:1.2.0"]]]),
        Entry(type: "dev.delivery.started", meaning: "The sequence runs."),
        Entry(
            type: "dev.delivery.finished",
            meaning: "The sequence has ended; followers in other stages read `result`, or `RESULT` of a task."),
    ]

    static let tasks = [
        Entry(
            type: "deployment.triggered", meaning: "Deploy what `configurationChange` names.",
            data: [
                "configurationChange": ["values": ["image": "registry.example.com/cart:1.2.0"]],
                "deployment": ["deploymentstrategy": "blue_green_service"],
            ]),
        Entry(type: "deployment.finished", meaning: "Says where the service is reachable.", data: deployment),
        Entry(
            type: "test.triggered", meaning: "Test what was deployed.",
            data: deployment.merging(["test": ["teststrategy": "performance"]])),
        Entry(
            type: "test.finished", meaning: "Says when the tests ran; the evaluation looks at that time.",
            data: ["test": ["start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:05:00.000Z"]]),
        Entry(
            type: "evaluation.triggered", meaning: "Judge a window of time by the objectives in `slo.yaml`.",
            data: ["evaluation": ["start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:05:00.000Z"]]),
        Entry(
            type: "evaluation.finished", meaning: "The score, and how every objective fared.",
            data: [
                "evaluation": [
                    "timeStart": "2026-01-31T12:00:00.000Z", "timeEnd": "2026-01-31T12:05:00.000Z", "result": "pass",
                    "score": 100,
                    "indicatorResults": [
                        [
                            "score": 1, "status": "pass", "keySli": false, "displayName": "Response time",
                            "value": ["metric": "response_time_p95", "value": 182.5, "success": true],
                            "passTargets": [["criteria": "<=600", "targetValue": 600, "violated": false]],
                            "warningTargets": .null,
                        ]
                    ], "comparedEvents": ["6e0c7a4e-4d2a-4a3e-9d5a-51f0d4b3c111"],
                ]
            ]),
        Entry(
            type: "evaluation.invalidated",
            meaning: "An evaluation that others are no longer compared with; `triggeredid` says which."),
        Entry(
            type: "get-sli.triggered", meaning: "Measure indicators.",
            data: [
                "get-sli": [
                    "sliProvider": "prometheus", "start": "2026-01-31T12:00:00.000Z",
                    "end": "2026-01-31T12:05:00.000Z", "indicators": ["response_time_p95"], "customFilters": [],
                ]
            ]),
        Entry(
            type: "get-sli.finished", meaning: "The measured values.",
            data: [
                "get-sli": [
                    "start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:05:00.000Z",
                    "indicatorValues": [["metric": "response_time_p95", "value": 182.5, "success": true]],
                ]
            ]),
        Entry(
            type: "approval.triggered", meaning: "Somebody, or nobody, has to agree.",
            data: ["approval": ["pass": "automatic", "warning": "manual"]]),
        Entry(type: "approval.finished", meaning: "Approved with `result` pass, declined with fail."),
        Entry(type: "release.triggered", meaning: "Give the new version all traffic.", data: deployment),
        Entry(
            type: "release.finished", meaning: "The new version has all traffic.",
            data: ["release": ["gitCommit": "1a2b3c4d"]]),
        Entry(type: "rollback.triggered", meaning: "Go back to the version before."),
        Entry(
            type: "get-action.triggered", meaning: "Which action helps against this problem?",
            data: [
                "problem": ["problemTitle": "Response time degradation", "rootCause": "Response time degradation"],
                "get-action": ["actionIndex": 0],
            ]),
        Entry(
            type: "action.triggered", meaning: "Do this about the problem.",
            data: ["action": ["name": "Scale up", "action": "scaling", "description": "", "value": "1"]]),
    ]

    var markdown: String {
        let head = """
            # Events of Keptn

            An event is a CloudEvent 1.0. Its type is `sh.keptn.event.TASK.KIND` or
            `sh.keptn.event.STAGE.SEQUENCE.KIND`.

            | member | meaning |
            |---|---|
            | `shkeptncontext` | the run that the event belongs to; the same from the first trigger to the last answer |
            | `triggeredid` | in answers: the `id` of the `.triggered` event |
            | `gitcommitid` | the commit of the stage that the run works with |
            | `data.project`, `data.stage`, `data.service` | where |
            | `data.labels` | names and values of the user, passed on |
            | `data.status` | whether the work could be done: `succeeded`, `errored`, `aborted`, `unknown` |
            | `data.result` | the verdict: `pass`, `warning`, `fail` |
            | `data.message` | for people |

            Who does a task answers `.triggered` with `.started`, then with any number of `.status.changed`, then with \
            exactly one `.finished`. A task is over when everybody who started has finished.
            """
        return
            ([head, "## Sequences"] + Self.sequences.map(Self.section) + ["## Tasks"] + Self.tasks.map(Self.section))
            .joined(separator: "\n\n") + "\n"
    }

    private static func section(_ entry: Entry) -> String {
        "### \(entry.type)\n\n\(entry.meaning)\n\n```json\n\(example(entry).pretty())\n```"
    }

    private static func example(_ entry: Entry) -> JSON {
        let isTrigger = entry.type.hasSuffix(".triggered")
        let place: JSON = ["project": "shop", "stage": "dev", "service": "cart", "labels": ["build": "17"]]
        let verdict: JSON = ["status": "succeeded", "result": "pass", "message": ""]
        return [
            "specversion": "1.0", "id": "c4d3a334-6cb9-4e8c-a372-7e0b45942f53",
            "type": .string("sh.keptn.event.\(entry.type)"), "source": "my-integration",
            "time": "2026-01-31T12:00:00.000Z", "datacontenttype": "application/json",
            "shkeptncontext": "a3e5f16d-8888-4720-82c7-6995062905c1", "shkeptnspecversion": "0.2.4",
            "triggeredid": isTrigger ? nil : "3f9640b6-1d2a-4f11-95f5-23259f1d82d6",
            "data": place.merging(entry.type.hasSuffix(".finished") ? verdict : .emptyObject).merging(entry.data),
        ]
    }
}
