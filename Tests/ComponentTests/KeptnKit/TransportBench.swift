import API
import CloudEvents
import ConfigurationService
import Core
import Distributor
import FoundationEssentials
import HTTPServing
import KeptnKit
import KeptnModel
import Ports
import RemoteClients
import TestSupport
import Testing

/// The ways in which an integration reaches Keptn.
enum Transport: String, CaseIterable, Sendable { case inProcess, overHTTP }

/// Keptn in memory, with the project `sockshop`, reached in one of the ways: over HTTP through a real socket.
struct TransportBench: Sendable {
    let keptn: UniformBench
    let plane: any ControlPlane
    /// Of dev's configuration, at which `values.yaml` of carts is `replicas: 1`; later it is something else.
    let commit: String

    static func run(_ transport: Transport, _ body: @escaping @Sendable (TransportBench) async throws -> Void)
        async throws
    {
        let files = try await ConfigurationBench.withSockshop().service
        try await files.createService("carts", in: "sockshop")
        let commit = try await files.write([("values.yaml", Array("replicas: 1".utf8))], at: devCarts)
        _ = try await files.write([("values.yaml", Array("replicas: 9".utf8))], at: devCarts)
        let keptn = try await UniformBench(configuration: files)
        switch transport {
        case .inProcess:
            try await keptn.secrets.save(["token": "abc"], as: SecretName("cloud", scope: "keptn-default"))
            let plane = InProcessControlPlane(
                subscriptions: Distributor(store: keptn.store, logger: UniformBench.logger), log: keptn.store,
                queries: keptn.store, configuration: files, secrets: keptn.secrets)
            try await body(TransportBench(keptn: keptn, plane: plane, commit: commit))
        case .overHTTP:
            try await withTemporaryFolder { folder in
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/cloud", withIntermediateDirectories: false)
                try Data("abc\n".utf8).write(to: URL(filePath: "\(folder)/cloud/token"))
                try await serving(keptn) { port in
                    let plane = HTTPControlPlane(
                        endpoint: "http://127.0.0.1:\(port)/api", token: "any", secretFolder: folder,
                        logger: UniformBench.logger)
                    try await body(TransportBench(keptn: keptn, plane: plane, commit: commit))
                }
            }
        }
    }

    private static func serving(
        _ keptn: UniformBench, _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let serving = HTTPServing(
            host: "127.0.0.1", port: 0, routes: keptn.api.routes, requests: RequestStatistics(),
            admit: { _, _ in UniformBench.caller }, logger: UniformBench.logger
        ) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serving.run() }
            for await number in ports {
                try await body(number)
                break
            }
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }

    /// Runs the integration as long as the body, then cancels it. What is sent from its beginning on is heard.
    func running(_ integration: Integration, _ body: () async throws -> Void) async throws {
        let service = IntegrationService(integration, on: plane, time: keptn.time, logger: UniformBench.logger)
        try await service.register()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Sends the `.triggered` event of a task.
    func trigger(_ task: String, id: String = "t1", data: JSON = .emptyObject) async throws {
        let common: JSON = ["project": "sockshop", "stage": "dev", "service": "carts"]
        try await keptn.store.append([
            CloudEvent(
                keptn: .task(name: task, kind: .triggered), id: id, source: "shipyard-controller", time: keptn.time.now,
                context: "context-1", gitCommitID: commit, data: common.merging(data))
        ])
    }

    /// The first event of this short type in the log that answers `id`, also one that comes later.
    func event(_ type: String, answering id: String = "t1") async throws -> CloudEvent {
        var position = Position.start
        while true {
            for recorded in try await keptn.store.events(after: position, limit: 100) {
                position = recorded.position
                if recorded.event.type == EventType.prefix + type, recorded.event.triggeredID == id {
                    return recorded.event
                }
            }
            try await keptn.store.waitForEvents(after: position)
        }
    }

    /// The integration of this name, when Keptn has been told of it.
    func registered(_ name: String) async throws -> UniformIntegration {
        while true {
            if let known = try await keptn.lines.registry().sorted.first(where: { $0.name == name }) { return known }
            await Task.yield()
        }
    }

    /// The types of what answers `id`, without the prefix.
    func answers(to id: String = "t1") async throws -> [String] {
        try await keptn.store.events(after: .start, limit: 1000).map(\.event).filter { $0.triggeredID == id }.map {
            String($0.type.dropFirst($0.type.hasPrefix(EventType.prefix) ? EventType.prefix.count : 0))
        }
    }
}
