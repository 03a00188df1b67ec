extension API {
    /// The shapes that several operations share, by the names that Keptn's own documents give them.
    static let namedShapes: [(name: String, shape: String)] = [
        ("Error", "{code*: integer, message*: string}"),
        ("Nothing", "{}"),

        // Events
        (
            "Event",
            """
            {id*: string, source*: string, type*: string, specversion*: string, time: string, data: any,
             contenttype: string, shkeptncontext: string, shkeptnspecversion: string, triggeredid: string,
             gitcommitid: string}
            """
        ),
        ("EventContext", "{keptnContext*: string, keptnContexts: [string]}"),
        ("Events", "{events*: [Event], totalCount: integer, pageSize: integer, nextPageKey: string}"),
        ("EventContextInfo", "{eventId*: string, keptnContext*: string, time*: string}"),
        (
            "PullRequest",
            """
            {events*: [string], projects: [string], stages: [string], services: [string], max: integer,
             waitSeconds: integer, window: integer, restart: boolean, client: string, settle: [integer]}
            """
        ),
        ("Deliveries", "{deliveries*: [{position*: integer, event*: object, repeated: boolean}]}"),
        ("HookBody", "object"),
        ("HookAnswer", "{keptnContexts*: [string], doubts*: [string]}"),
        ("SettleRequest", "{positions*: [integer], events: [object]}"),

        (
            "PushRequest",
            """
            {url*: string, mode: string, events*: [string], projects: [string], stages: [string], services: [string],
             credential: PushCredential}
            """
        ),
        ("PushCredential", "{secret*: string, key*: string, header: string}"),
        (
            "PushSubscription",
            """
            {name*: string, id*: string, url*: string, mode*: string, events*: [string], projects: [string],
             stages: [string], services: [string], credential: PushCredential, delivered*: integer,
             failed*: integer, lastDeliveredAt: string, trouble: string}
            """
        ),
        ("PushSubscriptions", "{subscriptions*: [PushSubscription]}"),
        (
            "FailedDeliveries",
            """
            {deliveries*: [{subscription*: string, position*: integer, attempts*: integer, reason*: string,
                            failedAt*: string, event*: Event}],
             totalCount: integer, pageSize: integer, nextPageKey: string}
            """
        ),

        // Projects
        (
            "GitCredentials",
            """
            {remoteURL*: string, user: string,
             https: {token: string, insecureSkipTLS: boolean, certificate: base64,
                     proxy: {url: string, scheme: string, user: string, password: string}},
             ssh: {privateKey: base64, privateKeyPass: string}}
            """
        ),
        ("ProjectRequest", "{name*: string, shipyard: base64, gitCredentials: GitCredentials}"),
        (
            "ProjectUpdate",
            "{name*: string, shipyard: base64, gitCredentials: GitCredentials, migrate: boolean}"
        ),
        (
            "ExpandedProject",
            """
            {projectName*: string, creationDate*: string, shipyard*: string, shipyardVersion*: string,
             gitCredentials: object, isUpstreamAutoProvisioned: boolean, lastEventContext: EventContextInfo,
             upstream: {state*: string, since*: time, message*: string}, stages*: [ExpandedStage]}
            """
        ),
        (
            "ExpandedStage",
            """
            {stageName*: string, parentStages: [string], lastEventContext: EventContextInfo,
             services*: [ExpandedService]}
            """
        ),
        (
            "ExpandedService",
            """
            {serviceName*: string, creationDate*: string, deployedImage: string,
             lastEventTypes: map<EventContextInfo>, openApprovals: [EventContextInfo], openRemediations: [object]}
            """
        ),
        (
            "ExpandedProjects",
            "{projects*: [ExpandedProject], totalCount*: integer, pageSize: integer, nextPageKey: string}"
        ),
        ("ExpandedStages", "{stages*: [ExpandedStage], totalCount*: integer, pageSize: integer, nextPageKey: string}"),
        (
            "ExpandedServices",
            "{services*: [ExpandedService], totalCount*: integer, pageSize: integer, nextPageKey: string}"
        ),
        ("Message", "{message*: string}"),
        (
            "EvaluationRequest",
            "{start: string, end: string, timeframe: string, labels: map<string>, gitcommitid: string}"
        ),

        // Sequences
        ("SequenceStateEvent", "{id*: string, type*: string, time*: string}"),
        (
            "SequenceState",
            """
            {name*: string, project*: string, service*: string, time*: time, shkeptncontext*: string, state*: string,
             problemTitle: any,
             stages*: [{name*: string, state*: string, image: any, latestEvent: SequenceStateEvent,
                        latestFailedEvent: SequenceStateEvent, latestEvaluation: object}]}
            """
        ),
        (
            "SequenceStates",
            "{states*: [SequenceState], totalCount*: integer, pageSize: integer, nextPageKey: integer}"
        ),
        (
            "SequenceExecutions",
            "{sequenceExecutions*: [object], totalCount*: integer, pageSize: integer, nextPageKey: integer}"
        ),
        ("SequenceControl", "{state*: pause|resume|abort, stage: string}"),

        // Files
        ("Resource", "{resourceURI*: string, resourceContent*: base64, metadata: Version}"),
        ("Version", "{branch: string, upstreamURL: string, version*: string}"),
        (
            "Resources",
            """
            {resources*: [{resourceURI*: string, metadata: Version}], totalCount*: integer, pageSize: integer,
             nextPageKey: string}
            """
        ),
        ("ResourcesRequest", "{resources*: [{resourceURI*: string, resourceContent*: base64}]}"),
        ("ResourceRequest", "{resourceContent*: base64}"),
        ("Written", "{commitID*: string, version: string, metadata: Version}"),

        // Integrations
        (
            "EventSubscription",
            """
            {id: string, event*: string,
             filter: {projects: [string]?, stages: [string]?, services: [string]?}}
            """
        ),
        (
            "Integration",
            """
            {id: string, name*: string,
             metadata*: {hostname*: string, integrationversion: string, distributorversion: string, location: string,
                        lastseen: string, kubernetesmetadata*: {namespace*: string, podname: string,
                        deploymentname: string}},
             subscriptions: [EventSubscription], openDeliveries: integer}
            """
        ),
        ("Identifier", "{id*: string}"),
        (
            "LogEntry",
            """
            {integrationid*: string, message*: string, time: string, shkeptncontext: string, task: string,
             triggeredid: string, gitcommitid: string}
            """
        ),
        ("LogRequest", "{logs*: [LogEntry]}"),
        ("Logs", "{logs*: [LogEntry], nextPageKey*: integer, pageSize*: integer, totalCount*: integer}"),

        // Secrets and tokens
        ("SecretRequest", "{name*: string, scope: string, data*: map<string>}"),
        ("SecretName", "{name*: string, scope*: string, keys: [string]}"),
        (
            "TokenRequest",
            "{name*: string, scopes*: [string], projects: [string], expiresIn: string, expiresAt: string}"
        ),
        (
            "Session",
            """
            {name*: string, scopes*: [string], projects: [string], expiresAt: time, issuer: string, version*: string}
            """
        ),
        ("SessionEnd", "{expiresAt*: time}"),
        ("TokenExpiry", "{expiresIn: string, expiresAt: string}"),
        (
            "Token",
            """
            {name*: string, scopes*: [string], projects: [string], createdAt*: time, expiresAt: time,
             expired*: boolean, lastUsedAt: time, token: string}
            """
        ),
        (
            "DORAFigures",
            """
            {project*: string, stage*: string, service*: string, deployments*: integer, deploymentsPerDay*: number,
             leadTimeSeconds*: number?, changes*: integer, failures*: integer, changeFailureRate*: number?,
             timeToRestoreSeconds*: number?, restores*: integer, openFailures*: integer}
            """
        ),
    ]
}
