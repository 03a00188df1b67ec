import ArgumentParser
import AsyncHTTPClient
import CloudEvents
import HTTPServing
import HTTPTypes
import KeptnKit
import KeptnModel
import Ports
import RemoteClients

/// An integration that does one of the tasks of a torture, by one of the ways, until it is killed.
struct VictimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "victim", abstract: "Do one task of a torture until killed.", shouldDisplay: false)

    enum Way: String, ExpressibleByArgument, CaseIterable {
        case pull, push, stream

        /// The task that is done by this way; the last task of all is the torturer's own.
        var task: String {
            switch self {
            case .pull: Workload.tasks[0]
            case .push: Workload.tasks[1]
            case .stream: Workload.tasks[2]
            }
        }

        var name: String { "victim-\(rawValue)" }
    }

    @Option var way: Way
    @Option var endpoint: String
    @Option var token: String
    @Option var journal: String
    @Option(help: "Where it listens, by push.") var port = 0

    func run() async throws {
        let journal = try Journal(journal)
        switch way {
        case .pull: try await Self.puller(Workload.plane(endpoint, token), journal).run()
        case .push: try await listener(journal).run()
        case .stream: try await follow(journal)
        }
    }

    /// By the SDK.
    static func puller(_ plane: HTTPControlPlane, _ journal: Journal?) -> IntegrationService {
        let integration = Integration(name: Way.pull.name, version: "1").on(task: Way.pull.task) { task in
            try journal?.note(.init(kind: .handed, position: 0, id: task.event.id, isRepeated: task.isRepeated))
            return .pass()
        }
        return IntegrationService(integration, on: plane, logger: Workload.quiet)
    }

    /// An event is taken when its answers are stored.
    private func listener(_ journal: Journal) -> HTTPServing {
        let plane = Workload.plane(endpoint, token)
        let hear = HTTPRoute(.post, "/api/v1/event", access: .everybody) { request in
            let event = try CloudEvent(structured: try await request.body.collect(upTo: 1 << 20))
            let mark = HTTPField.Name("keptn-repeated").flatMap { request.headers[$0] }
            try journal.note(.init(kind: .handed, position: 0, id: event.id, isRepeated: mark == "true"))
            try await plane.send(Self.answers(to: event, by: .push))
            return .json([:])
        }
        return HTTPServing(
            host: "127.0.0.1", port: port, routes: [hear], requests: RequestStatistics(),
            admit: { _, _ in Caller.nobody }, logger: Workload.quiet, onReady: { _ in })
    }

    /// Goes on behind what was done, in this life and in earlier ones.
    private func follow(_ journal: Journal) async throws {
        let plane = Workload.plane(endpoint, token)
        let type = EventType.task(name: way.task, kind: .triggered).text
        var last = Journal.entries(self.journal).last { $0.kind == .done }?.position ?? 0
        while true {
            do {
                try await EventStream(endpoint: endpoint, token: token, type: type).read(
                    by: HTTPClient.shared, after: last
                ) { position, event in
                    try journal.note(.init(kind: .handed, position: position, id: event.id))
                    try await plane.send(Self.answers(to: event, by: .stream))
                    try journal.note(.init(kind: .done, position: position, id: event.id))
                    last = position
                }
            } catch {
                try Task.checkCancellation()
            }
            // Keptn is being killed, too.
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
    }

    /// The same each time, so that what is sent twice is one event.
    private static func answers(to event: CloudEvent, by way: Way) throws -> [CloudEvent] {
        let task = try TaskContext(answering: event)
        let now = SystemTime().now
        return [
            task.reply(.started, by: way.name, at: now, message: ""),
            task.reply(
                .finished, by: way.name, at: now, message: "",
                members: [("status", "succeeded"), ("result", "pass")]),
        ]
    }
}
