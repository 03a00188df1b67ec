/// What the schemas of CDEvents 0.5.1 say about `subject.content`, as far as readers depend on it.
enum CDEventVocabulary {
    /// The members that an event of this type has to have; nil for a type or a version that 0.5.1 does not have.
    static func required(of type: CDEventType) -> [String]? {
        guard !type.isCustom else { return nil }
        let name = "\(type.subject).\(type.predicate)"
        if let members = demanding[name] { return type.version == version(of: name) ? members : nil }
        return undemanding[type.subject]?.contains(type.predicate) == true && type.version == version(of: name)
            ? [] : nil
    }

    /// Members that name another subject: an object with an `id`.
    static let references: Set<String> = [
        "change", "environment", "pipelineRun", "repository", "service", "testCase", "testCaseRun", "testSuite",
        "testSuiteRun",
    ]

    /// The words that a member may have; nil for one that is free.
    static func choices(of member: String, in type: CDEventType) -> [String]? {
        type.subject == "taskrun" ? nil : choices[member]
    }

    private static let choices = [
        "outcome": ["success", "failure", "cancel", "error"],
        "severity": ["low", "medium", "high", "critical"],
        "outputType": ["report", "video", "image", "log", "other"],
    ]

    private static let demanding = [
        "artifact.packaged": ["change"],
        "artifact.signed": ["signature"],
        "incident.detected": ["environment"],
        "incident.reported": ["environment", "ticketURI"],
        "incident.resolved": ["environment"],
        "pipelinerun.started": ["pipelineName", "uri"],
        "repository.created": ["name", "uri"],
        "service.deployed": ["environment", "artifactId"],
        "service.upgraded": ["environment", "artifactId"],
        "service.rolledback": ["environment", "artifactId"],
        "testcaserun.queued": ["environment"],
        "testcaserun.started": ["environment"],
        "testcaserun.finished": ["environment", "outcome"],
        "testoutput.published": ["outputType", "format"],
        "testsuiterun.queued": ["environment"],
        "testsuiterun.started": ["environment"],
        "testsuiterun.finished": ["environment", "outcome"],
        "ticket.created": ["summary", "creator", "uri"],
        "ticket.updated": ["uri"],
        "ticket.closed": ["uri", "resolution"],
    ]

    private static let undemanding: [String: Set<String>] = [
        "artifact": ["deleted", "downloaded", "published"],
        "branch": ["created", "deleted"],
        "build": ["queued", "started", "finished"],
        "change": ["abandoned", "created", "merged", "reviewed", "updated"],
        "environment": ["created", "deleted", "modified"],
        "pipelinerun": ["queued", "finished"],
        "repository": ["deleted", "modified"],
        "service": ["published", "removed"],
        "taskrun": ["started", "finished"],
        "testcaserun": ["skipped"],
    ]

    /// That of an event in CDEvents 0.5.1.
    private static func version(of name: String) -> String {
        switch name {
        case "change.created": "0.4.0"
        case "artifact.deleted", "artifact.downloaded", "testcaserun.skipped": "0.2.0"
        case "ticket.created", "ticket.updated", "ticket.closed": "0.2.0"
        default: "0.3.0"
        }
    }
}
