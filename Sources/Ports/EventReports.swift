package import CloudEvents

/// What the log tells about itself, for the API.
package protocol EventReports: Sendable {
    /// How many events there are of each kind whose `time` lies in `from..<to`; those without project or service are
    /// left out. Sorted by project, service, type and source.
    /// - Parameter project: Nil for all.
    func counts(from: Timestamp, to: Timestamp, project: String?) async throws -> [EventCount]

    /// The `.triggered` events of tasks that somebody else than the shipyard asked for since the instant (as an
    /// evaluation asks for its indicators), and that nobody has finished yet; oldest first.
    func openRequests(_ query: OpenRequestQuery) async throws -> [CloudEvent]

    /// The newest event of each type at each place of a project since it was created, newest first.
    /// - Parameters:
    ///   - stage: Nil and empty for all.
    ///   - services: None for all.
    func latestEvents(in project: String, stage: String?, services: [String]) async throws -> [LatestEvent]

    /// What happened last in each stage of these runs of a project.
    func stageReports(of contexts: [String], in project: String) async throws -> [StageReport]
}

extension EventReports {
    /// Those of all projects.
    package func counts(from: Timestamp, to: Timestamp) async throws -> [EventCount] {
        try await counts(from: from, to: to, project: nil)
    }

    /// Those of the whole project.
    package func latestEvents(in project: String) async throws -> [LatestEvent] {
        try await latestEvents(in: project, stage: nil, services: [])
    }
}

/// What a view of a run tells of one of its stages.
package struct StageReport: Sendable, Hashable {
    package struct Event: Sendable, Hashable {
        package var id: String
        package var type: String
        package var time: Timestamp?

        package init(id: String, type: String, time: Timestamp?) {
            self.id = id
            self.type = type
            self.time = time
        }
    }

    package static let evaluationType = "sh.keptn.event.evaluation.finished"

    package var context: String
    package var stage: String
    package var latest: Event
    /// The newest one with the result `fail`.
    package var latestFailed: Event?
    /// The data of the newest `evaluation.finished`.
    package var evaluation: JSON?

    package init(context: String, stage: String, latest: Event, latestFailed: Event?, evaluation: JSON?) {
        self.context = context
        self.stage = stage
        self.latest = latest
        self.latestFailed = latestFailed
        self.evaluation = evaluation
    }
}

/// What a view of a project tells of an event.
package struct LatestEvent: Sendable, Hashable {
    package var stage: String?
    package var service: String?
    package var type: String
    package var id: String
    package var context: String?
    package var time: Timestamp?
    /// The context of the newest event of this type and place whose result is not `fail`.
    package var unfailedContext: String?
    package var project: String
    /// `data.result`.
    package var result: String?

    package init(
        stage: String?, service: String?, type: String, id: String, context: String?, time: Timestamp?,
        unfailedContext: String?, project: String, result: String? = nil
    ) {
        self.stage = stage
        self.service = service
        self.type = type
        self.id = id
        self.context = context
        self.time = time
        self.unfailedContext = unfailedContext
        self.project = project
        self.result = result
    }
}

/// Events of one kind, counted.
package struct EventCount: Sendable, Hashable {
    package var project: String
    package var service: String
    package var type: String
    package var source: String
    package var count: Int

    package init(project: String, service: String, type: String, source: String, count: Int) {
        self.project = project
        self.service = service
        self.type = type
        self.source = source
        self.count = count
    }
}

/// Which requests; nil and empty mean any.
package struct OpenRequestQuery: Sendable, Hashable {
    package var task: String
    /// Strictly after this `time`.
    package var since: Timestamp
    package var id: String?
    package var project: String?
    package var stage: String?
    package var service: String?

    package init(
        task: String, since: Timestamp, id: String? = nil, project: String? = nil, stage: String? = nil,
        service: String? = nil
    ) {
        self.task = task
        self.since = since
        self.id = id
        self.project = project
        self.stage = stage
        self.service = service
    }
}
