import CloudEvents
package import Core
import KeptnModel
package import Ports

/// Looks up what has to be known around an event to say it in other words than Keptn's.
package struct Interpreter: EventWords {
    private let queries: any EventQueries
    private let configuration: any Configuration
    /// Under which the server is reached.
    private let address: @Sendable () -> String

    /// How many events of a run are looked at.
    private static let runMax = 2000

    package init(
        queries: any EventQueries, configuration: any Configuration, address: @escaping @Sendable () -> String
    ) {
        self.queries = queries
        self.configuration = configuration
        self.address = address
    }

    package func said(_ recorded: RecordedEvent, to wanted: WantedTypes) async throws -> [SaidEvent] {
        let event = recorded.event
        var question: CloudEvent?
        var shipyard = Shipyard(version: "", name: "", stages: [])
        if !wanted.oldTypes(of: event).isEmpty {
            question = try await self.question(of: event)
            shipyard = try await self.shipyard(of: recorded.facts.project) ?? shipyard
        }
        var surroundings = CDEvents.Surroundings(address: address())
        if wanted.wantsCDEvents(of: event) {
            surroundings.run = try await run(before: recorded)
            surroundings.previousImage = try await previousImage(recorded)
        }
        return wanted.said(event) { [question, shipyard] in
            Legacy.write(event, as: $0, answering: question, shipyard: shipyard)
        } inCDEvents: { [surroundings] in
            CDEvents.events(for: event, in: surroundings)
        }
    }

    /// The event that this one answers.
    private func question(of event: CloudEvent) async throws -> CloudEvent? {
        var query = EventQuery()
        guard let id = event.triggeredID else { return nil }
        query.id = id
        query.limit = 1
        return try await queries.events(query).first?.event
    }

    /// Nil for a project that is no more, or whose shipyard cannot be used.
    private func shipyard(of project: String?) async throws -> Shipyard? {
        guard let project else { return nil }
        do {
            return try await configuration.shipyard(of: project, commit: nil).shipyard
        } catch let error as CancellationError {
            throw error
        } catch {
            return nil
        }
    }

    private func run(before recorded: RecordedEvent) async throws -> [CloudEvent] {
        guard let context = recorded.facts.context else { return [] }
        var query = EventQuery()
        query.context = context
        query.limit = Self.runMax
        return try await queries.events(query).filter { $0.position < recorded.position }.reversed().map(\.event)
    }

    /// The image of the last deployment in the same place by another run.
    private func previousImage(_ recorded: RecordedEvent) async throws -> String? {
        guard case .task(let task, .finished)? = recorded.facts.type, ["deployment", "rollback"].contains(task),
            let scope = recorded.facts.scope
        else { return nil }
        var query = EventQuery()
        query.type = EventType.task(name: "deployment", kind: .finished).text
        (query.project, query.stage, query.service) = (scope.project, scope.stage, scope.service)
        query.results = [KeptnResult.pass.rawValue, KeptnResult.warning.rawValue]
        let earlier = try await queries.events(query).first {
            $0.position < recorded.position && $0.facts.context != recorded.facts.context
        }
        guard let earlier, let question = try await question(of: earlier.event) else { return nil }
        return question.json?["configurationChange", "values", "image"]?.stringValue
    }
}
