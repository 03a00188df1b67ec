extension API {
    /// What became of a service, and what is wrong with a file.
    static let serviceOperations: [Operation] = {
        let service = "/api/v1/overview/project/{project}/service/{service}"
        let paging = "pageSize: integer, nextPageKey: string"
        return [
            Operation(
                "GET", service + "/deployments", .overviews,
                "The runs that deployed a service, newest first, in short.",
                query: paging, answers: [200: .json("DeploymentOverviews")], errors: [400, 404]),
            Operation(
                "GET", service + "/evaluations", .overviews,
                "The evaluations of a service, newest first, with their indicators and whether they were invalidated.",
                query: "stage: string, keptnContext: string, \(paging)",
                answers: [200: .json("EvaluationOverviews")], errors: [400, 404]),
            Operation(
                "POST", "/api/v1/validate", .resources,
                "What is wrong with a file, as 'keptn validate' says; its kind is known by its name and its content.",
                body: .json("FileToValidate"), answers: [200: .json("FileVerdict")], errors: [400]),
            Operation(
                "GET", "/api/v1/overview/project/{project}/history", .resources,
                "The commits that changed a file, newest first.",
                query: "file*: string, stage: string, service: string, pageSize: integer",
                answers: [200: .json("FileHistory")], errors: [400, 404]),
            Operation(
                "POST", "/api/v1/webhooks/preview", .integrations,
                "The requests that a webhook of a file would make for an event; nothing is sent, secrets are '***'.",
                body: .json("WebhookToPreview"), answers: [200: .json("WebhookPreview")], errors: [400, 404]),
        ]
    }()

    static let serviceShapes: [(name: String, shape: String)] = [
        (
            "DeploymentOverviews",
            "{deployments*: [RunOverview], totalCount*: integer, pageSize: integer, nextPageKey: string}"
        ),
        (
            "EvaluationOverview",
            """
            {id*: string, context*: string, triggeredID: string, time: time, stage: string, source*: string,
             result: string, status: string, message: string, labels: any, score: number?, timeStart: string,
             timeEnd: string, commit: string, comparedEvents: [string], invalidated: {time: time, reason: string},
             indicators*: [{metric: string, name: string, value: number?, comparedValue: number?, success: boolean,
                            message: string, score: number?, status: string, isKey: boolean,
                            passTargets: any, warningTargets: any}]}
            """
        ),
        (
            "EvaluationOverviews",
            "{evaluations*: [EvaluationOverview], totalCount*: integer, pageSize: integer, nextPageKey: string}"
        ),
        ("WebhookToPreview", "{subscriptionID*: string, content*: string, event*: Event}"),
        (
            "WebhookPreview",
            """
            {requests*: [{method*: string, url*: string, headers*: [{name*: string, value*: string}], body: string}],
             mistake: string}
            """
        ),
        (
            "FileHistory",
            "{revisions*: [{commit*: string, time*: time, author*: string, message*: string, isDeletion*: boolean}]}"
        ),
        ("FileToValidate", "{file*: string, content*: string}"),
        (
            "FileVerdict",
            """
            {valid*: boolean, kind: string,
             diagnostics*: [{line*: integer, column*: integer, severity*: string, path*: string, message*: string}]}
            """
        ),
    ]
}
