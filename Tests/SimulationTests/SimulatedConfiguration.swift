import KeptnModel
import Ports
import Synchronization

/// A project's shipyard that may change, and break, at any time.
final class SimulatedConfiguration: Configuration {
    private struct State {
        var shipyard: Shipyard
        var isBroken = false
        var commits = 1
    }

    private let state: Mutex<State>

    init(_ shipyard: Shipyard) { state = Mutex(State(shipyard: shipyard)) }

    var shipyard: Shipyard { state.withLock(\.shipyard) }

    func change(to shipyard: Shipyard) {
        state.withLock {
            $0.shipyard = shipyard
            $0.commits += 1
        }
    }

    func setBroken(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }

    func file(_ path: String, at place: ConfigurationPlace, commit: String?) async throws -> ConfigurationFile? { nil }

    func head(of place: ConfigurationPlace) async throws -> String { "commit-\(state.withLock(\.commits))" }

    func services(project: String, stage: String) async throws -> [ServiceEntry] { [] }

    func shipyard(of project: String, commit: String?) async throws -> (shipyard: Shipyard, commit: String) {
        try state.withLock { state in
            if state.isBroken { throw KeptnError(.invalidInput, "shipyard.yaml:1:1: broken") }
            return (state.shipyard, "commit-\(state.commits)")
        }
    }
}
