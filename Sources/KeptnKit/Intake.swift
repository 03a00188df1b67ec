import Ports
import ServiceLifecycle

/// Receives what a subscription brings until a graceful shutdown or cancellation.
struct Intake: Sendable {
    let controlPlane: any ControlPlane
    let interest: Interest
    let retry: Retry

    /// Throws `ControlPlaneError` when it is no use to go on: somebody else opened the subscription, or Keptn does not
    /// accept it.
    func run(
        _ take: (_ events: [ReceivedEvent], _ subscription: any EventSubscription) async throws -> Void
    ) async throws {
        do {
            while !Task.isShuttingDownGracefully {
                let subscription = try await unlessShutDown {
                    try await retry.untilAvailable("subscribing") { try await controlPlane.subscribe(interest) }
                }
                try await receive(from: subscription, take)
            }
        } catch {
            if Task.isCancelled || Task.isShuttingDownGracefully { return }
            throw error
        }
    }

    /// Returns when the subscription has to be opened again.
    private func receive(
        from subscription: any EventSubscription,
        _ take: (_ events: [ReceivedEvent], _ subscription: any EventSubscription) async throws -> Void
    ) async throws {
        while true {
            do {
                let events = try await unlessShutDown { try await subscription.receive(upTo: interest.window) }
                try await take(events, subscription)
            } catch let error as ControlPlaneError where error.kind != .unavailable {
                throw error
            } catch {
                if Task.isCancelled || Task.isShuttingDownGracefully { throw error }
                retry.logger.warning(
                    "the subscription broke, opening it again",
                    metadata: ["keptn.subscription": "\(interest.name)", "error.message": "\(error)"])
                try await unlessShutDown {
                    try await retry.time.sleep(for: retry.backoff.delay(attempt: 1, random: retry.random()))
                }
                return
            }
        }
    }

    private func unlessShutDown<Value: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await cancelWhenGracefulShutdown(operation)
    }
}
