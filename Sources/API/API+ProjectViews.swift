import CloudEvents
import Core
import KeptnModel
import Ports

/// Projects, stages and services as Keptn's clients read them.
extension API {
    func json(_ project: ProjectEntry) async throws -> JSON {
        var stages: [JSON] = []
        for stage in project.shipyard.stages { stages.append(try await json(stage, of: project)) }
        let upstream = try await parts.configuration.upstream(of: project.name)
        return [
            "projectName": .string(project.name),
            "creationDate": .string(String(project.createdAt.nanoseconds)),
            "shipyard": .string(String(decoding: project.shipyardFile, as: UTF8.self)),
            "shipyardVersion": .string("spec.keptn.sh/\(project.shipyard.version)"),
            "gitCredentials": upstream.map(\.shownCredentials),
            "lastEventContext": try await lastEvent(project: project.name),
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

    func json(_ stage: Shipyard.Stage, of project: ProjectEntry) async throws -> JSON {
        var services: [JSON] = []
        for service in try await parts.configuration.services(project: project.name, stage: stage.name) {
            services.append(
                try await json(service, Scope(project: project.name, stage: stage.name, service: service.name)))
        }
        return [
            "stageName": .string(stage.name),
            "lastEventContext": try await lastEvent(project: project.name, stage: stage.name),
            "parentStages": .array(Self.parents(of: stage).map { .string($0) }),
            "services": .array(services),
        ]
    }

    /// The stages whose sequences start one of this stage.
    private static func parents(of stage: Shipyard.Stage) -> [String] {
        let events = stage.sequences.flatMap(\.triggeredOn).map(\.event)
        let names = events.compactMap { $0.split(separator: ".").first.map(String.init) }
        return Set(names).subtracting([stage.name]).sorted()
    }

    func json(_ service: ServiceEntry, _ scope: Scope) async throws -> JSON {
        var query = EventQuery()
        query.project = scope.project
        query.stage = scope.stage
        query.service = scope.service
        query.limit = 100
        var latest: [String: JSON] = [:]
        var image: String?
        for recorded in try await parts.store.events(query).events {
            let event = recorded.event
            if latest[event.type] == nil {
                latest[event.type] = Self.json(event)
            }
            if image == nil, event.type == "sh.keptn.event.deployment.finished", recorded.facts.result != "fail" {
                image = try await deployedImage(context: event.keptnContext ?? "", scope)
            }
        }
        let open = try await parts.store.openExecutions(in: scope).map(\.execution)
        return [
            "serviceName": .string(service.name),
            "creationDate": .string(String(service.createdAt.nanoseconds)),
            "deployedImage": image.map { .string($0) },
            "lastEventTypes": .object(latest),
            "openApprovals": .array(open.compactMap(Self.approval)),
            "openRemediations": .array(open.compactMap(Self.remediation)),
        ]
    }

    /// Nil where nothing has happened yet.
    private func lastEvent(project: String, stage: String? = nil) async throws -> JSON? {
        var query = EventQuery()
        query.project = project
        query.stage = stage
        query.limit = 1
        return try await parts.store.events(query).events.first.map { Self.json($0.event) }
    }

    /// Keptn's EventContextInfo.
    private static func json(_ event: CloudEvent) -> JSON {
        [
            "eventId": .string(event.id), "keptnContext": .string(event.keptnContext ?? ""),
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

    private func deployedImage(context: String, _ scope: Scope) async throws -> String? {
        var query = EventQuery()
        query.context = context
        query.type = "sh.keptn.event.deployment.triggered"
        query.project = scope.project
        query.stage = scope.stage
        query.service = scope.service
        query.limit = 1
        let triggered = try await parts.store.events(query).events.first?.event.json
        return triggered?["data", "configurationChange", "values", "image"]?.stringValue
            ?? triggered?["configurationChange", "values", "image"]?.stringValue
    }
}
