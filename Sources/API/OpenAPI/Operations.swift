import CloudEvents

extension API {
    private static let paging = "pageSize: integer, nextPageKey: string"
    private static let place = "project: string, stage: string, service: string"
    private static let span = "fromTime: string, beforeTime: string"

    /// Every route that is open to the outside, in the order in which the page shows them; but those of Git's protocol,
    /// which are for Git.
    static let operations: [Operation] =
        eventOperations + projectOperations + sequenceOperations + overviewOperations + serviceOperations
        + resourceOperations + uniformOperations
        + pushOperations + secretOperations + sessionOperations + loginOperations + approvalOperations
        + serverOperations
        + debugOperations

    private static let eventOperations: [Operation] = [
        Operation(
            "POST", "/api/v1/event", .events,
            "Sends an event; a batch is taken as a whole or not at all. It is durable when the answer comes (for an "
                + "event of version 0.2 a CloudEvent).",
            body: .json("Event"), answers: [200: .json("EventContext", or: CloudEvent.structuredContentType)],
            errors: [400, 404, 413, 415]),
        Operation(
            "GET", "/api/mongodb-datastore/event", .events, "Events, newest first.",
            query: "eventID: string, keptnContext: string, type: string, source: string, root: boolean, "
                + "\(place), \(span), \(paging)",
            answers: [200: .json("Events")], errors: [400]),
        Operation(
            "GET", "/api/mongodb-datastore/event/type/{type}", .events,
            "Events of a type. The filter is such as 'data.project:P AND data.result:pass,warning'.",
            query: "filter*: string, excludeInvalidated: boolean, limit: integer, fromTime: string",
            answers: [200: .json("Events")], errors: [400]),
        Operation(
            "GET", "/api/controlPlane/v1/event/triggered/{type}", .events, "Tasks that wait for an executor.",
            query: "eventID: string, \(place)", answers: [200: .json("Events")], errors: [400]),
        Operation(
            "GET", "/api/v1/stream", .events,
            "Events while they happen, as server-sent events; resumed by the header Last-Event-ID.",
            query:
                "type: string, keptnContext: string, lastEventId: string, missedMax: integer, view: string, \(place)",
            answers: [200: .bytes("text/event-stream")], errors: [400]),
        Operation(
            "POST", "/api/v1/hook/{name}", .events,
            "What a tool that knows nothing of Keptn has to tell; eventmappings.yaml says which events it stands for.",
            query: "project: string", body: .json("HookBody"), answers: [200: .json("HookAnswer")],
            errors: [400, 401, 403, 404, 413]),
        Operation(
            "POST", "/api/v1/subscriptions/{name}/pull", .events,
            "What a durable subscription has not handed out yet; waits for it.", body: .json("PullRequest"),
            answers: [200: .json("Deliveries")], errors: [400, 413]),
        Operation(
            "GET", "/api/v1/subscriptions/{name}/stream", .events,
            "Opens a durable subscription, and tells what it brings as server-sent events; each is one delivery.",
            query:
                "events*: string, projects: string, stages: string, services: string, window: integer, client: string",
            answers: [200: .bytes("text/event-stream")], errors: [400]),
        Operation(
            "POST", "/api/v1/subscriptions/{name}/settle", .events,
            "Settles deliveries together with the events that answer them.", body: .json("SettleRequest"),
            answers: [200: .json("Nothing")], errors: [400, 409, 413]),
    ]

    private static let pushOperations: [Operation] = {
        let all = "/api/v1/subscriptions"
        let one = all + "/{name}"
        return [
            Operation(
                "GET", all, .integrations, "The endpoints to which events are posted, and how they fare.",
                answers: [200: .json("PushSubscriptions")]),
            Operation(
                "PUT", one, .integrations,
                "Posts events to an endpoint from now on, or changes what is posted and where.",
                body: .json("PushRequest"), answers: [200: .json("PushSubscription")], errors: [400, 413]),
            Operation(
                "DELETE", one, .integrations, "Posts no more, and forgets what could not be delivered.",
                answers: [200: .json("Nothing")], errors: [404]),
            Operation(
                "POST", one + "/replay", .integrations,
                "Delivers again, in the background, what could not be delivered: everything, or what is at the "
                    + "positions.",
                body: .json("{positions: [integer]}"), answers: [200: .json("{replayed*: integer}")],
                errors: [400, 404, 413]),
            Operation(
                "GET", "/api/v1/deliveries", .integrations, "Events that could not be delivered, oldest first.",
                query: "subscription: string, \(paging)", answers: [200: .json("FailedDeliveries")], errors: [400]),
        ]
    }()

    private static let projectOperations: [Operation] = {
        let project = "/api/controlPlane/v1/project"
        let stage = project + "/{project}/stage"
        return [
            Operation(
                "GET", project, .projects, "All projects, by name.",
                query: "\(paging), disableUpstreamSync: boolean", answers: [200: .json("ExpandedProjects")],
                errors: [400]),
            Operation(
                "POST", project, .projects,
                "Creates a project of its shipyard, or of an upstream that holds a project already.",
                body: .json("ProjectRequest"), answers: [201: .json("Nothing")],
                errors: [400, 404, 409, 413, 422, 424]),
            Operation(
                "PUT", project, .projects,
                "Changes the shipyard or the upstream, or makes folders of the stages' branches ('migrate').",
                body: .json("ProjectUpdate"),
                answers: [201: .json("Nothing")], errors: [400, 404, 409, 413, 422, 424]),
            Operation(
                "GET", project + "/{project}", .projects, "A project with its stages and services.",
                answers: [200: .json("ExpandedProject")], errors: [404]),
            Operation(
                "DELETE", project + "/{project}", .projects, "Deletes a project; its upstream is kept.",
                answers: [200: .json("Message")], errors: [400, 404, 424]),
            Operation(
                "GET", stage, .projects, "The stages of a project.",
                query: "\(paging), disableUpstreamSync: boolean", answers: [200: .json("ExpandedStages")],
                errors: [400, 404]),
            Operation(
                "GET", stage + "/{stage}", .projects, "A stage with its services.",
                answers: [200: .json("ExpandedStage")], errors: [404]),
            Operation(
                "GET", stage + "/{stage}/service", .services, "The services of a stage.", query: paging,
                answers: [200: .json("ExpandedServices")], errors: [400, 404]),
            Operation(
                "GET", stage + "/{stage}/service/{service}", .services, "A service in a stage.",
                answers: [200: .json("ExpandedService")], errors: [404]),
            Operation(
                "POST", project + "/{project}/service", .services, "Creates a service in every stage.",
                body: .json("{serviceName*: string}"), answers: [200: .json("Nothing")],
                errors: [400, 404, 409, 413]),
            Operation(
                "DELETE", project + "/{project}/service/{service}", .services,
                "Deletes a service and its files from every stage.", answers: [200: .json("Message")],
                errors: [400, 404]),
            Operation(
                "POST", stage + "/{stage}/service/{service}/evaluation", .services,
                "Triggers an evaluation of a time that lies back.", body: .json("EvaluationRequest"),
                answers: [200: .json("EventContext")], errors: [400, 413]),
        ]
    }()

    private static let sequenceOperations: [Operation] = {
        let sequence = "/api/controlPlane/v1/sequence"
        return [
            Operation(
                "GET", sequence + "/{project}", .sequences, "Runs of sequences, newest first, each with its stages.",
                query:
                    "name: string, state: string, result: string, keptnContext: string, stage: string, "
                    + "service: string, \(span), \(paging)",
                answers: [200: .json("SequenceStates")], errors: [400, 404]),
            Operation(
                "GET", "/api/controlPlane/v1/sequence-execution", .sequences,
                "Sequences in their stages, each with what it waits for.",
                query:
                    "project*: string, stage: string, service: string, name: string, status: string, result: string, "
                    + "keptnContext: string, \(span), \(paging)",
                answers: [200: .json("SequenceExecutions")], errors: [400, 404]),
            Operation(
                "POST", sequence + "/{project}/{keptnContext}/control", .sequences,
                "Pauses, resumes or aborts, everywhere or in one stage.", body: .json("SequenceControl"),
                answers: [200: .json("Nothing")], errors: [400, 404, 413]),
        ]
    }()

    /// The same six for a project, a stage and a service.
    private static let resourceOperations: [Operation] = [
        ("", "a project"), ("/stage/{stage}", "a stage"),
        ("/stage/{stage}/service/{service}", "a service in a stage"),
    ].flatMap { path, place in
        let all = "/api/resource-service/v1/project/{project}\(path)/resource"
        let one = all + "/{uri...}"
        return [
            Operation(
                "GET", all, .resources, "The files of \(place).", query: "gitCommitID: string, \(paging)",
                answers: [200: .json("Resources")], errors: [400, 404]),
            Operation(
                "POST", all, .resources, "Writes files of \(place) in one commit.", body: .json("ResourcesRequest"),
                answers: [201: .json("Written")], errors: [400, 404, 409, 413]),
            Operation(
                "PUT", all, .resources, "Writes files of \(place) in one commit.", body: .json("ResourcesRequest"),
                answers: [200: .json("Written")], errors: [400, 404, 409, 413]),
            Operation(
                "GET", one, .resources, "A file of \(place). Slashes in its path are written as %2F.",
                query: "gitCommitID: string", answers: [200: .json("Resource")], errors: [400, 404]),
            Operation(
                "PUT", one, .resources, "Writes a file of \(place).", body: .json("ResourceRequest"),
                answers: [200: .json("Written")], errors: [400, 404, 409, 413]),
            Operation(
                "DELETE", one, .resources, "Deletes a file of \(place).", answers: [200: .json("Written")],
                errors: [400, 404, 409]),
        ]
    }

    private static let uniformOperations: [Operation] = {
        let all = "/api/controlPlane/v1/uniform/registration"
        let one = all + "/{integrationID}"
        let subscriptions = one + "/subscription"
        let log = "/api/controlPlane/v1/log"
        return [
            Operation(
                "GET", all, .integrations, "The integrations that are there.",
                query: "id: string, name: string, \(place)",
                answers: [200: .json("[Integration]")]),
            Operation(
                "POST", all, .integrations, "Registers an integration; 200 when it is known already.",
                body: .json("Integration"), answers: [200: .json("Identifier"), 201: .json("Identifier")],
                errors: [400, 413]),
            Operation(
                "DELETE", one, .integrations, "Forgets an integration.", answers: [200: .json("Nothing")],
                errors: [409]),
            Operation(
                "PUT", one + "/ping", .integrations, "Says that an integration is still there.",
                answers: [200: .json("Integration")], errors: [404]),
            Operation(
                "GET", subscriptions, .integrations, "What an integration wants to hear.",
                answers: [200: .json("[EventSubscription]")], errors: [404]),
            Operation(
                "POST", subscriptions, .integrations, "Adds a subscription.", body: .json("EventSubscription"),
                answers: [201: .json("Identifier")], errors: [400, 404, 409, 413]),
            Operation(
                "GET", subscriptions + "/{subscriptionID}", .integrations, "A subscription.",
                answers: [200: .json("EventSubscription")], errors: [404]),
            Operation(
                "PUT", subscriptions + "/{subscriptionID}", .integrations, "Changes a subscription.",
                body: .json("EventSubscription"), answers: [201: .json("Identifier")], errors: [400, 404, 409, 413]),
            Operation(
                "DELETE", subscriptions + "/{subscriptionID}", .integrations, "Removes a subscription.",
                answers: [200: .json("Nothing")], errors: [409]),
            Operation(
                "GET", log, .integrations, "What went wrong in integrations, newest first.",
                query: "integrationId: string, \(span), \(paging)", answers: [200: .json("Logs")], errors: [400]),
            Operation(
                "POST", log, .integrations, "Writes lines of an integration.", body: .json("LogRequest"),
                answers: [200: .json("Nothing")], errors: [400, 413]),
        ]
    }()

    private static let secretOperations: [Operation] = {
        let secret = "/api/secrets/v1/secret"
        let tokens = "/api/v1/tokens"
        return [
            Operation(
                "GET", secret, .secrets, "The names of secrets and of their keys, never a value.",
                query: "name: string, scope: string", answers: [200: .json("{Secrets*: [SecretName]}")]),
            Operation(
                "POST", secret, .secrets, "Creates a secret.", body: .json("SecretRequest"),
                answers: [201: .json("SecretName")], errors: [400, 409, 413]),
            Operation(
                "PUT", secret, .secrets, "Changes a secret.", body: .json("SecretRequest"),
                answers: [200: .json("SecretName")], errors: [400, 404, 413]),
            Operation(
                "DELETE", secret, .secrets, "Deletes a secret.", query: "name*: string, scope*: string",
                answers: [200: .json("Nothing")], errors: [400, 404]),
            Operation(
                "GET", "/api/secrets/v1/scope", .secrets, "The scopes that a secret can have.",
                answers: [200: .json("{scopes*: [string]}")]),
            Operation(
                "GET", tokens, .tokens, "The API's tokens, never their text.",
                answers: [200: .json("{tokens*: [Token]}")]),
            Operation(
                "POST", tokens, .tokens, "Creates a token; its text is in this answer only.",
                body: .json("TokenRequest"), answers: [201: .json("Token")], errors: [400, 409, 413]),
            Operation(
                "POST", tokens + "/{name}/rotate", .tokens, "Gives a token a new text.", body: .json("TokenExpiry"),
                answers: [200: .json("Token")], errors: [400, 404, 409, 413]),
            Operation(
                "DELETE", tokens + "/{name}", .tokens, "Ends a token.", answers: [200: .json("Nothing")],
                errors: [400, 404, 409]),
        ]
    }()

    private static let sessionOperations: [Operation] = {
        let session = "/api/v1/session"
        return [
            Operation(
                "GET", session, .tokens, "Who asks, and what they may do.", answers: [200: .json("Session")]),
            Operation(
                "POST", session, .tokens, "Opens a session of the token that this is asked with: sets a cookie.",
                answers: [201: .json("SessionEnd")], errors: [400]),
            Operation(
                "DELETE", session, .tokens, "Ends the session of the cookie.", answers: [200: .json("Nothing")]),
            Operation(
                "GET", session + "/login", .tokens, "The identity provider at which browsers can log in.",
                answers: [200: .json("{issuer: string}")]),
            Operation(
                "POST", session + "/code", .tokens, "A code that opens one session of this token, once and soon.",
                answers: [201: .json("{code*: string, expiresAt*: time}")], errors: [400]),
            Operation(
                "POST", session + "/redeem", .tokens, "Opens a session by such a code: sets a cookie.",
                body: .json("{code*: string}"), answers: [201: .json("SessionEnd")], errors: [400, 401, 413]),
        ]
    }()

    private static let loginOperations: [Operation] = {
        let failures = Dictionary(
            uniqueKeysWithValues: [401, 403, 404, 503].map { ($0, Operation.Answer.bytes("text/html")) })
        return [
            Operation(
                "GET", "/oauth/login", .tokens, "Sends a browser to the identity provider.", query: "to: string",
                answers: failures.merging([302: .bytes("text/plain")]) { $1 }),
            Operation(
                "GET", "/oauth/redirect", .tokens, "Where the identity provider sends it back: opens a session.",
                query: "code: string, state: string, error: string, error_description: string",
                answers: failures.merging([302: .bytes("text/plain")]) { $1 }),
        ]
    }()

    private static let approvalOperations: [Operation] = [
        Operation(
            "POST", "/api/controlPlane/v1/approval/{id}/link", .sequences,
            "Makes a link by which a person answers an open approval, without a token.",
            body: .json("{for*: string, validity: string}"),
            answers: [201: .json("{path*: string, for*: string, expires*: time}")],
            errors: [400, 404, 413]),
        Operation(
            "GET", "/api/v1/approve/{link}", .sequences, "A page that asks for the answer; decides nothing.",
            answers: approvalPages),
        Operation(
            "POST", "/api/v1/approve/{link}", .sequences, "Answers: decision=approve or decline, comment=why.",
            body: .bytes("application/x-www-form-urlencoded"), answers: approvalPages, errors: [413]),
    ]

    /// What is wrong with a link or its answer is a page too.
    private static var approvalPages: [Int: Operation.Answer] {
        Dictionary(uniqueKeysWithValues: [200, 400, 403, 404, 409].map { ($0, .bytes("text/html")) })
    }

    private static let serverOperations: [Operation] = [
        Operation(
            "GET", "/api/v1/test-reports/{id}", .sequences,
            "What a test measured: in all, by request, and the first failures.", answers: [200: .json("object")],
            errors: [404]),
        Operation(
            "GET", "/api/statistics/v1/statistics", .statistics, "What happened between two times (Unix seconds).",
            query: "project: string, from: integer, to: integer", answers: [200: .json("object")], errors: [400, 404]),
        Operation(
            "GET", "/api/statistics/v1/dora", .statistics,
            "The four DORA figures of each place, of the last 30 days or between two times (Unix seconds).",
            query: "project: string, stage: string, service: string, from: integer, to: integer",
            answers: [200: .json("{from*: time, to*: time, figures*: [DORAFigures]}")], errors: [400, 404]),
        Operation(
            "PUT", "/api/v1/artifacts", .server, "Stores what is to be delivered; gives the name to deliver it by.",
            query: "name*: string", body: .bytes("application/octet-stream"),
            answers: [201: .json("{reference*: string}")], errors: [400, 413]),
        Operation(
            "POST", "/api/v1/import", .server, "Carries out an import package.", query: "project*: string",
            body: .bytes("multipart/form-data"), answers: [200: .json("object")], errors: [400, 404, 413, 415, 424]),
        Operation("POST", "/api/v1/auth", .server, "Is this token good?", answers: [200: .json("Nothing")]),
        Operation("GET", "/api/v1/auth", .server, "Is this token good?", answers: [200: .json("Nothing")]),
        Operation(
            "GET", "/api/v1/metadata", .server, "Which Keptn this is.",
            answers: [200: .json("{keptnversion*: string, namespace: string, automaticprovisioning: boolean}")]),
        Operation("GET", "/api", .server, "Where the page is.", answers: [302: .bytes("text/plain")]),
        Operation("GET", "/api/openapi.json", .server, "This document.", answers: [200: .json("object")]),
        Operation("GET", "/api/swagger-ui", .server, "A page to try it.", answers: [200: .bytes("text/html")]),
        Operation("GET", "/healthz", .server, "Does the server live?", answers: [200: .bytes("text/plain")]),
        Operation("GET", "/nginx-health", .server, "Does the server live?", answers: [200: .bytes("text/plain")]),
        Operation("GET", "/readyz", .server, "Can it work?", answers: [200: .bytes("text/plain")]),
        Operation(
            "GET", "/metrics", .server, "Counters in the Prometheus text format.",
            answers: [200: .bytes("text/plain")]),
    ]

    private static let debugOperations: [Operation] = {
        let project = "/debug/sequence/project/{project}"
        let context = project + "/shkeptncontext/{shkeptncontext}"
        return [
            Operation(
                "GET", project, .debug, "Sequences in their stages, each with what it waits for.",
                query:
                    "name: string, stage: string, service: string, status: string, result: string, "
                    + "keptnContext: string, \(span), \(paging)",
                answers: [200: .json("SequenceExecutions")], errors: [400, 404]),
            Operation(
                "GET", context, .debug, "One run with its stages.", answers: [200: .json("SequenceState")],
                errors: [404]),
            Operation(
                "GET", context + "/event", .debug, "The events of a run.", answers: [200: .json("[Event]")],
                errors: [404]),
            Operation(
                "GET", context + "/event/{eventId}", .debug, "One event of a run.", answers: [200: .json("Event")],
                errors: [404]),
            Operation(
                "GET", context + "/stage/{stage}/blocking", .debug, "What a run waits for in a stage.",
                answers: [200: .json("[object]")], errors: [404]),
        ]
    }()
}
