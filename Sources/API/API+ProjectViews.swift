import CloudEvents
import Core
import KeptnModel
import Ports

/// Projects, stages and services as Keptn's clients read them.
extension API {
    /// What happened and waits in a project: asked of the store once for all that is shown of it.
    struct Activity {
        fileprivate let latest: [LatestEvent]
        fileprivate let byService: [Scope: [LatestEvent]]
        fileprivate let busy: Set<Scope>
    }

    /// - Parameter services: Those that are shown of the stage; none for all.
    func activity(in project: String, stage: String? = nil, services: [String] = []) async throws -> Activity {
        let latest = try await parts.uniform.reports.latestEvents(in: project, stage: stage, services: services)
        let busy = try await parts.store.scopesWithOpenExecutions()
        return Activity(
            latest: latest,
            byService: Dictionary(grouping: latest) {
                Scope(project: project, stage: $0.stage ?? "", service: $0.service ?? "")
            }, busy: Set(busy))
    }

    func json(_ project: ProjectEntry) async throws -> JSON {
        let activity = try await activity(in: project.name)
        var stages: [JSON] = []
        for stage in project.shipyard.stages { stages.append(try await json(stage, of: project, activity)) }
        let upstream = try await parts.configuration.upstream(of: project.name)
        return [
            "projectName": .string(project.name),
            "creationDate": .string(String(project.createdAt.nanoseconds)),
            "shipyard": .string(String(decoding: project.shipyardFile, as: UTF8.self)),
            "shipyardVersion": .string("spec.keptn.sh/\(project.shipyard.version)"),
            "gitCredentials": upstream.map(\.shownCredentials),
            "lastEventContext": activity.latest.first.map(Self.json),
            "isUpstreamAutoProvisioned": .bool(upstream?.isProvisioned ?? false),
            "upstream": upstream.map { Self.json($0.status) },
            "stages": .array(stages),
        ]
    }

    /// How the project and its upstream stand: Keptn has no such field.
    private static func json(_ status: UpstreamStatus) -> JSON {
        [
            "state": .string(status.state.rawValue), "since": .string(status.since.rfc3339),
            "message": .string(status.message),
        ]
    }

    func json(_ stage: Shipyard.Stage, of project: ProjectEntry, _ activity: Activity) async throws -> JSON {
        var services: [JSON] = []
        for service in try await parts.configuration.services(project: project.name, stage: stage.name) {
            let scope = Scope(project: project.name, stage: stage.name, service: service.name)
            services.append(try await json(service, scope, activity))
        }
        return [
            "stageName": .string(stage.name),
            "lastEventContext": activity.latest.first { $0.stage == stage.name }.map(Self.json),
            "parentStages": .array(Self.parents(of: stage).map { .string($0) }),
            "services": .array(services),
        ]
    }

    /// The stages whose sequences start one of this stage.
    static func parents(of stage: Shipyard.Stage) -> [String] {
        let events = stage.sequences.flatMap(\.triggeredOn).map(\.event)
        let names = events.compactMap { $0.split(separator: ".").first.map(String.init) }
        return Set(names).subtracting([stage.name]).sorted()
    }

    func json(_ service: ServiceEntry, _ scope: Scope, _ activity: Activity) async throws -> JSON {
        let latest = activity.byService[scope] ?? []
        let deployment = latest.first { $0.type == "sh.keptn.event.deployment.finished" }?.unfailedContext
        var image: String?
        if let deployment { image = try await deployedImage(context: deployment, scope) }
        var open: [SequenceExecution] = []
        if activity.busy.contains(scope) { open = try await parts.store.openExecutions(in: scope).map(\.execution) }
        return [
            "serviceName": .string(service.name),
            "creationDate": .string(String(service.createdAt.nanoseconds)),
            "deployedImage": image.map { .string($0) },
            "lastEventTypes": .object(
                Dictionary(latest.map { ($0.type, Self.json($0)) }, uniquingKeysWith: { first, _ in first })),
            "openApprovals": .array(open.compactMap(Self.approval)),
            "openRemediations": .array(open.compactMap(Self.remediation)),
        ]
    }

    /// Keptn's EventContextInfo.
    private static func json(_ event: LatestEvent) -> JSON {
        [
            "eventId": .string(event.id), "keptnContext": .string(event.context ?? ""),
            "time": .string(String(event.time?.nanoseconds ?? 0)),
        ]
    }

    /// The approval that a sequence waits for.
    private static func approval(_ execution: SequenceExecution) -> JSON? {
        guard let task = execution.task, task.name == "approval", case .sent(let id, let time, _) = task.phase else {
            return nil
        }
        return [
            "eventId": .string(id), "keptnContext": .string(execution.context),
            "time": .string(String(time.nanoseconds)),
        ]
    }

    private static func remediation(_ execution: SequenceExecution) -> JSON? {
        guard execution.definition.name == "remediation" else { return nil }
        let type = EventType.sequence(stage: execution.scope.stage, name: "remediation", kind: .triggered)
        return [
            "eventId": .string(execution.triggeredID), "keptnContext": .string(execution.context),
            "time": .string(String(execution.triggeredAt.nanoseconds)), "type": .string("\(type)"),
            "action": execution.payload["action", "action"],
        ]
    }

    func deployedImage(context: String, _ scope: Scope) async throws -> String? {
        var query = EventQuery()
        query.context = context
        query.type = "sh.keptn.event.deployment.triggered"
        query.project = scope.project
        query.stage = scope.stage
        query.service = scope.service
        query.limit = 1
        let triggered = try await parts.store.events(query).first?.event.json
        return triggered?["data", "configurationChange", "values", "image"]?.stringValue
            ?? triggered?["configurationChange", "values", "image"]?.stringValue
    }
}
