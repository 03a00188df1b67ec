import CloudEvents
import Core
import Distributor
import Foundation
import KeptnKit
import KeptnModel
import Logging
import Ports
import ServiceLifecycle
import ShipyardService
import SpecFiles
import Testing

/// Sequences of the stage `dev` of the project `sockshop` that really run, on a store in memory and with a clock that
/// stands still, and a component that does one of their tasks.
struct SequencesInMemory: Sendable {
    let time = ManualTime()
    let store = InMemoryStore()
    let ids = SequentialIDs()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let configuration: FilesOfAStage

    /// - Parameter tasks: Of the sequence `s`, in the shipyard's own words (YAML, on one line).
    init(tasks: String) throws {
        let text = """
            apiVersion: spec.keptn.sh/0.2.3
            kind: Shipyard
            metadata: {name: sockshop}
            spec: {stages: [{name: dev, sequences: [{name: s, tasks: \(tasks)}]}]}
            """
        configuration = FilesOfAStage(shipyard: try SpecFiles.shipyard(Array(text.utf8), file: "shipyard.yaml").value)
    }

    /// Lets everything run while the body works; then everything is gone but the store.
    func run(_ component: (Integration, timer: any Service), _ body: () async throws -> Void) async throws {
        let plane = InProcessControlPlane(
            subscriptions: Distributor(store: store, logger: logger), log: store, queries: store,
            configuration: configuration, secrets: InMemorySecretStore())
        let service = IntegrationService(component.0, on: plane, time: time, logger: logger)
        try await service.register()
        let shipyard = ShipyardService(
            store: store, configuration: configuration, time: time, ids: ids, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shipyard.run() }
            group.addTask { try await component.timer.run() }
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
        }
    }

    func trigger(_ context: String, service: String = "carts", data: JSON = .emptyObject) async throws {
        let place: JSON = ["project": "sockshop", "stage": "dev", "service": .string(service)]
        try await store.append([
            CloudEvent(
                keptn: .sequence(stage: "dev", name: "s", kind: .triggered), id: "\(context)-trigger", source: "test",
                time: time.now, context: context, data: data.merging(place))
        ])
    }

    func abort(_ context: String) async throws {
        try await store.append([
            CloudEvent(
                id: "\(context)-abort", source: "test", type: ShipyardService.controlType, time: time.now,
                extensions: ["shkeptncontext": .string(context)],
                data: .json(["project": "sockshop", "state": "abort"]))
        ])
    }

    /// Waits for an event of this short type in the context.
    func event(_ type: String, in context: String) async throws -> CloudEvent {
        var position = Position.start
        while true {
            for event in try await store.events(after: position, limit: 1000) {
                position = event.position
                if event.event.type == "sh.keptn.event.\(type)", event.event.keptnContext == context {
                    return event.event
                }
            }
            try await store.waitForEvents(after: position)
        }
    }

    /// All events of a short type, oldest first.
    func events(_ type: String) async throws -> [CloudEvent] {
        try await store.events(after: .start, limit: 1000).map(\.event).filter { $0.type == "sh.keptn.event.\(type)" }
    }
}
