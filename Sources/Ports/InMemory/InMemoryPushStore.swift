package import Core
import Synchronization

/// Push subscriptions in memory, for tests.
package final class InMemoryPushStore: PushStore {
    private struct Failure {
        var failure: FailedDelivery
        var isToReplay = false
    }

    private struct State {
        var subscriptions: [String: PushSubscription] = [:]
        var failures: [String: [Position: Failure]] = [:]

        func sorted(_ name: String?) -> [Failure] {
            failures.filter { name == nil || $0.key == name }.flatMap(\.value.values).sorted {
                ($0.failure.recorded.position, $0.failure.subscription)
                    < ($1.failure.recorded.position, $1.failure.subscription)
            }
        }
    }

    private let state = Mutex(State())

    package init() {}

    package func pushSubscriptions() async throws -> [PushSubscription] {
        state.withLock { $0.subscriptions.values.sorted { $0.name < $1.name } }
    }

    package func save(_ subscription: PushSubscription) async throws {
        state.withLock { $0.subscriptions[subscription.name] = subscription }
    }

    package func deletePushSubscription(_ name: String) async throws -> Bool {
        state.withLock { state in
            state.failures[name] = nil
            return state.subscriptions.removeValue(forKey: name) != nil
        }
    }

    package func save(_ failure: FailedDelivery) async throws {
        state.withLock { state in
            guard state.subscriptions[failure.subscription] != nil else { return }
            state.failures[failure.subscription, default: [:]][failure.recorded.position] = Failure(failure: failure)
        }
    }

    package func deleteFailure(of name: String, at position: Position) async throws -> Bool {
        state.withLock { $0.failures[name]?.removeValue(forKey: position) != nil }
    }

    package func failures(of name: String?, offset: Int, limit: Int) async throws -> FailurePage {
        let all = state.withLock { $0.sorted(name) }.map(\.failure)
        return FailurePage(failures: Array(all.dropFirst(offset).prefix(limit)), total: all.count)
    }

    package func failureCounts() async throws -> [String: Int] {
        state.withLock { $0.failures.mapValues(\.count).filter { $0.value > 0 } }
    }

    package func requestReplay(of name: String, _ positions: [Position]?) async throws -> Int {
        state.withLock { state in
            let all = state.failures[name] ?? [:]
            let wanted = positions.map { Set($0).intersection(all.keys) } ?? Set(all.keys)
            for position in wanted { state.failures[name]?[position]?.isToReplay = true }
            return wanted.count
        }
    }

    package func failuresToReplay(of name: String, limit: Int) async throws -> [FailedDelivery] {
        Array(state.withLock { $0.sorted(name) }.filter(\.isToReplay).map(\.failure).prefix(limit))
    }
}
