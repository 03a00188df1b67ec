import CloudEvents
import Core
import KeptnModel
import Ports

/// Events of Keptn 0.5 and 0.6.
extension EventBroker {
    /// How many events of a run are looked at for its open tasks.
    private static let runMax = 2000
    private static let aboutProjects: [Legacy.OldType] = [.projectCreate, .projectDelete, .serviceCreate]

    /// The events that stand for an old one. One that means nothing here is kept as it came, so that it can be seen.
    func translated(_ event: CloudEvent) async throws -> [CloudEvent] {
        let meaning: Legacy.Meaning
        do {
            meaning = try Legacy.read(event, in: try await run(of: event))
        } catch let refusal as Legacy.Refusal {
            throw KeptnError(.invalidInput, "event \(event.type): \(refusal)")
        }
        switch meaning {
        case .events(let events):
            for event in events {
                // Who asks for indicators in the old words does what a service of ours does here.
                if case .task(_, .triggered)? = event.eventType { continue }
                try await check(event)
            }
            return events
        case .orphan, .noEffect: return [event]
        case .createProject, .deleteProject, .createService:
            throw KeptnError(
                .invalidInput,
                "event \(event.type): projects and services are made and removed through the API: "
                    + "/api/controlPlane/v1/project, or 'keptn create' and 'keptn delete'")
        }
    }

    /// Nil where the event names no project, or is about making one.
    private func run(of event: CloudEvent) async throws -> Legacy.Run? {
        let isAboutProject = Legacy.OldType(rawValue: event.type).map(Self.aboutProjects.contains) ?? false
        guard !isAboutProject, let project = Legacy.place(of: event).project else { return nil }
        let shipyard = try await configuration.shipyard(of: project, commit: nil).shipyard
        var query = EventQuery()
        (query.context, query.project, query.limit) = (event.keptnContext, project, Self.runMax)
        let events = try await queries.events(query).reversed().map(\.event)
        return Legacy.Run(shipyard: shipyard, openTasks: Self.openTasks(events))
    }

    /// Those with fewer ends than starts, or neither.
    private static func openTasks(_ run: [CloudEvent]) -> [Legacy.OpenTask] {
        let answers = Dictionary(grouping: run) { $0.triggeredID ?? "" }
        return run.compactMap { triggered in
            guard case .task(_, .triggered)? = triggered.eventType else { return nil }
            func sources(_ kind: EventType.Kind) -> [String] {
                (answers[triggered.id] ?? []).filter { $0.eventType?.kind == kind }.map(\.source)
            }
            let (started, finished) = (sources(.started), sources(.finished))
            guard finished.isEmpty || finished.count < started.count else { return nil }
            return Legacy.OpenTask(triggered: triggered, startedBy: Set(started))
        }
    }
}
