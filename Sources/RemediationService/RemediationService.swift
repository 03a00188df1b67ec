import CloudEvents
package import Core
package import KeptnKit
import KeptnModel
package import Logging
package import Ports
package import ServiceLifecycle
import SpecFiles
import Synchronization

/// Says which action helps against a problem, and carries out those that concern no processes (K §2.8).
///
/// It hears: `get-action` and `action` tasks, and the ends of problems. `RemediationSpec.choice` and `ProblemHistory`
/// decide. It answers: with the action, or with what came of it. An action that nobody takes is answered too, so that
/// no remediation waits for an executor that does not exist.
///
/// What it did to clients is in the log with its answers, and is taken up from there at the start.
package final class RemediationService: Service {
    package static let name = "remediation-service"

    /// What it needs of the world.
    package struct Environment: Sendable {
        package var configuration: any Configuration
        package var log: any EventLog
        package var queries: any EventQueries
        package var faults: any ClientFaultSwitch
        package var flags: any FeatureFlags
        package var secrets: any SecretStore
        package var webhooks: any WebhookRequester
        package var commands: LocalCommands
        /// How long others have to take an action that is none of ours.
        package var patience: Duration
        package var time: any TimeSource
        package var logger: Logger

        package init(
            configuration: any Configuration, log: any EventLog, queries: any EventQueries,
            faults: any ClientFaultSwitch, flags: any FeatureFlags, secrets: any SecretStore,
            webhooks: any WebhookRequester, commands: LocalCommands, patience: Duration, time: any TimeSource,
            logger: Logger
        ) {
            self.configuration = configuration
            self.log = log
            self.queries = queries
            self.faults = faults
            self.flags = flags
            self.secrets = secrets
            self.webhooks = webhooks
            self.commands = commands
            self.patience = patience
            self.time = time
            self.logger = logger
        }
    }

    /// Of answers and problems that are looked at, for one place and for all of them.
    private static let eventsMax = 100
    private static let allEventsMax = 1000

    let environment: Environment
    private let limited = Mutex<[Scope: [ClientFault]]>([:])

    package init(_ environment: Environment) { self.environment = environment }

    /// Stops programs that a process which was killed has left. To be called before anything runs.
    package func prepare() async { await environment.commands.stopStrays() }

    /// Takes up what counted before the restart. `integration` has to run beside it.
    package func run() async throws {
        try await takeUp()
        do { try await gracefulShutdown() } catch is CancellationError {}
    }

    package func integration(version: String) -> Integration {
        Integration(name: Self.name, version: version)
            .on(task: "get-action", perform: chooseAction)
            .on(task: "action", when: isOurs, perform: act)
            .on(eventType: Problem.eventType, perform: noteEnd)
            .cancelledOnAbort()
    }

    // MARK: - Which action

    private func chooseAction(_ task: TaskContext) async throws -> TaskOutcome {
        let problem = Problem(task.data["problem"] ?? .emptyObject)
        do {
            guard let spec = try await spec(for: task) else {
                return .errored(
                    "could not retrieve \(RemediationSpec.fileName): neither \(task.scope.service) nor stage "
                        + "\(task.scope.stage) nor project \(task.scope.project) has one")
            }
            let last = ProblemHistory.last(of: try await answers(in: task.scope), about: problem)
            let index = try ProblemHistory.index(
                data: task.data, last: last, lastSign: try await lastSign(of: problem, last, task),
                now: environment.time.now)
            switch spec.choice(for: problem, index: index) {
            case .none(let message):
                return .fail(
                    message, data: ["get-action": ProblemHistory.note(actionIndex: index, problem: problem)])
            case .act(let action):
                return .pass(
                    "action \(index + 1) against \(problem.name): \(action.action)",
                    data: [
                        "action": action.json,
                        "get-action": ProblemHistory.note(actionIndex: index + 1, problem: problem),
                    ])
            }
        } catch let error as InvalidFile {
            return .errored("\(RemediationSpec.fileName) cannot be used:\n\(error)")
        } catch let error as ActionIndexMistake {
            return .errored("\(error)")
        }
    }

    private func spec(for task: TaskContext) async throws -> RemediationSpec? {
        guard let bytes = try await task.file(RemediationSpec.fileName) else { return nil }
        return try SpecFiles.remediation(bytes, file: RemediationSpec.fileName).value
    }

    /// What was answered lately about problems of this place, newest first.
    private func answers(in scope: Scope) async throws -> [CloudEvent] {
        let type = EventType.task(name: "get-action", kind: .finished).text
        return try await newest(type, in: scope).map(\.event)
    }

    private func newest(_ type: String, in scope: Scope) async throws -> [RecordedEvent] {
        var query = EventQuery()
        query.type = type
        (query.project, query.stage, query.service) = (scope.project, scope.stage, scope.service)
        query.limit = Self.eventsMax
        return try await environment.queries.events(query)
    }

    /// The newest event that tells of a problem's end.
    func end(of problem: Problem, in scope: Scope) async throws -> RecordedEvent? {
        guard let id = problem.id else { return nil }
        return try await newest(Problem.eventType, in: scope).first { recorded in
            let told = Problem(recorded.event.json ?? .emptyObject)
            return told.id == id && !told.isOpen
        }
    }

    /// The end of the problem, and that of the run in which it was answered last: an action may have taken its time.
    private func lastSign(of problem: Problem, _ last: CloudEvent?, _ task: TaskContext) async throws -> Timestamp? {
        var signs = [try await end(of: problem, in: task.scope)?.event.time]
        if let context = last?.keptnContext, context != task.contextID {
            var query = EventQuery()
            (query.context, query.limit) = (context, 1)
            signs.append(try await environment.queries.events(query).first?.event.time)
        }
        return signs.compactMap(\.self).max()
    }

    // MARK: - Limits of clients

    func limit(_ fault: ClientFault, in scope: Scope) {
        let now = environment.time.now
        change(scope) { faults in
            faults.removeAll { $0.id == fault.id || $0.until <= now }
            faults.append(fault)
        }
    }

    func unlimit(_ id: String, in scope: Scope) {
        change(scope) { faults in faults.removeAll { $0.id == id } }
    }

    private func noteEnd(_ event: CloudEvent) async throws -> [CloudEvent] {
        let problem = Problem(event.json ?? .emptyObject)
        guard !problem.isOpen, let id = problem.id, let scope = event.keptnData?.scope else { return [] }
        change(scope) { faults in faults.removeAll { $0.problemID == id } }
        return []
    }

    private func takeUp() async throws {
        let now = environment.time.now
        var query = EventQuery()
        query.from = now - BuiltInAction.ClientLimit.durationMax
        query.limit = Self.allEventsMax
        query.type = Problem.eventType
        let problems = try await environment.queries.events(query).map(\.event)
        query.type = EventType.task(name: "action", kind: .finished).text
        query.source = Self.name
        let actions = try await environment.queries.events(query).map(\.event)
        for (scope, faults) in ClientFault.open(actions: actions, problems: problems, now: now) {
            change(scope) { known in
                known = faults.filter { fault in !known.contains { $0.id == fault.id } } + known
            }
        }
    }

    /// The switch is thrown under the lock, so that it always stands as the newest change says.
    private func change(_ scope: Scope, _ body: (inout [ClientFault]) -> Void) {
        limited.withLock { limited in
            var faults = limited[scope] ?? []
            body(&faults)
            limited[scope] = faults.isEmpty ? nil : faults
            environment.faults.setFaults(faults, of: scope)
        }
    }
}

extension RemediationSpec.Action {
    /// `data.action` (K §2.8).
    fileprivate var json: JSON {
        .object([
            ("name", .string(name)), ("action", .string(action)), ("description", .string(description)),
            ("value", value.isNull ? nil : value),
        ])
    }
}
