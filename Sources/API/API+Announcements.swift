import CloudEvents
import Ports

extension API {
    private static let announcer = "shipyard-controller"
    private static let deletion = "project.delete"
    /// Of the newest deletions, those that the end of the process may have interrupted.
    private static let deletionsMax = 100

    func deleting(_ project: String, _ work: () async throws -> Void) async throws {
        try await announcing(Self.deletion, project: project, work)
    }

    /// Brings deletions of projects to their end that the process began before it ended: the last thing that is done
    /// before a start. Nothing is deleted that nobody began to delete, as files may be missing for other reasons.
    package func finishDeletions() async throws {
        var query = EventQuery()
        query.type = "sh.keptn.event.\(Self.deletion).started"
        query.source = Self.announcer
        query.limit = Self.deletionsMax
        for began in try await parts.store.events(query).reversed() {
            guard let project = began.facts.project, let context = began.facts.context else { continue }
            var ends = EventQuery()
            (ends.context, ends.type) = (context, "sh.keptn.event.\(Self.deletion).finished")
            guard try await parts.store.events(ends).isEmpty else { continue }
            let isGone = try await !parts.configuration.projectNames().contains(project)
            if isGone { try await parts.configuration.finishDeletion(of: project) }
            try await announceEnd(
                of: Self.deletion, context, [(key: "project", value: .string(project))], hasSucceeded: isGone)
        }
    }

    /// Does something to a project or a service, and tells everybody that it begins and how it ended (K §2.3.7).
    ///
    /// - Parameters:
    ///   - what: such as `project.create`.
    ///   - outcome: further members of the data of the event that tells of success.
    func announcing(
        _ what: String, project: String, service: String? = nil, with outcome: [(key: String, value: JSON?)] = [],
        _ work: () async throws -> Void
    ) async throws {
        let context = parts.ids.newID()
        let place: [(key: String, value: JSON?)] = [
            (key: "project", value: .string(project)), (key: "service", value: service.map { .string($0) }),
        ]
        try await announce("\(what).started", context, place)
        do {
            try await work()
        } catch {
            try await announceEnd(of: what, context, place, hasSucceeded: false)
            throw error
        }
        try await announceEnd(of: what, context, place, hasSucceeded: true, outcome)
    }

    private func announceEnd(
        of what: String, _ context: String, _ place: [(key: String, value: JSON?)], hasSucceeded: Bool,
        _ outcome: [(key: String, value: JSON?)] = []
    ) async throws {
        let verdict: [(key: String, value: JSON?)] = [
            (key: "status", value: hasSucceeded ? "succeeded" : "errored"),
            (key: "result", value: hasSucceeded ? "pass" : "fail"),
        ]
        try await announce("\(what).finished", context, place + verdict + outcome)
    }

    private func announce(_ type: String, _ context: String, _ data: [(key: String, value: JSON?)]) async throws {
        let event = CloudEvent(
            id: parts.ids.newID(), source: Self.announcer, type: "sh.keptn.event.\(type)", time: parts.time.now,
            dataContentType: "application/json",
            extensions: ["shkeptncontext": .string(context), "shkeptnspecversion": "0.2.4"],
            data: .json(.object(data)))
        try await parts.store.append([event])
    }
}
