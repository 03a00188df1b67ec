extension API {
    private static let paging = "pageSize: integer, nextPageKey: string"

    /// Lists for people.
    static let overviewOperations: [Operation] = {
        let all = "/api/v1/overview"
        let project = all + "/project/{project}"
        return [
            Operation(
                "GET", all + "/projects", .overviews,
                "Projects with what is open in their stages, the results of their newest gates, and their latest runs.",
                query: "search: string, \(paging)", answers: [200: .json("ProjectOverviews")], errors: [400]),
            Operation(
                "GET", all + "/names", .overviews, "The names of all projects, and nothing more.",
                answers: [200: .json("{names*: [string]}")]),
            Operation(
                "GET", project, .overviews, "A project with what is open in its stages.",
                answers: [200: .json("ProjectOverview")], errors: [404]),
            Operation(
                "GET", project + "/services", .overviews,
                "Services with what stands in each stage; 'filter' leaves those that need attention, or of which "
                    + "another version stands in 'stage' than 'against'. 'gates' asks for the newest of 'stage', "
                    + "'addresses' for where deployments can be reached.",
                query:
                    "search: string, filter: string, stage: string, against: string, gates: integer, "
                    + "addresses: boolean, \(paging)",
                answers: [200: .json("ServiceOverviews")], errors: [400, 404]),
            Operation(
                "GET", project + "/sequences", .overviews, "Runs of sequences, newest first, in short.",
                query:
                    "name: string, state: string, result: string, keptnContext: string, stage: string, "
                    + "service: string, fromTime: string, beforeTime: string, \(paging)",
                answers: [200: .json("RunOverviews")], errors: [400, 404]),
            Operation(
                "GET", project + "/sequence/{keptnContext}", .overviews,
                "A run as a timeline: tasks, who worked on them and when, what it waits for, and its events in short.",
                answers: [200: .json("RunTimeline")], errors: [404]),
            Operation(
                "GET", all + "/open", .overviews,
                "Open sequences, oldest first: such as those at the task 'approval' or of the sequence 'remediation'.",
                query: "project: string, task: string, sequence: string, \(paging)",
                answers: [200: .json("OpenOverviews")], errors: [400]),
            Operation(
                "GET", all + "/repaired", .overviews,
                "Ended runs that began with the sequence 'remediation', of all projects, newest first, with what was "
                    + "done: the newest twenty actions of each.",
                query: "project: string, \(paging)",
                answers: [200: .json("RepairOverviews")], errors: [400]),
            Operation(
                "GET", "/api/v1/search", .overviews,
                "Projects and services by a part of their names, runs by the beginning of their contexts.",
                query: "q*: string",
                answers: [
                    200: .json(
                        """
                        {results*: [{kind*: project|service|sequence, project*: string, service: string,
                                     sequence: string, context: string, time: time}]}
                        """)
                ], errors: [400]),
        ]
    }()

    private static let counts =
        "running*: integer, waiting*: integer, paused*: integer, approvals*: integer, "
        + "problems*: integer"
    private static let paged = "totalCount*: integer, pageSize: integer, nextPageKey: string"
    private static let run = """
        context*: string, name*: string, project*: string, service*: string, state*: string, result: string,
        triggeredAt*: time, finishedAt: time, image: string,
        stages*: [{stage*: string, name*: string, state*: string, result: string, task: string}]
        """

    /// All that are named.
    static let shapes = namedShapes + overviewShapes + serviceShapes

    private static let overviewShapes: [(name: String, shape: String)] = [
        ("GateCounts", "{pass*: integer, warning*: integer, fail*: integer}"),
        (
            "ProjectOverview",
            """
            {name*: string, createdAt*: time, shipyardVersion*: string, serviceCount*: integer, gates*: GateCounts,
             upstream: {state*: string, message*: string, url: string}, runs: [RunOverview], \(counts),
             stages*: [{name*: string, parents*: [string], gates*: GateCounts, \(counts),
                        sequences*: [{name*: string, tasks*: [string],
                                      triggeredOn*: [{event*: string, match*: map<string>}]}]}]}
            """
        ),
        ("ProjectOverviews", "{projects*: [ProjectOverview], totals*: {projects*: integer, \(counts)}, \(paged)}"),
        (
            "ServiceOverviews",
            """
            {services*: [{name*: string,
                          stages*: [{stage*: string, image: string, deployedAt: time, deploymentContext: string,
                                     gate: {result: string, context: string, eventID*: string, time: time},
                                     gates: [{result: string, context: string, eventID*: string, time: time}],
                                     addresses: any, open: [OpenOverview]}]}], \(paged)}
            """
        ),
        ("RunOverview", "{\(run)}"),
        (
            "RunTimeline",
            """
            {context*: string, name*: string, project*: string, service*: string, state*: string, result: string,
             triggeredAt*: time, finishedAt: time, image: string, eventCount*: integer,
             executions*: [{id*: string, stage*: string, name*: string, service*: string, state*: string,
                            triggeredID*: string, result: string, status: string, message: string,
                            triggeredAt*: time, finishedAt: time, commit: string, labels: object, image: string,
                            waitingFor: {kind*: string, detail*: string, since: time, until: time, blockedBy: string},
                            tasks*: [{name*: string, phase*: string, triggeredID: string, triggeredAt: time,
                                      finishedAt: time, until: time, result: string, status: string, message: string,
                                      executors: [{source*: string, startedAt: time, finishedAt: time,
                                                   result: string, status: string, message: any}]}]}],
             events*: [{id*: string, type*: string, source*: string, time: time, stage: string, triggeredid: string,
                        result: string, status: string}]}
            """
        ),
        ("RunOverviews", "{runs*: [RunOverview], \(paged)}"),
        (
            "RepairOverview",
            """
            {\(run), problem: any, actionCount*: integer,
             actions*: [{task*: string, action: any, name: any, description: any, result: string, message: string,
                         finishedAt: time}]}
            """
        ),
        ("RepairOverviews", "{runs*: [RepairOverview], \(paged)}"),
        (
            "OpenOverview",
            """
            {project*: string, stage*: string, service*: string, context*: string, sequence*: string, state*: string,
             triggeredAt*: time, task: string, wait: {triggeredID*: string, since*: time, until: time}, image: string,
             labels: object, evaluation: {result: string, score: number}, problem: any, action: any}
            """
        ),
        ("OpenOverviews", "{open*: [OpenOverview], \(paged)}"),
    ]
}
