import CloudEvents
import Ports

extension API {
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
            try await announce(
                "\(what).finished", context,
                place + [(key: "status", value: "errored"), (key: "result", value: "fail")])
            throw error
        }
        try await announce(
            "\(what).finished", context,
            place + [(key: "status", value: "succeeded"), (key: "result", value: "pass")] + outcome)
    }

    private func announce(_ type: String, _ context: String, _ data: [(key: String, value: JSON?)]) async throws {
        let event = CloudEvent(
            id: parts.ids.newID(), source: "shipyard-controller", type: "sh.keptn.event.\(type)", time: parts.time.now,
            dataContentType: "application/json",
            extensions: ["shkeptncontext": .string(context), "shkeptnspecversion": "0.2.4"],
            data: .json(.object(data)))
        try await parts.store.append([event])
    }
}
