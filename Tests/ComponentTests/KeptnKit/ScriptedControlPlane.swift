import CloudEvents
import KeptnKit
import KeptnModel
import Ports
import Synchronization

/// A control plane that does what a test tells it: hands out batches, refuses, breaks, and remembers every call.
final class ScriptedControlPlane: ControlPlane, EventSubscription {
    struct Settling: Sendable, Equatable {
        let positions: [Int64]
        let events: [String]
    }

    private struct State {
        var batches: [Result<[ReceivedEvent], ControlPlaneError>]
        var settlings: [Settling] = []
        var subscribed = 0
    }

    private let state: Mutex<State>
    private let settled = PositionSignal()
    private let beforeSettling: @Sendable (_ number: Int, [CloudEvent]) async throws -> Void

    /// After the last batch it waits for ever. `beforeSettling` gets the number of the call, counted from 1.
    init(
        _ batches: [Result<[ReceivedEvent], ControlPlaneError>],
        beforeSettling: @escaping @Sendable (_ number: Int, [CloudEvent]) async throws -> Void = { _, _ in }
    ) {
        state = Mutex(State(batches: batches))
        self.beforeSettling = beforeSettling
    }

    /// Every call that was made, also those that failed.
    var settlings: [Settling] { state.withLock { $0.settlings } }
    var subscribed: Int { state.withLock { $0.subscribed } }

    func waitForSettlings(_ count: Int) async throws { try await settled.wait(for: Position(Int64(count))) }

    func subscribe(_ interest: Interest) async throws -> any EventSubscription {
        state.withLock { $0.subscribed += 1 }
        return self
    }

    func receive(upTo count: Int) async throws -> [ReceivedEvent] {
        let next = state.withLock { $0.batches.isEmpty ? nil : $0.batches.removeFirst() }
        guard let next else {
            try await Gate().pass()
            return []
        }
        return try next.get()
    }

    func settle(_ positions: [Int64], sending events: [CloudEvent]) async throws {
        let number = state.withLock { state in
            state.settlings.append(Settling(positions: positions, events: events.map(Self.name)))
            return state.settlings.count
        }
        defer { settled.advance(to: Position(Int64(number))) }
        try await beforeSettling(number, events)
    }

    func send(_ events: [CloudEvent]) async throws {}
    func answer(to triggeredID: String, type: String, context: String) async throws -> CloudEvent? { nil }
    func file(_ path: String, of scope: Scope, commit: String?) async throws -> [UInt8]? { nil }
    func secret(_ name: String) async throws -> [String: String]? { nil }

    /// `finished t1`
    private static func name(_ event: CloudEvent) -> String {
        "\(event.type.split(separator: ".").last ?? "") \(event["triggeredid"] ?? "")"
    }
}
